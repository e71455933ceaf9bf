import type { JudgeSettings } from '../../src/model/verdict.ts';
import type { Scenario } from './scenario.ts';

/** One kind of run, to be repeated with many seeds. */
export type JudgedCell = {
  group: string;
  name: string;
  scenario: Scenario;
  settings: JudgeSettings;
  /** Metrics whose `fail` ends the run. */
  watch: readonly string[];
  /** Chance that the settings promise not to exceed; null where they promise nothing, which the table then says. */
  alpha: number | null;
  /** Length of the baseline's history that the scatter of failures is measured on before the run; null: none is known. */
  historyMs: number | null;
  /** How often verdicts are read at least; a multiple of the scenario's windows. */
  readEveryMs: number;
};
