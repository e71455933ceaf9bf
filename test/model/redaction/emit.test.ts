import { describe, expect, it } from 'vitest';
import { declareSecret, declareVariables, emitData, emitText } from '../../../src/model/redaction/emit.ts';

describe('emit', () => {
  it('takes out what was declared, in data and in text', () => {
    declareSecret('emit-test-Secret1\n');
    expect(emitText('it is emit-test-Secret1.')).toBe('it is [redacted].');
    expect(emitData({ a: ['x emit-test-Secret1'], b: 1 })).toEqual({ a: ['x [redacted]'], b: 1 });
  });

  it('takes variables by their name, and those that are handed on by their value', () => {
    declareVariables(
      {
        EMIT_TEST_PASSWORD: 'hunterhunter',
        EMIT_TEST_LICENSE: 'Ab3dEf6hIj9k',
        EMIT_TEST_STAGE: 'production',
        EMIT_TEST_PLACE: '/srv/shop/current',
        EMIT_TEST_URL: 'http://127.0.0.1:9000/api',
        EMIT_TEST_VERSION: '1.4.0-rc.12',
        EMIT_TEST_OTHER: 'Zz9yXx8wVv7u',
        HOME: '/home/somebody',
      },
      ['EMIT_TEST_LICENSE', 'EMIT_TEST_STAGE', 'EMIT_TEST_PLACE', 'EMIT_TEST_URL', 'EMIT_TEST_VERSION', 'HOME'],
    );
    const rest = 'production /srv/shop/current http://127.0.0.1:9000/api 1.4.0-rc.12 Zz9yXx8wVv7u /home/somebody';
    expect(emitText(`hunterhunter Ab3dEf6hIj9k ${rest}`)).toBe(`[redacted] [redacted] ${rest}`);
  });
});
