import type { Config } from '../model/config/environment.ts';

/** Names of all variables that a config hands on or reads: under any `pass`, and those that `headersFromEnv` names. Sorted. Pure. */
export function passedVariables(config: Config): string[] {
  const names = new Set<string>();
  collect(config, names);
  return [...names].sort();
}

function collect(value: unknown, names: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'pass' && Array.isArray(inner)) addTexts(inner, names);
    else if (key === 'headersFromEnv' && typeof inner === 'object' && inner !== null)
      addTexts(Object.values(inner), names);
    else collect(inner, names);
  }
}

function addTexts(values: readonly unknown[], names: Set<string>): void {
  for (const value of values) if (typeof value === 'string') names.add(value);
}
