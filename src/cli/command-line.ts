import type { Operation } from '../model/operation.ts';

/** What a person types for an operation with these values: `seatrial control abort 01J…`. Pure. */
export function renderCommandLine(operation: Operation | undefined, values: Readonly<Record<string, string>>): string {
  if (operation?.cli == null) return 'seatrial --help';
  const { command, positional } = operation.cli;
  const inPlace = positional.flatMap((field) => values[field] ?? []);
  const flags = Object.entries(values).flatMap(([field, value]) =>
    positional.includes(field) ? [] : [flagName(field), value],
  );
  return ['seatrial', command, ...inPlace, ...flags].join(' ');
}

/** `run_id` and `runId` → `--run-id`. Pure. */
export function flagName(field: string): string {
  return `--${field
    .replace(/([a-z0-9])([A-Z])/gu, '$1-$2')
    .replace(/_/gu, '-')
    .toLowerCase()}`;
}
