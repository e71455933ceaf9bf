import { describe, expect, it } from 'vitest';
import { asymptoticHalfWidth } from '../../src/analysis/asymptotic-interval.ts';

describe('asymptotic interval', () => {
  it("agrees with GrowthBook's published test vectors", () => {
    // growthbook/growthbook packages/stats/tests/frequentist/test_tests.py, TestSequentialTTest.test_sequential_test_runs:
    // expected 0.50336, uplift stddev 0.33341, n 3000 + 3461, sequential_tuning_parameter 1000, ci (-0.55844, 1.56516).
    const half = asymptoticHalfWidth({ standardError: 0.33341, samples: 6461 }, 0.05, 1000);
    expect(Math.abs(0.50336 - half - -0.55844)).toBeLessThan(2e-5);
    expect(Math.abs(0.50336 + half - 1.56516)).toBeLessThan(2e-5);
    // test_sequential_test_runs_prop: 0.50386, stddev 0.03386, default tuning 5000, ci (0.40098, 0.60675).
    const proportion = asymptoticHalfWidth({ standardError: 0.03386, samples: 6461 }, 0.05);
    expect(Math.abs(0.50386 - proportion - 0.40098)).toBeLessThan(4e-5);
    expect(Math.abs(0.50386 + proportion - 0.60675)).toBeLessThan(4e-5);
    // test_sequential_test_runs_ra: 0.50236, stddev 0.3093, default tuning 5000, ci (-0.43745, 1.44217).
    const adjusted = asymptoticHalfWidth({ standardError: 0.3093, samples: 6461 }, 0.05);
    expect(Math.abs(0.50236 - adjusted - -0.43745)).toBeLessThan(2e-4);
    expect(Math.abs(0.50236 + adjusted - 1.44217)).toBeLessThan(2e-4);
  });

  it('is wider than an interval for one look, least so near what it is tuned for', () => {
    const looks = (samples: number): number => asymptoticHalfWidth({ standardError: 1, samples }, 0.05, 5000) / 1.96;
    expect(looks(5000)).toBeGreaterThan(1);
    expect(looks(100)).toBeGreaterThan(looks(5000));
    expect(looks(1_000_000)).toBeGreaterThan(looks(5000));
    // test_sequential_test_tuning_as_expected: tuned for 6,461 beats tuned for 10,000 beats tuned for 10.
    const tuned = [6461, 10_000, 10].map((size) =>
      asymptoticHalfWidth({ standardError: 1, samples: 6461 }, 0.05, size),
    );
    expect(tuned).toEqual([...tuned].sort((a, b) => a - b));
  });
});
