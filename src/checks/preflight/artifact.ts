import type { Check } from '../../model/check.ts';
import { toDeployError } from '../../model/deploy-error.ts';
import { fileExists, resolveInside, sha256OfFile } from '../../system/files.ts';
import type { PreflightContext } from './context.ts';
import { failed, failedBy, notConfigured, passed, unknown } from './finding.ts';

/** Blocks when it is configured: the file is hashed anew, whatever the resolution of the version found before. */
export const artifactCheck: Check<PreflightContext> = {
  id: 'artifact',
  title: 'Artifact exists and has its checksum',
  category: 'artifact',
  blocking: true,
  timeoutMs: 120_000,
  run: async (context) => {
    const { environment, revision, revisionError, projectDirectory } = context;
    if (environment.revision.artifact === undefined) return notConfigured(context, artifactLine);
    if (revisionError !== null && artifactCodes.has(revisionError.code)) return failedBy(revisionError);
    const artifact = revision?.artifact ?? null;
    if (artifact === null) return unknown('the version did not resolve, so its artifact is not known');
    const path = await resolveInside(projectDirectory, artifact.path).catch((thrown: unknown) => toDeployError(thrown));
    if (typeof path !== 'string') return failedBy(path);
    if (!(await fileExists(path))) return failed(`${artifact.path} does not exist`, 'Build it from the tagged commit.');
    const actual = await sha256OfFile(path);
    const evidence = { path: artifact.path, sha256: actual };
    if (actual === artifact.sha256) return passed(`${artifact.path} has SHA-256 ${actual.slice(0, 12)}…`, evidence);
    const reason = `${artifact.path} has SHA-256 ${actual.slice(0, 12)}…, expected ${artifact.sha256.slice(0, 12)}…`;
    return failed(reason, 'Do not ship it: build it again from the tagged commit.', evidence);
  },
};

const artifactLine = 'revision: { artifact: { path: "build/{version}.tgz", sha256: "build/{version}.tgz.sha256" } }';
const artifactCodes: ReadonlySet<string> = new Set(['ARTIFACT_MISSING', 'ARTIFACT_MISMATCH', 'FILE_REFUSED']);
