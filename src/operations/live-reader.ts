import type { Revision } from '../model/revision.ts';
import type { Target } from '../model/target.ts';
import { probeHeader } from '../model/traffic.ts';
import { httpRequest } from '../system/http.ts';

/** What the reader needs of a place and its configuration. */
export type ReadablePlace = {
  target: Pick<Target, 'revisionHeader' | 'revisionHeaderTells'>;
  spec: { url: string; target: { health: { path: string } }; revision: { versionHeader?: string | undefined } };
};

/**
 * Asks the traffic path once as a new user would and tells which revision answered; null when no answer told one.
 * `revisions` are those that the run knows: a header may tell a version or a commit instead of an id, and what belongs to none
 * of them is told as it stands. An answer whose own version header differs from its revision's version is told apart from it.
 */
export function createLiveReader(
  place: ReadablePlace,
  revisions: readonly Revision[],
): (signal: AbortSignal) => Promise<string | null> {
  const { target, spec } = place;
  const url = new URL(spec.target.health.path, spec.url).href;
  return async (signal) => {
    if (target.revisionHeader === null) return null;
    try {
      const answer = await httpRequest({ url, timeoutMs: 3000, signal, headers: { [probeHeader]: '1' } });
      const told = answer.headers[target.revisionHeader] ?? null;
      if (told === null) return null;
      const by = target.revisionHeaderTells ?? 'id';
      const revision = revisions.find((one) => one[by] === told);
      const said =
        spec.revision.versionHeader === undefined
          ? undefined
          : answer.headers[spec.revision.versionHeader.toLowerCase()];
      const revisionId = revision?.id ?? told;
      return said !== undefined && revision !== undefined && said !== revision.version
        ? `${revisionId} answering as ${said.slice(0, 64)}`
        : revisionId;
    } catch {
      return null;
    }
  };
}
