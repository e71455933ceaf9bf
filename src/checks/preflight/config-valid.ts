import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { failed, passed } from './finding.ts';

/** The config was parsed before any check runs; here is what a schema cannot see. `knownIds` are the ids of all checks. */
export function createConfigValidCheck(knownIds: () => readonly string[]): Check<PreflightContext> {
  return {
    id: 'config-valid',
    title: 'Configuration is valid',
    category: 'config',
    blocking: true,
    run: async ({ environment, environmentName, strategyKind }) => {
      const known = knownIds();
      const unknownIds = environment.gates.require.filter((id) => !known.includes(id));
      if (unknownIds.length > 0) {
        const remedy = `Use ids of checks in environments.${environmentName}.gates.require: ${known.join(', ')}.`;
        return failed(`gates.require names no check: ${unknownIds.join(', ')}`, remedy);
      }
      const names = environment.smoke.map((smoke) => smoke.name);
      const doubled = names.find((name, index) => names.indexOf(name) !== index);
      if (doubled !== undefined) {
        return failed(`two smoke checks are named "${doubled}"`, 'Give each smoke check a name of its own.');
      }
      return passed(`environment ${environmentName}, strategy ${strategyKind}`, {
        environment: environmentName,
        target: environment.target.kind,
        strategy: strategyKind,
        smokeChecks: environment.smoke.length,
      });
    },
  };
}
