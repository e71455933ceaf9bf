import { join } from 'node:path';
import { monotonicFactory } from 'ulid';
import { z } from 'zod';
import { controlActions } from '../model/run-event.ts';
import { canonicalJson } from '../system/canonical-json.ts';
import {
  ensurePrivateDirectory,
  listDirectory,
  moveFile,
  plainFileSize,
  readJsonFile,
  removeFile,
  writeFileAtomic,
} from '../system/files.ts';

/** What somebody asks of a run that is going on. */
export const controlRequestSchema = z.strictObject({
  /** Chosen by whoever asks; the same one twice is one request. */
  requestId: z.string().min(1).max(200),
  action: z.enum(controlActions),
  by: z.string().max(2000),
  reason: z.string().max(2000).nullable(),
  atMs: z.number().int(),
});
export type ControlRequest = z.infer<typeof controlRequestSchema>;

export type BrokenRequest = { file: string; reason: string };

const maxBytes = 64 * 1024;
const nextUlid = monotonicFactory();

/** Lays a request before the owner of a run. Durable, and visible only as a whole. Throws a ZodError when it is not one. */
export async function submitRequest(runDirectory: string, request: ControlRequest): Promise<void> {
  const inbox = inboxOf(runDirectory);
  const text = canonicalJson(controlRequestSchema.parse(request));
  await ensurePrivateDirectory(inbox);
  await writeFileAtomic(join(inbox, `${nextUlid().toLowerCase()}.json`), text);
}

/**
 * Requests in the order they were made. Each one is given again until its id is among `journalledRequestIds` (the owner
 * journals first), then its file goes. A file that is no request is set aside as `<name>.broken` and told to `onBroken`.
 */
export async function takeRequests(
  runDirectory: string,
  journalledRequestIds: ReadonlySet<string>,
  onBroken: (broken: BrokenRequest) => void = () => undefined,
): Promise<ControlRequest[]> {
  const inbox = inboxOf(runDirectory);
  const taken = new Map<string, ControlRequest>();
  for (const name of await listDirectory(inbox)) {
    if (!/^[0-9a-z]{26}\.json$/.test(name)) continue;
    const path = join(inbox, name);
    const request = await readRequest(path).catch(async (thrown) => {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      await moveFile(path, `${path}.broken`).catch(() => undefined);
      onBroken({ file: name, reason });
      return null;
    });
    if (request === null) continue;
    if (journalledRequestIds.has(request.requestId) || taken.has(request.requestId)) await removeFile(path);
    else taken.set(request.requestId, request);
  }
  return [...taken.values()];
}

async function readRequest(path: string): Promise<ControlRequest | null> {
  const bytes = await plainFileSize(path);
  if (bytes === null) throw new Error('it is not a plain file');
  if (bytes > maxBytes) throw new Error(`it has ${bytes} bytes`);
  return readJsonFile(path, controlRequestSchema);
}

function inboxOf(runDirectory: string): string {
  return join(runDirectory, 'inbox');
}
