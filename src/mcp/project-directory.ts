import { isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { RootsListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { DeployError } from '../model/deploy-error.ts';

export type ProjectHints = {
  /** `CLAUDE_PROJECT_DIR` as the client set it. */
  environmentDirectory: string | undefined;
  workingDirectory: string;
  /** Folder of the plugin itself, where some clients start servers; never a project. Null when not running as a bundle. */
  pluginDirectory: string | null;
};

/** A client that does not answer `roots/list` within this time has no roots. */
const rootsTimeoutMs = 2000;

/**
 * Finds the project of a call: `CLAUDE_PROJECT_DIR`, the client's first `file:` root, the working directory.
 * The function throws DeployError PROJECT_UNKNOWN when only the plugin's own folder is left.
 */
export function createProjectFinder(server: Server, hints: ProjectHints): () => Promise<string> {
  let roots: Promise<string | null> | null = null;
  server.setNotificationHandler(RootsListChangedNotificationSchema, () => {
    roots = null;
  });
  return async () => {
    const told = hints.environmentDirectory;
    // Clients that do not expand variables hand the text on as it is.
    if (told !== undefined && isAbsolute(told)) return told;
    if (server.getClientCapabilities()?.roots !== undefined) {
      roots ??= askRoots(server);
      const root = await roots;
      if (root !== null) return root;
    }
    if (hints.pluginDirectory !== null && isInside(hints.workingDirectory, hints.pluginDirectory)) {
      throw new DeployError('PROJECT_UNKNOWN', {
        reason: `the server was started in the plugin's own folder (${hints.workingDirectory}).`,
        remedy:
          'Set CLAUDE_PROJECT_DIR for the server to the absolute path of the project, or set its cwd to the project.',
      });
    }
    return hints.workingDirectory;
  };
}

/** Looser than the SDK's own, which drops every root when one of them is no `file:` address. */
const rootsSchema = z.looseObject({ roots: z.array(z.looseObject({ uri: z.string() })) });

async function askRoots(server: Server): Promise<string | null> {
  try {
    const { roots } = await server.request({ method: 'roots/list' }, rootsSchema, { timeout: rootsTimeoutMs });
    const files = roots.flatMap((root) => directoryOf(root.uri) ?? []);
    return files[0] ?? null;
  } catch {
    return null;
  }
}

function directoryOf(uri: string): string | null {
  if (!uri.startsWith('file:')) return null;
  try {
    return fileURLToPath(uri);
  } catch {
    return null;
  }
}

function isInside(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
