import { reviewRule } from '../model/config/after-run.ts';
import type { EnvironmentSpec } from '../model/config/environment.ts';
import { canonicalJson, sha256Hex } from '../system/canonical-json.ts';
import { approvalRule } from './approval-rule.ts';

/** SHA-256 (hex) of an environment with its defaults: equal when two files mean the same. Pure. */
export function configHash(spec: EnvironmentSpec): string {
  return sha256Hex(canonicalJson(spec));
}

/**
 * SHA-256 (hex) of the rules that guard an environment (gates, effective approval, freeze, review), by themselves, so
 * that a plan can say that it was these that changed. Pure.
 */
export function policyHash(name: string, spec: EnvironmentSpec, enrolled: boolean): string {
  const { from: _from, note: _note, ...approval } = approvalRule(name, spec, enrolled);
  const review = reviewRule(spec.review).next;
  return sha256Hex(canonicalJson({ gates: spec.gates, approval, freeze: spec.freeze, review }));
}
