import { userInfo } from 'node:os';

/** The account of the machine that this process runs under, whatever its environment says. */
export function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
