import type { Check } from '../../model/check.ts';
import type { PreflightContext } from './context.ts';
import { inspectDocument } from './document.ts';
import { failed, notConfigured, passed } from './finding.ts';

/** Blocks when a document is named and says nothing; without one it is skipped, which `gates.require` turns into a stop. */
export const rollbackPlanCheck: Check<PreflightContext> = {
  id: 'rollback-plan',
  title: 'Rollback plan is written down',
  category: 'rollback',
  blocking: true,
  run: async (context, signal) => {
    const path = context.environment.rollback.document;
    if (path === undefined) return notConfigured(context, 'rollback: { document: docs/rollback.md }');
    const facts = await inspectDocument(context, path, signal);
    if (facts.state !== 'present')
      return failed(facts.reason, `Write down how to go back, by hand too, in ${path}.`, { document: path });
    return passed(`${path} is there`, {
      document: path,
      characters: facts.characters,
      changed: new Date(facts.changedAtMs).toISOString(),
    });
  },
};
