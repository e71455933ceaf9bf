import { z } from 'zod';
import { type EmergencyStop, endStop, listStops } from '../../journal/emergency-stop.ts';
import { sha256Hex } from '../../system/canonical-json.ts';
import { defineOperation } from '../define-operation.ts';
import { environmentField } from '../inputs.ts';
import { assertPersonAtTerminal } from '../person-at-terminal.ts';
import { locateProject } from '../project.ts';
import { shortCodeOf } from '../short-code.ts';
import { renderStop } from './stop-error.ts';

export const thaw = defineOperation({
  name: 'thaw',
  title: 'End an emergency stop',
  description: 'Shows what was stopped, by whom and why; a person at a terminal types a code, and deployments go on.',
  tool: false,
  effects: 'person',
  input: z.object({
    environment: environmentField.describe('Only stops of this environment; default: all stops'),
    show: z.boolean().default(false).describe('Only print what is stopped'),
    code: z.string().max(16).optional().describe('The code that was shown; asked for at a terminal when left out'),
  }),
  cli: {
    command: 'thaw',
    positional: [],
    examples: ['seatrial thaw', 'seatrial thaw --env staging', 'seatrial thaw --show'],
  },
  run: async ({ environment, show, code: typed }, { projectDirectory, caller, clock }) => {
    const { state } = await locateProject(projectDirectory);
    const now = clock.now();
    const all = await listStops(state, now);
    const stops = environment === undefined ? all : all.filter((stop) => stop.environment === environment);
    const rest = renderRest(all.filter((stop) => !stops.includes(stop)));
    if (stops.length === 0)
      return {
        data: { code: null, stops: [], left: all.length },
        text: ['Nothing is stopped here.', ...rest].join('\n'),
      };
    const code = codeOf(stops);
    const lines = stops.map(renderStop);
    if (show) return { data: { code, stops, left: all.length - stops.length }, text: [...lines, ...rest].join('\n') };
    const what = 'end an emergency stop';
    assertPersonAtTerminal(caller, { what, code, typed, command: 'seatrial thaw' });
    for (const stop of stops) await endStop(state, stop, { by: caller.name, atMs: now });
    return {
      data: { code: null, stops: [], ended: stops, left: all.length - stops.length },
      text: [...lines.map((line) => `Ended: ${line}`), ...rest, 'Runs that were held for it go on.'].join('\n'),
    };
  },
});

function codeOf(stops: readonly EmergencyStop[]): string {
  return shortCodeOf(sha256Hex(stops.map(({ id }) => id).join(' ')));
}

function renderRest(others: readonly EmergencyStop[]): string[] {
  return others.map((stop) => `Still stopped: ${renderStop(stop)}`);
}
