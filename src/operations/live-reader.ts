import { probeHeader } from '../model/traffic.ts';
import { httpRequest } from '../system/http.ts';
import type { Place } from './place.ts';

/**
 * Asks the traffic path once as a new user would and tells which revision answered; null when no answer told one.
 * An answer whose own version header differs from `expectedVersion` is told apart from the revision that it claims to be.
 */
export function createLiveReader(
  place: Place,
  versionOf: (revisionId: string) => string | null,
): (signal: AbortSignal) => Promise<string | null> {
  const { target, spec } = place;
  const url = new URL(spec.target.health.path, spec.url).href;
  return async (signal) => {
    if (target.revisionHeader === null) return null;
    try {
      const answer = await httpRequest({ url, timeoutMs: 3000, signal, headers: { [probeHeader]: '1' } });
      const revisionId = answer.headers[target.revisionHeader] ?? null;
      if (revisionId === null) return null;
      const said =
        spec.revision.versionHeader === undefined
          ? undefined
          : answer.headers[spec.revision.versionHeader.toLowerCase()];
      const expected = versionOf(revisionId);
      return said !== undefined && expected !== null && said !== expected
        ? `${revisionId} answering as ${said.slice(0, 64)}`
        : revisionId;
    } catch {
      return null;
    }
  };
}
