import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScratch, type Scratch } from './scratch-project.ts';

let scratch: Scratch;
beforeEach(async () => {
  scratch = await createScratch();
});
afterEach(async () => {
  await scratch.close();
  expect(scratch.processes()).toEqual([]);
}, 60_000);

it('variables that are handed on by name reach the instances of a run and the programs beside it, and no others do', () => {
  writeFileSync(
    join(scratch.directory, 'service.mjs'),
    `import http from 'node:http';
import { writeFileSync } from 'node:fs';
writeFileSync(process.env.OUT, JSON.stringify(process.env));
http.createServer((_, response) => response.end('ok')).listen(process.env.PORT, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
`,
  );
  const out = join(scratch.stateHome, 'seen.json');
  writeFileSync(
    join(scratch.directory, 'seatrial.yaml'),
    `version: 1
service: shop
environments:
  production:
    url: ${scratch.url}
    target: { kind: process, command: [node, service.mjs], instances: 1 }
    revision: { env: { pass: [SHOP_DATABASE], set: { OUT: ${JSON.stringify(out)} } } }
    strategy: { kind: direct, bake: 1s }
    metrics: { source: prober, path: /health, rate: 10/s, timeout: 2s }
    gates: { allowFriday: true }
    approval: { how: none }
    review: warn
`,
  );
  scratch.git('add', '--all');
  scratch.git('commit', '--quiet', '--message', 'feat: shop');
  scratch.git('tag', 'v1.0.0');
  scratch.env['SHOP_DATABASE'] = 'postgres-of-production';
  scratch.env['SHOP_OTHER'] = 'nobody asked for it';
  const shipped = scratch.cli(['ship', '1.0.0', '--yes'], { timeoutMs: 60_000 });
  expect(`${shipped.stdout}${shipped.stderr}`).toMatch(/SUCCEEDED/);
  expect(existsSync(out)).toBe(true);
  const seen: unknown = JSON.parse(readFileSync(out, 'utf8'));
  expect(seen).toMatchObject({ SHOP_DATABASE: 'postgres-of-production' });
  expect(seen).not.toHaveProperty('SHOP_OTHER');
}, 90_000);
