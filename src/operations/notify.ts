import { dirname } from 'node:path';
import type { Clock } from '../model/clock.ts';
import { emitData } from '../model/redaction/emit.ts';
import type { RunEvent } from '../model/run-event.ts';
import { allowedEnvironment } from '../system/environment.ts';
import { runCommand } from '../system/exec.ts';
import { appendLine, ensureProjectDirectory, resolveInside } from '../system/files.ts';
import { httpRequest } from '../system/http.ts';
import type { Place } from './place.ts';

export type Notice = { about: string; text: string; runId: string | null; planId?: string; version: string };

type Channel = Place['spec']['notify'][number];

const attempts = 3;

export type Notifier = {
  /** Returns at once. */
  notify(about: string, text: string): void;
  /** Waits for what is still being told, at most `withinMs`; what is open after that is given up and said so. */
  settle(withinMs: number): Promise<void>;
};

/** Tells people beside a run: neither a slow webhook nor a dead one holds anything up. What came of it goes to `append`. */
export function createNotifier(
  place: Place,
  about: { runId: string; version: string; clock: Clock; append(event: RunEvent): Promise<unknown> },
): Notifier {
  const open = new Set<Promise<void>>();
  return {
    notify: (topic, text) => {
      const told = notifyAll(
        place,
        { about: topic, text, runId: about.runId, version: about.version },
        about.clock,
      ).then(async (events) => {
        for (const event of events) await about.append(event);
      });
      const settled = told.catch(() => undefined).finally(() => open.delete(settled));
      open.add(settled);
    },
    settle: async (withinMs) => {
      await Promise.race([Promise.all(open), about.clock.sleep(withinMs)]);
    },
  };
}

/** Tells every configured channel, each tried up to three times; never throws. Returns one event a channel for the journal. */
export async function notifyAll(
  place: Place,
  notice: Notice,
  clock: Clock,
): Promise<Array<Extract<RunEvent, { type: 'notified' }>>> {
  const said = {
    text: `[${place.project.config.service}/${place.name}] ${notice.about}: ${notice.text}`,
    about: notice.about,
    service: place.project.config.service,
    environment: place.name,
    version: notice.version,
    runId: notice.runId,
    ...(notice.planId === undefined ? {} : { planId: notice.planId }),
  };
  const body = JSON.stringify(emitData(said));
  return Promise.all(
    place.spec.notify.map((channel) => notifyOne({ place, channel, about: notice.about, body, clock })),
  );
}

type Delivery = { place: Place; channel: Channel; about: string; body: string; clock: Clock };

async function notifyOne(delivery: Delivery): Promise<Extract<RunEvent, { type: 'notified' }>> {
  const { channel, about, clock } = delivery;
  const name = 'webhook' in channel ? 'webhook' : 'command' in channel ? 'command' : 'file';
  let reason = 'not tried';
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      await deliver(delivery);
      return {
        type: 'notified',
        data: { about, channel: name, ok: true, reason: attempt === 1 ? 'told' : `told at attempt ${attempt}` },
      };
    } catch (thrown) {
      reason = thrown instanceof Error ? thrown.message : String(thrown);
      if (attempt < attempts) await clock.sleep(500 * attempt);
    }
  }
  return { type: 'notified', data: { about, channel: name, ok: false, reason: reason.slice(0, 500) } };
}

/** Tells one channel, once. Throws when it does not take it. */
export async function deliver({ place, channel, body }: Pick<Delivery, 'place' | 'channel' | 'body'>): Promise<void> {
  const directory = place.project.directory;
  if ('webhook' in channel) {
    const answer = await httpRequest({
      url: channel.webhook,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      timeoutMs: 5000,
    });
    if (answer.status < 200 || answer.status > 299) throw new Error(`the webhook answered ${answer.status}`);
    return;
  }
  if ('command' in channel) {
    const result = await runCommand({
      argv: channel.command,
      cwd: directory,
      env: allowedEnvironment({ pass: [], fileText: null, set: {} }),
      timeoutMs: 10_000,
      input: body,
    });
    if (!result.ok) throw new Error(`the command ended with ${result.how}`);
    return;
  }
  const path = await resolveInside(directory, channel.file);
  await ensureProjectDirectory(dirname(path));
  await appendLine(path, body);
}
