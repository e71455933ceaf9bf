import { type AuthorityChange, diffAuthority } from '../../config/authority-text.ts';
import { visibleText } from '../../config/visible-text.ts';
import { loadTrust, type TrustRecord } from '../../journal/trust-store.ts';
import type { Config } from '../../model/config/environment.ts';
import { DeployError } from '../../model/deploy-error.ts';
import { type Authority, readAuthority } from './read-authority.ts';

/** What trust is asked of. */
export type Trustee = { config: Config; directory: string; stateRoot: string };

/** How a project stands: what it may do now, and what a person has trusted of it. */
export type TrustStanding = {
  authority: Authority;
  /** Null when nothing was ever trusted in this folder. */
  record: TrustRecord | null;
  /** What differs from what was trusted; empty when it is trusted as it is, or never was. */
  changes: AuthorityChange[];
  trusted: boolean;
};

/** Compares what a project may do with what was trusted. Runs and contacts nothing. */
export async function trustStanding(project: Trustee): Promise<TrustStanding> {
  const authority = await readAuthority(project);
  const record = await loadTrust(project.stateRoot, project.directory);
  const trusted = record?.fingerprint === authority.fingerprint;
  const changes = record === null || trusted ? [] : diffAuthority(record.entries, authority.entries);
  return { authority, record, changes, trusted };
}

/** Throws NOT_TRUSTED unless a person has trusted exactly what the project may do now; else the record of that. */
export async function assertTrusted(project: Trustee): Promise<TrustRecord> {
  const standing = await trustStanding(project);
  if (standing.trusted && standing.record !== null) return standing.record;
  throw notTrusted(project.directory, standing);
}

const mostNamed = 3;

function notTrusted(directory: string, { record, changes }: TrustStanding): DeployError {
  const named = changes.slice(0, mostNamed).map(({ at }) => visibleText(at));
  const more = changes.length > mostNamed ? ` and ${changes.length - mostNamed} more` : '';
  const reason =
    record === null
      ? 'nobody has trusted what its seatrial.yaml lets it run and contact'
      : `since ${record.by} trusted it, this changed: ${named.join(', ')}${more}`;
  return new DeployError('NOT_TRUSTED', { directory, reason });
}
