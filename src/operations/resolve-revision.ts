import { isLocal } from '../model/config/target.ts';
import { DeployError } from '../model/deploy-error.ts';
import { nearestName } from '../model/operation-input.ts';
import type { Revision } from '../model/revision.ts';
import { sha256Hex } from '../system/canonical-json.ts';
import { fileExists, readTextFile, resolveInside, sha256OfFile } from '../system/files.ts';
import type { Place } from './place.ts';

/** What a version stands for, resolved to what cannot move: a commit, or a folder. Throws VERSION_INVALID, VERSION_UNKNOWN, ARTIFACT_*. */
export async function resolveRevision(place: Place, version: string): Promise<Revision> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/.test(version) || version.includes('..'))
    throw new DeployError('VERSION_INVALID', { version });
  const { repository, directory } = place.project;
  const ref = place.spec.revision.ref.replaceAll('{version}', version);
  const commit = (await repository?.resolveCommit(ref)) ?? null;
  const { target } = place.spec;
  const folder = isLocal(target) ? (target.directory?.replaceAll('{version}', version) ?? null) : null;
  if (commit === null) {
    if (folder === null && repository === null) throw new DeployError('NOT_A_REPOSITORY', { directory });
    if (folder === null || !(await fileExists(`${directory}/${folder}`)))
      throw await unknownVersion(place, version, ref);
  }
  const artifact = await resolveArtifact(place, version);
  const identity = commit ?? sha256Hex(JSON.stringify([folder, artifact?.sha256 ?? null]));
  return { id: `${version}-${identity.slice(0, 12)}`, version, commit, ref: commit === null ? null : ref, artifact };
}

/** Versions that have a tag or branch of the form that an environment expects, such as `v{version}`. Pure. */
export function taggedVersions(refs: readonly string[], form: string): string[] {
  const [before = '', after = ''] = form.split('{version}');
  return refs
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .map((name) => name.slice(before.length, name.length - after.length))
    .filter((name) => /^\d/.test(name));
}

async function unknownVersion(place: Place, version: string, ref: string): Promise<DeployError> {
  const template = place.spec.revision.ref;
  const versions = taggedVersions((await place.project.repository?.refNames()) ?? [], template);
  const near = nearestName(version, versions);
  const known = versions.slice(-8).join(', ');
  const nearest =
    versions.length === 0
      ? `No ref has the form ${template}. Tag the commit: git tag ${ref}`
      : near === null
        ? `Known: ${known}. A new one is tagged with: git tag ${ref}`
        : `Did you mean ${near}? Known: ${known}.`;
  return new DeployError('VERSION_UNKNOWN', { version, ref, nearest });
}

async function resolveArtifact(place: Place, version: string): Promise<Revision['artifact']> {
  const spec = place.spec.revision.artifact;
  if (spec === undefined) return null;
  const path = spec.path.replaceAll('{version}', version);
  const root = place.project.directory;
  const real = await resolveInside(root, path);
  if (!(await fileExists(real))) throw new DeployError('ARTIFACT_MISSING', { path });
  const named = spec.sha256.replaceAll('{version}', version);
  const expected = /^[0-9a-f]{64}$/i.test(named)
    ? named.toLowerCase()
    : (((await readTextFile(await resolveInside(root, named))) ?? '').trim().split(/\s+/)[0]?.toLowerCase() ?? '');
  const actual = await sha256OfFile(real);
  if (actual !== expected)
    throw new DeployError('ARTIFACT_MISMATCH', {
      path,
      actual,
      expected: expected === '' ? `none (${named} is missing or empty)` : expected,
    });
  return { path, sha256: actual };
}
