import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.ts';
import { planAuthority } from '../../src/config/plan-authority.ts';

const example = await readFile(new URL('../../docs/seatrial.example.yaml', import.meta.url), 'utf8');
const { environments } = parseConfig(example).config;

/** Lists of texts in the configuration that are neither programs nor variables. A new one has to be thought about. */
const neither =
  /(^|\.)(days|clients|holidays|require|mustPass|on|roles|quantile|events|arms|with|values|hosts|a|b)(\[\d+\])?$/;

function listsOf(value: unknown, at = ''): Array<{ at: string; list: string[] }> {
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every((item) => typeof item === 'string')) return [{ at, list: value }];
    return value.flatMap((inner, index) => listsOf(inner, `${at}[${index}]`));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => listsOf(inner, at === '' ? key : `${at}.${key}`));
}

function textsOf(value: unknown, at = ''): Array<{ at: string; text: string }> {
  if (typeof value === 'string') return [{ at, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textsOf(inner, at === '' ? key : `${at}.${key}`));
}

describe.each(Object.entries(environments))('what a plan for %s may do', (_, spec) => {
  const authority = planAuthority(spec);

  it('has every program with all its arguments, and every variable', () => {
    const programs = new Set(authority.programs.map(({ at, argv }) => `${at} ${JSON.stringify(argv)}`));
    const variables = new Set(authority.variables.map(({ at, name }) => `${at} ${name}`));
    const unseen = listsOf(spec).filter(
      ({ at, list }) =>
        !neither.test(at) &&
        !programs.has(`${at} ${JSON.stringify(list)}`) &&
        !list.every((name) => variables.has(`${at} ${name}`)),
    );
    expect(unseen).toEqual([]);
  });

  it('has every address', () => {
    const shown = authority.addresses.map(({ address }) => address);
    const unseen = textsOf(spec).filter(
      ({ text }) => /^https?:\/\//.test(text) && !shown.some((address) => text.startsWith(address)),
    );
    expect(unseen).toEqual([]);
    expect(shown).toContain(spec.url);
  });
});

describe('what a plan may do', () => {
  it('has sockets, names of headers’ variables, and never a value', () => {
    const all = Object.values(environments).map(planAuthority);
    const addresses = all.flatMap((one) => one.addresses.map(({ address }) => address));
    expect(addresses.some((address) => address.startsWith('/'))).toBe(true);
    const names = all.flatMap((one) => one.variables.map(({ name }) => name));
    expect(names).toContain('PROMETHEUS_AUTHORIZATION');
    expect(names).toContain('APPROVAL_TOKEN');
    const set = Object.values(environments).flatMap((spec) => Object.entries(spec.revision.env.set));
    expect(set.length).toBeGreaterThan(0);
    for (const [name, value] of set) {
      expect(names).toContain(name);
      expect(names).not.toContain(value);
    }
  });
});
