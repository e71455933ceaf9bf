import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCommandSource } from '../../src/metrics/command-source.ts';
import { createSystemClock } from '../../src/system/clock.ts';
import { describeMetricSource } from '../conformance/metric-source.ts';
import { createCountingProducer, toldTotals } from './counting-producer.ts';

const slowMs = 300;
const script = 'echo call >> calls; if [ -e broken ]; then echo no database >&2; exit 3; fi; cat totals.json';

describeMetricSource('command', async ({ arms }) => {
  const directory = mkdtempSync(join(tmpdir(), 'seatrial-command-'));
  const producer = createCountingProducer({ arms, slowMs });
  const write = (): void => {
    const told = { baseline: toldTotals(producer.totals('baseline')), canary: toldTotals(producer.totals('canary')) };
    writeFileSync(join(directory, 'next.json'), JSON.stringify({ arms: told }));
    renameSync(join(directory, 'next.json'), join(directory, 'totals.json'));
  };
  write();
  const timer = setInterval(write, 20);
  const source = createCommandSource({
    argv: ['sh', '-c', script],
    calls: 'both',
    everyMs: 1000,
    timeoutMs: 1000,
    settleMs: 500,
    pass: [],
    directory,
    countsRequests: true,
    latency: true,
    events: ['orders'],
    revisions: {
      baseline: arms.baseline === null ? null : { version: '1.0.0', revisionId: arms.baseline },
      canary: arms.canary === null ? null : { version: '2.0.0', revisionId: arms.canary },
    },
    clock: createSystemClock(),
  });
  return {
    source,
    stratum: 'user',
    requestTimeoutMs: 1500,
    slowMs,
    slowAboveMs: 250,
    behave: producer.behave,
    break: async () => writeFileSync(join(directory, 'broken'), ''),
    repair: async () => rmSync(join(directory, 'broken'), { force: true }),
    contacts: () => (existsSync(join(directory, 'calls')) ? readFileSync(join(directory, 'calls'), 'utf8').length : 0),
    close: async () => {
      clearInterval(timer);
      producer.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
