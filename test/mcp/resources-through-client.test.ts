import { describe, expect, it } from 'vitest';
import type { State } from '../scenarios/scenario.ts';
import { createScenarioPlace } from '../scenarios/scenario-place.ts';

type Client = Awaited<ReturnType<typeof createScenarioPlace>>['client'];

async function withClient(state: State, use: (client: Client) => Promise<void>): Promise<void> {
  const place = await createScenarioPlace(state);
  try {
    await use(place.client);
  } finally {
    await place.close();
  }
}

async function readText(client: Client, uri: string): Promise<string> {
  const [content] = (await client.readResource({ uri })).contents;
  return content !== undefined && 'text' in content ? String(content.text) : '';
}

async function listedUris(client: Client): Promise<string[]> {
  return (await client.listResources()).resources.map(({ uri }) => uri);
}

describe('resources, as a client reads them', () => {
  it('every one that is listed can be read', async () => {
    await withClient(
      { live: '1.4.0', runs: [{ kind: 'succeeded', version: '1.4.0', told: false }] },
      async (client) => {
        const uris = await listedUris(client);
        expect(uris).toHaveLength(5);
        for (const uri of uris) expect(await readText(client, uri), uri).not.toBe('');
        expect(await readText(client, 'seatrial://learnings')).toMatch(/Silent Deploy/);
        expect(JSON.parse(await readText(client, 'seatrial://config-schema'))).toMatchObject({
          title: 'seatrial.yaml',
        });
      },
    );
  }, 60_000);

  it('before trust they can be read all the same', async () => {
    await withClient({ untrusted: true, runs: [{ kind: 'rolledBack', version: '1.4.0' }] }, async (client) => {
      for (const uri of await listedUris(client)) expect(await readText(client, uri), uri).not.toBe('');
    });
  }, 60_000);

  it('outside a project the schema can be read, and learnings say what is missing', async () => {
    await withClient({ config: null }, async (client) => {
      expect(await listedUris(client)).toEqual(['seatrial://runs', 'seatrial://learnings', 'seatrial://config-schema']);
      expect(await readText(client, 'seatrial://config-schema')).toContain('"environments"');
      await expect(readText(client, 'seatrial://learnings')).rejects.toThrow(/CONFIG_MISSING.*seatrial init/s);
    });
  }, 60_000);
});
