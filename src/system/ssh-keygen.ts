import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DeployError } from '../model/deploy-error.ts';
import { cleanExcerpt } from './excerpt.ts';
import { runCommand } from './exec.ts';
import { ensurePrivateDirectory, readTextFile, removeFile, writeFileAtomic } from './files.ts';
import { vetSpawn } from './vet-spawn.ts';

/** Where ssh-keygen is taken from: an earlier place of somebody's PATH must not say that a signature is good. */
const programPath = '/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin';
const timeoutMs = 15_000;

export type SignatureCheck = {
  /** One line of an allowed-signers file, and the name in it. */
  allowed: string;
  name: string;
  namespace: string;
  document: string;
  armored: string;
  /** Private folder for the files that ssh-keygen reads. */
  directory: string;
};

/** Whether ssh-keygen takes the signature; `reason` is its own. Throws COMMAND_NOT_FOUND. */
export async function verifySshSignature(check: SignatureCheck): Promise<{ ok: boolean; reason: string }> {
  await ensurePrivateDirectory(check.directory);
  const stem = join(check.directory, `check-${randomUUID()}`);
  const [allowed, signature] = [`${stem}.allowed`, `${stem}.sig`];
  try {
    await writeFileAtomic(allowed, `${check.allowed}\n`);
    await writeFileAtomic(signature, check.armored);
    const result = await runCommand({
      argv: ['ssh-keygen', '-Y', 'verify', '-f', allowed, '-I', check.name, '-n', check.namespace, '-s', signature],
      cwd: check.directory,
      env: keygenEnvironment(),
      timeoutMs,
      input: check.document,
    });
    if (result.notFound) throw new DeployError('COMMAND_NOT_FOUND', { program: 'ssh-keygen' });
    return { ok: result.ok, reason: cleanExcerpt(result.stderr || result.stdout || result.how) };
  } finally {
    await removeFile(allowed);
    await removeFile(signature);
  }
}

/** True when the private key cannot be read without its passphrase. */
export async function isKeyLocked(keyFile: string, directory: string): Promise<boolean> {
  const result = await runCommand({
    argv: ['ssh-keygen', '-y', '-P', '', '-f', keyFile],
    cwd: directory,
    env: keygenEnvironment(),
    timeoutMs,
  });
  if (result.notFound) throw new DeployError('COMMAND_NOT_FOUND', { program: 'ssh-keygen' });
  return !result.ok;
}

/**
 * Signs a document at the terminal of a person: ssh-keygen itself asks for passphrase or touch there, and no agent is
 * within its reach. Null when it made no signature. Throws COMMAND_NOT_FOUND.
 */
export async function signAtTerminal(request: {
  keyFile: string;
  namespace: string;
  document: string;
  directory: string;
}): Promise<string | null> {
  const { keyFile, namespace, document, directory } = request;
  await ensurePrivateDirectory(directory);
  const file = join(directory, `sign-${randomUUID()}`);
  const vetted = await vetSpawn({
    argv: ['ssh-keygen', '-Y', 'sign', '-f', keyFile, '-n', namespace, file],
    cwd: directory,
    env: keygenEnvironment(),
  });
  if (vetted === null) throw new DeployError('COMMAND_NOT_FOUND', { program: 'ssh-keygen' });
  try {
    await writeFileAtomic(file, document);
    // In the foreground and in the session of the terminal, or it could not ask there.
    const { execa } = await import('execa');
    await execa(vetted.program, vetted.args, {
      shell: false,
      preferLocal: false,
      cwd: directory,
      env: keygenEnvironment(),
      extendEnv: false,
      reject: false,
      stdio: ['inherit', 'ignore', 'inherit'],
    });
    return await readTextFile(`${file}.sig`);
  } finally {
    await removeFile(file);
    await removeFile(`${file}.sig`);
  }
}

/** No SSH_AUTH_SOCK, no SSH_ASKPASS: neither an agent nor a program may answer for a person. */
function keygenEnvironment(): Record<string, string> {
  const home = process.env['HOME'];
  return { PATH: programPath, LC_ALL: 'C', ...(home === undefined ? {} : { HOME: home }) };
}
