import { join } from 'node:path';
import { z } from 'zod';
import { ensurePrivateDirectory, readJsonFile, writeFileAtomic } from '../../system/files.ts';

const wantedSchema = z.strictObject({
  split: z.strictObject({ pointsOfB: z.number().int(), salt: z.string() }),
  entries: z.array(z.strictObject({ key: z.string(), value: z.string() })),
  servers: z.array(
    z.strictObject({ backend: z.string(), server: z.string(), port: z.number().int().nullable(), open: z.boolean() }),
  ),
});

const recordSchema = z.strictObject({
  v: z.literal(1),
  /** False from before a change until it has been read back: what is found then is our own unfinished work. */
  settled: z.boolean(),
  /** How HAProxy was left; null before the first change. */
  left: wantedSchema.nullable(),
  /** Requests and connections that were cut at a deadline. */
  cut: z.number().int().nonnegative(),
});
export type EngineRecord = z.infer<typeof recordSchema>;

/** What the driver remembers of its HAProxy, in the folder of the local host. */
export type EngineRecordFile = { read(): Promise<EngineRecord>; write(record: EngineRecord): Promise<void> };

export function engineRecordFile(directory: string): EngineRecordFile {
  const path = join(directory, 'haproxy.json');
  return {
    read: async () => (await readJsonFile(path, recordSchema)) ?? { v: 1, settled: false, left: null, cut: 0 },
    write: async (record) => {
      await ensurePrivateDirectory(directory);
      await writeFileAtomic(path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    },
  };
}
