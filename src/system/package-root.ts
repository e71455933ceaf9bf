import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the installed package: where `learnings/`, `examples/` and `dist/` lie. */
export function packageRoot(): string {
  return findUp(dirname(fileURLToPath(import.meta.url))) ?? findUp(process.cwd()) ?? process.cwd();
}

/** The committed bundle, which every process of ours is started from. */
export function bundlePath(): string {
  const self = fileURLToPath(import.meta.url);
  return self.endsWith('seatrial.mjs') ? self : join(packageRoot(), 'dist', 'seatrial.mjs');
}

function findUp(start: string): string | null {
  for (let directory = start; ; directory = dirname(directory)) {
    const file = join(directory, 'package.json');
    if (existsSync(file) && /"name":\s*"seatrial"/.test(readFileSync(file, 'utf8'))) return directory;
    if (dirname(directory) === directory) return null;
  }
}
