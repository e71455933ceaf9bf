import { join } from 'node:path';
import { createHaproxyTarget } from '../../../src/targets/haproxy/haproxy-target.ts';
import { splitKey } from '../../../src/targets/haproxy/split-value.ts';
import type { ConformancePlace, MoveRequest, Refusal } from '../../conformance/target/conformance-place.ts';
import { describeTarget } from '../../conformance/target/describe-target.ts';
import { refusalOf } from '../../conformance/target/scene.ts';
import { deafHaproxy } from '../../fixtures/deaf-haproxy.ts';
import { deniedAsNobody } from '../../fixtures/denied-as-nobody.ts';
import { createHaproxyPlace, type HaproxyPlace } from '../../fixtures/haproxy-place.ts';
import { haproxyBinary, waitFor } from '../../fixtures/real-haproxy.ts';

const signal = new AbortController().signal;

async function createPlace(): Promise<ConformancePlace> {
  const place = await createHaproxyPlace({
    health: { interval: '100ms', timeout: '500ms', startup: '4s' },
    streamDrain: '8s',
  });
  const { haproxy } = place;
  const driver = {
    kind: 'haproxy' as const,
    spec: place.settings,
    url: haproxy.url,
    service: 'shop',
    projectDirectory: place.project,
    ownDirectory: place.hostDirectory,
    hostProgram: place.programFile,
  };
  return {
    ...place,
    driver,
    programs: [],
    atDrainDeadline: { cut: 2, websocket: 'ended' },
    faults: {
      hang: async () => {
        const pids = await haproxy.pids();
        for (const pid of pids) process.kill(pid, 'SIGSTOP');
        return async () => {
          for (const pid of pids) process.kill(pid, 'SIGCONT');
          // It first works off what had been asked meanwhile.
          await waitFor('HAProxy to answer', () => haproxy.api.info(signal).then(() => true));
        };
      },
      deaf: async () => {
        const [entry] = await haproxy.api.mapEntries(haproxy.settings.splitMap, signal);
        const path = join(haproxy.directory, 'deaf.sock');
        const engine = await deafHaproxy({ path, behind: haproxy.settings.statsSocket, split: entry?.value ?? '' });
        return { target: at(place, { socket: path }), close: () => engine.close() };
      },
      denied: async () => ({
        ...deniedAsNobody(driver),
        'a socket of level operator': (to) => provisionAt(at(place, { socket: haproxy.operatorSocket }), place, to),
      }),
      restart: () => haproxy.reload(),
      meddle: async (to) => {
        const entries = await haproxy.api.mapEntries(haproxy.settings.revisionsMap, signal);
        const { a, b } = haproxy.settings.backends;
        const servers = entries
          .filter(({ value }) => value === to.id)
          .map(({ key }) => key.split('/'))
          .filter(([backend]) => backend === a || backend === b);
        // Without servers that take users HAProxy would leave them where they are.
        for (const [backend = '', server = ''] of servers)
          await haproxy.api.setState({ backend, server }, 'ready', signal);
        const value = servers.some(([backend]) => backend === b) ? '10000:other' : '0:other';
        await haproxy.api.setMapValue(haproxy.settings.splitMap, { key: splitKey, value }, signal);
      },
    },
  };
}

function at(place: HaproxyPlace, changes: Partial<HaproxyPlace['options']['spec']>): HaproxyPlace['target'] {
  return createHaproxyTarget({ ...place.options, spec: { ...place.options.spec, ...changes } });
}

/** The first users ask for a change of servers, which is more than a level of operator allows. */
function provisionAt(
  target: HaproxyPlace['target'],
  place: HaproxyPlace,
  { revision, weightPercent, fence }: MoveRequest,
): Promise<Refusal> {
  const act = place.act({ fence });
  return refusalOf(target.traffic?.setWeight({ revisionId: revision.id, weightPercent }, act) ?? Promise.resolve());
}

if (haproxyBinary === undefined)
  console.warn('SKIPPED test/engines/conformance/haproxy.test.ts: haproxy is not installed (apt-get install haproxy)');
else describeTarget('haproxy', createPlace);
