import { type AuthorityEntry, authorityOf, fileNamesIn } from '../../config/authority.ts';
import type { Config } from '../../model/config/environment.ts';
import { canonicalJson, sha256Hex } from '../../system/canonical-json.ts';
import { hashNamedFiles, type NamedFile } from '../../system/hash-named-files.ts';

/** What a project's configuration may do, with the content of the files that it names. */
export type Authority = {
  entries: AuthorityEntry[];
  files: NamedFile[];
  /** SHA-256 (hex): the same for the same folder, settings and contents. */
  fingerprint: string;
};

/** Reads the configuration's authority as it is now; only hashes files, runs and contacts nothing. */
export async function readAuthority({ config, directory }: { config: Config; directory: string }): Promise<Authority> {
  const settings = authorityOf(config);
  const files = await hashNamedFiles(directory, fileNamesIn(settings));
  const contents = files.map(
    ({ path, sha256 }): AuthorityEntry => ({
      kind: 'files',
      at: `content of ${path}`,
      value: canonicalJson(`sha256 ${sha256}`),
    }),
  );
  const entries = [...settings, ...contents];
  return { entries, files, fingerprint: sha256Hex(canonicalJson({ directory, entries })) };
}
