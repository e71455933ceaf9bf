// Builds dist/seatrial.mjs, one file that runs on Node 20 without an install step, and dist/hook.mjs, the hooks alone.
//   node scripts/build.mjs           writes them
//   node scripts/build.mjs --check   exits 1 when a committed file is not what the sources build
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outputs = [
  { entry: 'src/main.ts', path: 'dist/seatrial.mjs', maxBytes: 3_000_000 },
  { entry: 'src/hook-main.ts', path: 'dist/hook.mjs', maxBytes: 900_000 },
];

for (const output of outputs) {
  const bytes = await bundle(output);
  assertFit(bytes, output);
  if (process.argv.includes('--check')) await check(bytes, output.path);
  else await write(bytes, output.path);
}

async function bundle({ entry, path }) {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: path,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    write: false,
    // Names stay as they are: they are readable in stack traces, and there is less to read at a cold start.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'eof',
    // Text that is ASCII alone is read and scanned faster; every start reads all of it.
    charset: 'ascii',
    define: { __SEATRIAL_VERSION__: JSON.stringify(version) },
    // Without it CommonJS packages inside an ES module crash on their first require.
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    plugins: [englishOnly(), withoutElicitationValidator(), lazyBuiltins()],
    logLevel: 'warning',
  });
  return Buffer.from(result.outputFiles[0].contents);
}

/**
 * An import of a Node builtin in a bundle would be hoisted to its top and loaded at every start, also for commands that
 * never use it (http2, tls, …). As a CommonJS module of its own it is loaded when the first importer runs.
 */
function lazyBuiltins() {
  const names = builtinModules.filter((name) => !name.startsWith('_'));
  const filter = new RegExp(`^(node:)?(${names.map((name) => name.replaceAll('/', '\\/')).join('|')})$`);
  return {
    name: 'lazy-builtins',
    setup(context) {
      context.onResolve({ filter }, ({ path, namespace }) => {
        if (namespace === 'lazy-builtin') return { path, external: true };
        return { path: path.startsWith('node:') ? path : `node:${path}`, namespace: 'lazy-builtin' };
      });
      context.onLoad({ filter: /.*/, namespace: 'lazy-builtin' }, ({ path }) => ({
        contents: `module.exports=require(${JSON.stringify(path)})`,
        loader: 'js',
      }));
    },
  };
}

/** zod brings its messages in some fifty languages, a tenth of the bundle; all of ours are written here, in English. */
function englishOnly() {
  return {
    name: 'english-only',
    setup(context) {
      context.onLoad({ filter: /node_modules\/zod\/v4\/locales\/index\.js$/ }, () => ({
        contents: 'export { default as en } from "./en.js";',
        loader: 'js',
      }));
    },
  };
}

/**
 * The SDK brings ajv, a tenth of the bundle, to check what a person answered to an elicitation. Questions are asked by plain
 * requests here, and their answers checked by zod (src/mcp/ask-client.ts); whatever took the SDK's own way is refused.
 */
function withoutElicitationValidator() {
  return {
    name: 'without-elicitation-validator',
    setup(context) {
      context.onLoad({ filter: /@modelcontextprotocol\/sdk\/dist\/esm\/validation\/ajv-provider\.js$/ }, () => ({
        contents: `export class AjvJsonSchemaValidator{getValidator(){throw new Error('this build cannot check answers to elicitations')}}`,
        loader: 'js',
      }));
    },
  };
}

function assertFit(bytes, { path, maxBytes }) {
  if (!bytes.subarray(0, 20).toString().startsWith('#!/usr/bin/env node'))
    fail(`${path} has lost its first line (#!/usr/bin/env node)`);
  if (bytes.includes(root)) fail(`${path} contains the absolute path ${root}`);
  if (bytes.length > maxBytes) fail(`${path} has ${bytes.length} bytes, the limit is ${maxBytes}`);
}

async function check(bytes, outputPath) {
  const committed = await readFile(join(root, outputPath)).catch(() => null);
  if (committed === null) fail(`${outputPath} is missing: run npm run build`);
  if (!committed.equals(bytes)) fail(`${outputPath} is not what the sources build: run npm run build and commit it`);
  console.log(`${outputPath} is what the sources build (${bytes.length} bytes)`);
}

async function write(bytes, outputPath) {
  const path = join(root, outputPath);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  await chmod(path, 0o755);
  console.log(`${outputPath}: ${bytes.length} bytes`);
}

function fail(reason) {
  console.error(`build: ${reason}`);
  process.exit(1);
}
