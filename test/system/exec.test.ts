import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../src/system/exec.ts';
import { seededRandom } from '../analysis/seeded-random.ts';

const path = process.env['PATH'] ?? '';
const printArgv = 'process.stdout.write(JSON.stringify(process.argv.slice(1)))';

describe('runCommand', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'seatrial-exec-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const run = (
    argv: readonly string[],
    more: { path?: string; timeoutMs?: number; env?: Record<string, string> } = {},
  ) =>
    runCommand({
      argv,
      cwd: directory,
      env: { PATH: more.path ?? path, ...more.env },
      timeoutMs: more.timeoutMs ?? 10_000,
    });

  function program(folder: string, name: string, text: string): void {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }

  it('hands over every argument as it is, and no shell sees it', async () => {
    const random = seededRandom(11);
    const pieces = [
      '$(touch pwned)',
      '`touch pwned`',
      ';touch pwned',
      '|',
      '&&',
      '>pwned',
      '\n',
      '\r',
      '"',
      "'",
      '\\',
      ' ',
      '*',
      '~',
      '--x=',
      '-',
      '=',
      '\u001b[31m',
      '\u202e',
      'ä',
      '😀',
      '%s',
      '{}',
      '$HOME',
      '!',
      '#',
      '',
    ];
    let checked = 0;
    for (let round = 0; round < 10; round += 1) {
      const values = Array.from({ length: 300 }, () =>
        Array.from(
          { length: 1 + Math.floor(random() * 6) },
          () => pieces[Math.floor(random() * pieces.length)] ?? '',
        ).join(''),
      );
      const result = await run([process.execPath, '-e', printArgv, '--', ...values]);
      expect(JSON.parse(result.stdout)).toEqual(values);
      checked += values.length;
    }
    expect(checked).toBe(3000);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('refuses what cannot be handed over as it is', async () => {
    await expect(run(['echo', 'a\0b'])).rejects.toMatchObject({ code: 'COMMAND_REFUSED' });
    await expect(run(['ec\0ho'])).rejects.toMatchObject({ code: 'COMMAND_REFUSED' });
    await expect(run(['echo', 'x'.repeat(200_000)])).rejects.toMatchObject({ code: 'COMMAND_REFUSED' });
    await expect(run(['echo'], { env: { 'A=B': 'x' } })).rejects.toMatchObject({ code: 'COMMAND_REFUSED' });
    await expect(run(['echo'], { env: { A: 'x\0' } })).rejects.toMatchObject({ code: 'COMMAND_REFUSED' });
    expect(await run([])).toMatchObject({ ok: false, notFound: true });
  });

  it('finds a program neither in the working directory nor among those that dependencies bring', async () => {
    program(directory, 'seatrial-tool', 'echo cwd');
    program(join(directory, 'node_modules', '.bin'), 'seatrial-tool', 'echo dependency');
    const hostile = `.:${directory}:${directory}/node_modules/.bin::node_modules/.bin:${path}`;
    expect(await run(['seatrial-tool'], { path: hostile })).toMatchObject({ ok: false, notFound: true });
    expect((await run(['./seatrial-tool'], { path: hostile })).stdout).toBe('cwd\n');
    program(join(directory, 'tools'), 'seatrial-tool', 'echo "$0"');
    expect((await run(['seatrial-tool'], { path: `${hostile}:${directory}/tools` })).stdout).toBe(
      `${directory}/tools/seatrial-tool\n`,
    );
  });

  it('hands on no variable that was not given', async () => {
    process.env['SEATRIAL_TEST_LEAK'] = 'leak';
    const result = await run([process.execPath, '-e', 'process.stdout.write(Object.keys(process.env).join())']);
    delete process.env['SEATRIAL_TEST_LEAK'];
    expect(result.stdout).toBe('PATH');
  });

  it('ends at the deadline what has left its process group, too', async () => {
    const script = 'setsid sh -c "sleep 20; touch late" & sleep 20';
    const started = performance.now();
    const result = await run(['sh', '-c', script], { timeoutMs: 400 });
    expect(result).toMatchObject({ ok: false, timedOut: true });
    expect(performance.now() - started).toBeLessThan(4500);
    const left = await run([
      'sh',
      '-c',
      'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " " | grep -c "sleep 20; touch [l]ate"',
    ]);
    expect(left.stdout.trim()).toBe('0');
  });

  it('does not wait for a stranger that holds the pipes of a program that has ended', async () => {
    const started = performance.now();
    const result = await run(['sh', '-c', 'setsid sleep 8 & echo done'], { timeoutMs: 6000 });
    expect(result).toMatchObject({ ok: true, stdout: 'done\n' });
    expect(performance.now() - started).toBeLessThan(4000);
  });
});
