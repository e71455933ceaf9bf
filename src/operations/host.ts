import { z } from 'zod';
import { type HostStatus, hostDown, hostStatus, hostUp } from '../local-host/host-control.ts';
import { hasHostPlace } from '../local-host/host-place.ts';
import type { TargetState } from '../model/target.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField } from './inputs.ts';
import { openPlace, type Place } from './place.ts';
import { openProjectOrLast } from './project.ts';
import { activeRunOf, runActive } from './project-memory.ts';
import { wakeWatchdog } from './wake-watchdog.ts';

export const host = defineOperation({
  name: 'host',
  title: 'The local host of an environment',
  description:
    'up: starts the proxy and the recorded instances again. down: drains and stops everything. status: what the target says, of whatever kind it is.',
  tool: false,
  effects: 'changes',
  input: z.object({ action: z.enum(['up', 'down', 'status']).default('status'), environment: environmentField }),
  cli: {
    command: 'host',
    positional: ['action'],
    examples: ['seatrial host status', 'seatrial host up', 'seatrial host down --environment staging'],
  },
  run: async (input, context) => {
    const { signal } = context;
    const place = openPlace(await openProjectOrLast(context), input.environment);
    if (input.action === 'down') {
      const active = await activeRunOf(place);
      if (active !== null) throw runActive(active);
      await hostDown(place.target, signal);
    }
    if (input.action === 'up') {
      await hostUp(place.target, signal);
      await wakeWatchdog(place);
    }
    return tellState(place, signal);
  },
});

async function tellState(place: Place, signal: AbortSignal): Promise<{ data: unknown; text: string }> {
  const { target, name } = place;
  if (!hasHostPlace(target)) {
    const state = await target.inspect(signal);
    const head = `${name} is a ${target.kind} target, without a local host. It says: ${state.up ? 'up' : 'down'}.`;
    return { data: { up: state.up, state }, text: [head, ...renderRevisions(state)].join('\n') };
  }
  const status = await hostStatus(target, signal);
  return { data: status, text: [renderHead(name, status), ...renderRevisions(status.state)].join('\n') };
}

function renderHead(environment: string, { up, known, pid, listen }: HostStatus): string {
  const where =
    listen === null ? 'looking after instances that users reach by another program' : `serving at ${listen}`;
  return up
    ? `The host of ${environment} is up (pid ${pid}), ${where}.`
    : !known
      ? `${environment} has no host yet; the first ship starts one.`
      : `The host of ${environment} is down; it was ${where}. Start it: seatrial host up`;
}

function renderRevisions({ revisions }: TargetState): string[] {
  return revisions.map((placed) => {
    const instances = placed.instances
      .map((instance) => `${instance.state}${instance.pid === null ? '' : ` (pid ${instance.pid})`}`)
      .join(', ');
    const retire = placed.retireAtMs === null ? '' : `, retired at ${new Date(placed.retireAtMs).toISOString()}`;
    return `  ${placed.role} ${placed.revision.version}: ${placed.weightPercent} %, ${placed.inFlight} requests open, instances: ${instances || 'none'}${retire}`;
  });
}
