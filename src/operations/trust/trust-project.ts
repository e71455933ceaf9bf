import { saveTrust, type TrustRecord } from '../../journal/trust-store.ts';
import type { Trustee } from './assert-trusted.ts';
import { readAuthority } from './read-authority.ts';

/**
 * Writes down that somebody trusts what the project may do at this moment: the settings and the contents of the files that they name.
 * `own-project` is for programs that have made the project themselves, such as the demonstration and tests. `fingerprint`: of what the
 * person was shown; null is returned, and nothing written, when it is something else by now.
 */
export async function trustProject(
  project: Trustee,
  { by, how, atMs, fingerprint }: Pick<TrustRecord, 'by' | 'how' | 'atMs'> & { fingerprint: string | null },
): Promise<TrustRecord | null> {
  const authority = await readAuthority(project);
  if (fingerprint !== null && fingerprint !== authority.fingerprint) return null;
  const { entries } = authority;
  const record: TrustRecord = {
    v: 1,
    directory: project.directory,
    fingerprint: authority.fingerprint,
    entries,
    by,
    how,
    atMs,
  };
  await saveTrust(project.stateRoot, record);
  return record;
}
