import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';
import { passedVariables } from '../../src/config/passed-variables.ts';

const example = readFileSync(new URL('../../docs/seatrial.example.yaml', import.meta.url), 'utf8');

it('names what any part of the config hands on or reads, once each', () => {
  const written = [...example.matchAll(/pass: \[([A-Z_, ]+)\]|headersFromEnv: \{ [\w-]+: ([A-Z_]+) \}/g)];
  const names = written.flatMap(([, passed, header]) => passed?.split(/, ?/) ?? header ?? []);
  expect(names.length).toBeGreaterThan(3);
  expect(passedVariables(parseConfig(example).config)).toEqual([...new Set(names)].sort());
});
