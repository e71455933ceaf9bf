import type { CommandTargetSpec } from '../../model/config/target.ts';
import type { Target, TargetLack, TrafficControl } from '../../model/target.ts';
import { CommandDriver, type CommandDriverOptions } from './command-driver.ts';
import { lacking } from './lacking.ts';

/** Names the place by its configured name, or by its address. Pure. */
export function commandTargetIdentity(url: string, name: string | undefined): string {
  return `command:${name ?? new URL(url).host}`;
}

/** Any platform, by programs of the user. What there is no program for, the target cannot do; planning is told so. */
export function createCommandTarget(options: CommandDriverOptions): Target {
  const { spec, url } = options;
  const { set_weight: setWeight, cutover } = spec.commands;
  const driver = new CommandDriver(options);
  const { name, tells } = spec.revisionHeader;
  const target: Target = {
    kind: 'command',
    identity: commandTargetIdentity(url, spec.name),
    url,
    revisionHeader: name.toLowerCase(),
    ...(tells === 'revisionId' ? {} : { revisionHeaderTells: tells }),
    lacks: lacksOf(spec),
    inspect: async (signal) => (await driver.observe(signal)).state,
    provision: (request, act) => driver.provision(request, act),
    promote: async ({ revision, standbyMs }, act) => {
      if (standbyMs > 0) throw lacking('keep a standby and retire it by itself', 'Set strategy.standby to 0s.');
      await driver.promote(revision, act);
    },
    retire: (request, act) => driver.retire(request, act),
    candidateUrl: async (revisionId, signal) => (await driver.observe(signal)).urls.get(revisionId) ?? null,
  };
  if (setWeight === undefined && cutover === undefined) return target;
  const traffic: TrafficControl = {
    ...(setWeight === undefined ? { wholeOnly: true } : {}),
    setWeight: (request, act) => driver.setWeight(request, act),
    drain: (request, act) => driver.drain(request, act),
  };
  return { ...target, traffic };
}

function lacksOf({ commands }: CommandTargetSpec): TargetLack[] {
  const optional = ['provision', 'promote', 'drain', 'retire'] as const;
  return [...optional.filter((name) => commands[name] === undefined), 'standby'];
}
