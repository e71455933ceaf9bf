// Answers jobs of a benchmark in a process of its own: node scripts/bench-worker.mjs <TypeScript file> <exported function>, forked.
import { loadTypeScript } from './load-typescript.mjs';

const [entry, exported] = process.argv.slice(2);
// A job may come while the file is still being loaded.
const loading = loadTypeScript(entry);
process.on('message', async ({ job }) => process.send((await loading)[exported](job)));
process.on('disconnect', () => process.exit(0));
