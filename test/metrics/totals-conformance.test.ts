import { createTotalsSource } from '../../src/metrics/totals-source.ts';
import type { RevisionTotals } from '../../src/model/target.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { describeMetricSource } from '../conformance/metric-source.ts';
import { createCountingProducer } from './counting-producer.ts';

const slowMs = 300;

describeMetricSource('proxy, where another program counts', async ({ arms }) => {
  const producer = createCountingProducer({ arms, slowMs });
  let broken = false;
  let contacts = 0;
  const source = createTotalsSource({
    totals: {
      read: async () => {
        contacts += 1;
        if (broken) throw new Error('nobody listens there');
        const told = new Map<string, RevisionTotals>();
        for (const arm of ['baseline', 'canary'] as const) {
          const [revisionId, counted] = [arms[arm], producer.totals(arm)];
          if (revisionId !== null && counted !== null)
            told.set(revisionId, { epoch: '1', requests: counted.requests, failures: counted.failures });
        }
        return told;
      },
    },
    revisions: arms,
    clock: createSystemClock(),
    requestTimeoutMs: 1500,
  });
  return {
    source,
    stratum: 'user',
    requestTimeoutMs: 1500,
    slowMs,
    behave: producer.behave,
    break: async () => {
      broken = true;
    },
    repair: async () => {
      broken = false;
    },
    contacts: () => contacts,
    close: async () => producer.close(),
  };
});
