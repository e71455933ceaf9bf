import { z } from 'zod';

export type VulnerabilityCounts = { format: string; high: number; critical: number };

/** High and Critical findings in the JSON of npm audit, trivy, grype or osv-scanner; null when it is none of them. Pure. */
export function countVulnerabilities(output: string): VulnerabilityCounts | null {
  const start = output.indexOf('{');
  if (start < 0) return null;
  let value: unknown;
  try {
    value = JSON.parse(output.slice(start));
  } catch {
    return null;
  }
  for (const read of [readNpmAudit, readTrivy, readGrype, readOsvScanner]) {
    const counts = read(value);
    if (counts !== null) return counts;
  }
  return null;
}

const count = z.number().int().nonnegative();
const npmAudit = z.looseObject({
  metadata: z.looseObject({ vulnerabilities: z.looseObject({ high: count, critical: count }) }),
});

function readNpmAudit(value: unknown): VulnerabilityCounts | null {
  const parsed = npmAudit.safeParse(value);
  if (!parsed.success) return null;
  const { high, critical } = parsed.data.metadata.vulnerabilities;
  return { format: 'npm audit', high, critical };
}

const trivy = z.looseObject({
  ArtifactName: z.string(),
  Results: z
    .array(z.looseObject({ Vulnerabilities: z.array(z.looseObject({ Severity: z.string() })).nullish() }))
    .nullish(),
});

function readTrivy(value: unknown): VulnerabilityCounts | null {
  const parsed = trivy.safeParse(value);
  if (!parsed.success) return null;
  const found = (parsed.data.Results ?? []).flatMap((result) => result.Vulnerabilities ?? []);
  return countSeverities(
    'trivy',
    found.map((one) => one.Severity),
  );
}

const grype = z.looseObject({
  matches: z.array(z.looseObject({ vulnerability: z.looseObject({ severity: z.string() }) })),
});

function readGrype(value: unknown): VulnerabilityCounts | null {
  const parsed = grype.safeParse(value);
  return parsed.success
    ? countSeverities(
        'grype',
        parsed.data.matches.map((match) => match.vulnerability.severity),
      )
    : null;
}

const osvScanner = z.looseObject({
  results: z.array(
    z.looseObject({
      packages: z.array(
        z.looseObject({ groups: z.array(z.looseObject({ max_severity: z.string().nullish() })).nullish() }),
      ),
    }),
  ),
});

/** One group is one finding under all its names; its severity is a CVSS score: from 7 High, from 9 Critical. */
function readOsvScanner(value: unknown): VulnerabilityCounts | null {
  const parsed = osvScanner.safeParse(value);
  if (!parsed.success) return null;
  const groups = parsed.data.results.flatMap((result) => result.packages).flatMap((one) => one.groups ?? []);
  const scores = groups.map((group) => Number.parseFloat(group.max_severity ?? ''));
  return {
    format: 'osv-scanner',
    high: scores.filter((score) => score >= 7 && score < 9).length,
    critical: scores.filter((score) => score >= 9).length,
  };
}

function countSeverities(format: string, severities: readonly string[]): VulnerabilityCounts {
  const of = (name: string): number => severities.filter((severity) => severity.toLowerCase() === name).length;
  return { format, high: of('high'), critical: of('critical') };
}
