import type { Findings } from './finding.ts';

const healthPaths = ['/health', '/healthz', '/up', '/status'] as const;

/** Routes for health and the use of $PORT, by looking for their text in source files. Pure. */
export function readSources(sources: ReadonlyArray<{ path: string; text: string }>): Findings {
  const notes: string[] = [];
  if (sources.length > 0 && !sources.some(({ text }) => /\bPORT\b/.test(text))) {
    notes.push(
      'No source file that was looked at mentions PORT: check that the service listens on 127.0.0.1 and the port in $PORT.',
    );
  }
  for (const path of healthPaths) {
    const source = sources.find(({ text }) =>
      ['"', "'", '`'].some((quote) => text.includes(`${quote}${path}${quote}`)),
    );
    if (source !== undefined) {
      return {
        findings: [{ key: 'healthPath', value: path, because: `"${path}" stands in ${source.path}`, sure: false }],
        notes,
      };
    }
  }
  return { findings: [], notes };
}
