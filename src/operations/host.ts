import { z } from 'zod';
import { hostDown, hostStatus, hostUp } from '../local-host/host-control.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField } from './inputs.ts';
import { openPlace } from './place.ts';
import { openProjectOrLast } from './project.ts';
import { activeRunOf, runActive } from './project-memory.ts';
import { wakeWatchdog } from './wake-watchdog.ts';

export const host = defineOperation({
  name: 'host',
  title: 'The local host of an environment',
  description: 'up: starts the proxy and the recorded instances again. down: drains and stops everything. status.',
  tool: false,
  effects: 'changes',
  input: z.object({ action: z.enum(['up', 'down', 'status']).default('status'), environment: environmentField }),
  cli: {
    command: 'host',
    positional: ['action'],
    examples: ['seatrial host status', 'seatrial host up', 'seatrial host down --environment staging'],
  },
  run: async (input, { projectDirectory, signal }) => {
    const place = openPlace(await openProjectOrLast(projectDirectory), input.environment);
    if (input.action === 'down') {
      const active = await activeRunOf(place);
      if (active !== null) throw runActive(active);
      await hostDown(place.target, signal);
    }
    if (input.action === 'up') {
      await hostUp(place.target, signal);
      await wakeWatchdog(place);
    }
    const status = await hostStatus(place.target, signal);
    return { data: status, text: renderHost(place.name, status) };
  },
});

function renderHost(environment: string, status: Awaited<ReturnType<typeof hostStatus>>): string {
  const { up, known, pid, listen, state } = status;
  const where =
    listen === null ? 'looking after instances that users reach by another program' : `serving at ${listen}`;
  const head = up
    ? `The host of ${environment} is up (pid ${pid}), ${where}.`
    : !known
      ? `${environment} has no host yet; the first ship starts one.`
      : `The host of ${environment} is down; it was ${where}. Start it: seatrial host up`;
  const lines = state.revisions.map((placed) => {
    const instances = placed.instances
      .map((instance) => `${instance.state}${instance.pid === null ? '' : ` (pid ${instance.pid})`}`)
      .join(', ');
    const retire = placed.retireAtMs === null ? '' : `, retired at ${new Date(placed.retireAtMs).toISOString()}`;
    return `  ${placed.role} ${placed.revision.version}: ${placed.weightPercent} %, ${placed.inFlight} requests open, instances: ${instances || 'none'}${retire}`;
  });
  return [head, ...lines].join('\n');
}
