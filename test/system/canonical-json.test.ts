import { describe, expect, it } from 'vitest';
import { canonicalJson, sha256Hex } from '../../src/system/canonical-json.ts';

describe('canonicalJson', () => {
  it('has one text for one value (examples of RFC 8785)', () => {
    expect(canonicalJson({ b: 1, a: [3, { d: null, c: true }] })).toBe('{"a":[3,{"c":true,"d":null}],"b":1}');
    expect(canonicalJson([333333333.3333333, 1e30, 4.5, 2e-3, 1e-27])).toBe(
      '[333333333.3333333,1e+30,4.5,0.002,1e-27]',
    );
    expect(canonicalJson('€$\u000f\nA\'B"\\\\"/')).toBe('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"');
    const keys = {
      '€': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew',
      '1': 'One',
      '😀': 'Emoji',
      '\u0080': 'Control',
      ö: 'Latin',
    };
    expect(Object.keys(JSON.parse(canonicalJson(keys))).map((key) => key.codePointAt(0))).toEqual([
      49, 13, 128, 246, 8364, 128512, 64307,
    ]);
  });

  it('refuses what JSON cannot hold', () => {
    for (const value of [undefined, Number.NaN, { a: Number.POSITIVE_INFINITY }])
      expect(() => canonicalJson(value)).toThrow();
  });
});

describe('sha256Hex', () => {
  it('hashes the UTF-8 form', () => {
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
