import type http from 'node:http';
import { type Answer, json } from './json-server.ts';

/** Between two scrapes. */
export const everyMs = 250;
type Sample = [number, string];
type Series = { metric: Record<string, string>; values: Sample[] };

/** Stands for Prometheus: a scrape every 250 ms by a clock of its own, whose samples a test may change. */
export type FakePrometheus = {
  skewMs: number;
  /** Samples of `requests` in a version, from the scrape times; a test replaces it. */
  valueAt(version: string, atMs: number): string | null;
};

export function fakeAnswers(fake: FakePrometheus): Answer {
  return (request, response) => {
    void readForm(request).then((form) => {
      const nowMs = Date.now() + fake.skewMs;
      const query = form.get('query') ?? '';
      if (query === 'time()') return json(success('scalar', [nowMs / 1000, String(nowMs / 1000)]))(request, response);
      const [, metric = '', version = '', range = '0'] =
        /^(\w+)\{[^}]*version="([^"]+)".*\[(\d+)ms\]$/.exec(query) ?? [];
      const atMs = Number(form.get('time')) * 1000;
      const values: Sample[] = [];
      for (let at = Math.ceil((atMs - Number(range)) / everyMs) * everyMs + 100; at <= atMs; at += everyMs) {
        const value = metric === 'requests_total' ? fake.valueAt(version, at) : '0';
        if (value !== null) values.push([at / 1000, value]);
      }
      const series: Series[] = values.length === 0 ? [] : [{ metric: { version, instance: version }, values }];
      return json(success('matrix', series))(request, response);
    });
  };
}

export function success(resultType: string, result: unknown) {
  return { status: 'success', data: { resultType, result } };
}

async function readForm(request: http.IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return new URLSearchParams(text);
}

const beganMs = Math.floor(Date.now() / everyMs) * everyMs - 600_000;
/** Ten requests more at every scrape. */
export const steady = (_: string, atMs: number): string => String(Math.round((atMs - beganMs - 100) / everyMs) * 10);
