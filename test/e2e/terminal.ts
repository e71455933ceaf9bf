import { spawn } from 'node:child_process';

export type Dialogue = Array<{ when: RegExp; type: string | ((match: RegExpExecArray) => string) }>;

/**
 * A program at a pseudo-terminal, as an agent with a shell can give it one: whenever the text of a line shows up, the answer
 * is typed. Ends after a minute at the latest.
 */
export async function atTerminal(
  argv: readonly string[],
  at: { cwd: string; env: Record<string, string>; dialogue: Dialogue },
): Promise<{ code: number | null; text: string }> {
  const line = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    cwd: at.cwd,
    env: at.env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const waiting = [...at.dialogue];
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const next = waiting[0];
    const match = next?.when.exec(text);
    if (next === undefined || match == null) return;
    waiting.shift();
    const answer = typeof next.type === 'string' ? next.type : next.type(match);
    // Who asks for a passphrase empties its input first.
    setTimeout(() => child.stdin.write(`${answer}\n`), 300);
  });
  const deadline = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(deadline);
  return { code, text };
}
