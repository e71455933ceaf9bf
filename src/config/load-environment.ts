import type { Config, EnvironmentSpec } from '../model/config/environment.ts';
import { DeployError } from '../model/deploy-error.ts';
import { nearestName } from './nearest-name.ts';

/**
 * The environment named, else `production`, else the only one there is.
 * Throws ENVIRONMENT_UNKNOWN, which lists what there is. Pure.
 */
export function loadEnvironment(config: Config, name?: string): { name: string; spec: EnvironmentSpec } {
  const names = Object.keys(config.environments);
  const wanted = name ?? defaultName(names);
  const spec = Object.hasOwn(config.environments, wanted) ? config.environments[wanted] : undefined;
  if (spec !== undefined) return { name: wanted, spec };
  const nearest = nearestName(wanted, names);
  const known = `${names.join(', ')}${name !== undefined && nearest !== null ? ` (did you mean "${nearest}"?)` : ''}`;
  throw new DeployError('ENVIRONMENT_UNKNOWN', { environment: wanted, known });
}

function defaultName(names: readonly string[]): string {
  const [only] = names;
  return names.length === 1 && only !== undefined ? only : 'production';
}
