// Writes what is generated from the sources: docs/reference.md, docs/guidance.md, docs/architecture-rules.md,
// docs/seatrial.schema.json, commands/*.toml.
// --check writes nothing and fails when a file differs. docs/conformance.md is written by scripts/conformance.mjs.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadTypeScript } from './load-typescript.mjs';

const root = join(import.meta.dirname, '..');
const check = process.argv.includes('--check');
const { renderReference, renderGuidance, renderImportRules, renderJsonSchema, loadCommands, renderGeminiCommand } =
  await loadTypeScript('scripts/generated-docs.ts');
const rules = JSON.parse(readFileSync(join(root, 'src/import-rules.json'), 'utf8'));

const commands = await loadCommands(join(root, 'commands'));

const files = {
  'docs/reference.md': renderReference(),
  'docs/guidance.md': renderGuidance(),
  'docs/architecture-rules.md': renderImportRules(rules),
  'docs/seatrial.schema.json': renderJsonSchema(),
  ...Object.fromEntries(commands.map((command) => [`commands/${command.name}.toml`, renderGeminiCommand(command)])),
};

let drifted = 0;
for (const [path, text] of Object.entries(files)) {
  const before = read(path);
  if (before === text) continue;
  if (check) {
    drifted += 1;
    console.error(`${path} is not what the sources say; run: npm run docs`);
  } else {
    writeFileSync(join(root, path), text);
    console.log(`wrote ${path}`);
  }
}
// What engines have to be run for is only checked to be about the cases and drivers that there are.
const { complaintsAbout } = await loadTypeScript('scripts/conformance-table.ts');
for (const complaint of complaintsAbout(read('docs/conformance.md') ?? '')) {
  drifted += 1;
  console.error(`docs/conformance.md: ${complaint}; run: npm run conformance`);
}
// So is what is shown by `npm run test:faults`.
const { complaintsAboutReliability } = await loadTypeScript('scripts/reliability-doc.ts');
for (const complaint of complaintsAboutReliability(read('docs/reliability.md') ?? '')) {
  drifted += 1;
  console.error(`docs/reliability.md: ${complaint}; run: npm run test:faults`);
}
process.exit(drifted === 0 ? 0 : 1);

function read(path) {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return null;
  }
}
