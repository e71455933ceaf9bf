import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinCommands, runtimeCommand } from '../../../src/targets/haproxy/runtime-command.ts';

const server = { backend: 'web_a', server: 's1' };
const map = '/etc/haproxy/split.map';
const fresh = { ...server, address: '127.0.0.1', port: 9001, weight: 0, check: null, maxConnections: null };

describe('runtimeCommand', () => {
  it('writes what HAProxy documents', () => {
    const check = { intervalMs: 500, rise: 2, fall: 3 };
    expect(runtimeCommand.addServer({ ...fresh, check, maxConnections: 50 }).line).toBe(
      'add server web_a/s1 127.0.0.1:9001 weight 0 pool-max-conn -1 pool-purge-delay 5s check inter 500ms rise 2 fall 3 maxconn 50',
    );
    expect(runtimeCommand.addServer({ ...fresh, address: '::1' }).line).toContain(' [::1]:9001 ');
    expect(runtimeCommand.setWeight(server, 13).line).toBe('set weight web_a/s1 13');
    expect(runtimeCommand.setAddress(server, { address: '10.0.0.7', port: 80 }).line).toBe(
      'set server web_a/s1 addr 10.0.0.7 port 80',
    );
    expect(runtimeCommand.addMap(map, 7, 'split', '500:r1').line).toBe(`add map @7 ${map} split 500:r1`);
    expect(runtimeCommand.showServersState(null).line).toBe('show servers state');
  });

  it.each<[string, () => unknown]>([
    ['a second command', () => runtimeCommand.setWeight({ ...server, server: 's1;shutdown sessions server a/b' }, 1)],
    ['a line end', () => runtimeCommand.showStat('web\nshow env')],
    ['a blank', () => runtimeCommand.setMap(map, 'split', '500 r1')],
    ['a backslash', () => runtimeCommand.setMap(map, 'split', '500\\ r1')],
    ['a payload', () => runtimeCommand.setMap(map, 'split', '<<')],
    ['a reference by number', () => runtimeCommand.showMap('#0')],
    ['an empty name', () => runtimeCommand.delServer({ backend: '', server: 's1' })],
    ['a slash in a name', () => runtimeCommand.delServer({ backend: 'a/b', server: 's1' })],
    ['weight 257', () => runtimeCommand.setWeight(server, 257)],
    ['half a weight', () => runtimeCommand.setWeight(server, 1.5)],
    ['no number', () => runtimeCommand.setWeight(server, Number.NaN)],
    [
      'port 99999, which HAProxy takes for 34463',
      () => runtimeCommand.setAddress(server, { address: '::1', port: 99_999 }),
    ],
    ['port 0', () => runtimeCommand.setAddress(server, { address: '::1', port: 0 })],
    ['a host name, which is never resolved', () => runtimeCommand.addServer({ ...fresh, address: 'localhost' })],
  ])('refuses %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
  });

  it('never lets a word become more than one word of one line', () => {
    const word = fc.oneof(fc.string({ maxLength: 12 }), fc.string({ unit: 'binary', maxLength: 8 }));
    fc.assert(
      fc.property(word, word, word, (one, two, three) => {
        for (const make of [
          () => runtimeCommand.setWeight({ backend: one, server: two }, 1),
          () => runtimeCommand.setMap(one, two, three),
          () => runtimeCommand.addServer({ ...fresh, backend: one, server: two, address: three }),
        ]) {
          const line = lineOf(make);
          if (line !== null) expect(line).toMatch(/^[a-z]+ [a-z]+( [A-Za-z0-9_.:/@+=~[\]-]+)+$/);
        }
      }),
    );
  });
});

describe('joinCommands', () => {
  it('puts several into one line, and those alone whose answers cannot be told apart', () => {
    const weights = [runtimeCommand.setWeight(server, 1), runtimeCommand.setWeight({ ...server, server: 's2' }, 2)];
    expect(joinCommands(weights)).toBe('set weight web_a/s1 1;set weight web_a/s2 2\n');
    expect(joinCommands([runtimeCommand.delServer(server)])).toBe('del server web_a/s1\n');
    expect(() => joinCommands([runtimeCommand.delServer(server), ...weights])).toThrow('go alone');
    expect(() => joinCommands([])).toThrow('there is none');
    expect(() => joinCommands(new Array(400).fill(weights[0]))).toThrow('characters');
  });
});

function lineOf(make: () => { line: string }): string | null {
  try {
    return make().line;
  } catch {
    return null;
  }
}
