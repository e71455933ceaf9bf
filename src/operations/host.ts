import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';
import { defineOperation } from './define-operation.ts';
import { environmentField } from './inputs.ts';
import { openPlace } from './place.ts';
import { openProject } from './project.ts';
import { activeRunOf } from './project-memory.ts';
import { hostDown, hostStatus, hostUp } from '../targets/process/host-control.ts';

export const host = defineOperation({
  name: 'host',
  title: 'The local host of an environment',
  description: 'up: starts the proxy and the recorded instances again. down: drains and stops everything. status.',
  tool: false,
  effects: 'changes',
  input: z.object({ action: z.enum(['up', 'down', 'status']).default('status'), environment: environmentField }),
  cli: { command: 'host', positional: ['action'], examples: ['seatrial host status', 'seatrial host up', 'seatrial host down --environment staging'] },
  run: async (input, { projectDirectory, signal }) => {
    const place = openPlace(await openProject(projectDirectory), input.environment);
    if (input.action === 'down') {
      const active = await activeRunOf(place);
      if (active !== null) throw new DeployError('RUN_ACTIVE', { runId: active.runId, pid: active.pid, since: new Date(active.sinceMs).toISOString() });
      await hostDown(place.target, signal);
    }
    if (input.action === 'up') await hostUp(place.target, signal);
    return hostStatus(place.target, signal);
  },
});
