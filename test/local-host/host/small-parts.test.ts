import { describe, expect, it } from 'vitest';
import { hasNoBody, isIdempotent, readCookie } from '../../../src/local-host/host/forwarded-headers.ts';
import { closeForRestart, FrameBoundary } from '../../../src/local-host/host/frame-boundary.ts';
import { hostFiles } from '../../../src/local-host/host/host-files.ts';
import { excerptOf } from '../../../src/local-host/host/log-excerpt.ts';
import { assertRevisionName } from '../../../src/local-host/host/revision-name.ts';
import { listenAddress } from '../../../src/local-host/host-spec-of.ts';

describe('excerpt of a log', () => {
  it('keeps the end, on one line, at most 200 characters, without anything that a terminal obeys', () => {
    expect(excerptOf('\u001b[31mred\u001b[0m\n\u202etext\u200b\u0007 end\r\n')).toBe('red text end');
    expect(excerptOf(`${'a'.repeat(500)}Z`)).toHaveLength(200);
    expect(excerptOf(`${'a'.repeat(500)}Z`)?.endsWith('Z')).toBe(true);
    expect(excerptOf(`😀${'b'.repeat(199)}`)).toBe('b'.repeat(199));
    expect(excerptOf(' \n\u0000 ')).toBeNull();
  });
});

describe('frame boundary', () => {
  const frames = Buffer.concat([
    Buffer.of(0x81, 2, 0x61, 0x62),
    Buffer.concat([Buffer.of(0x82, 126, 0x01, 0x2c), Buffer.alloc(300)]),
    Buffer.concat([Buffer.of(0x81, 0x81, 1, 2, 3, 4), Buffer.of(9)]),
    Buffer.concat([Buffer.of(0x82, 127, 0, 0, 0, 0, 0, 0, 0x01, 0x00), Buffer.alloc(256)]),
  ]);
  const ends = [4, 4 + 304, 4 + 304 + 7, frames.length];

  it('is found however the bytes are cut', () => {
    for (const size of [1, 3, 7, 1000, frames.length]) {
      const boundary = new FrameBoundary();
      for (let at = 0; at < frames.length; at += size) {
        boundary.push(frames.subarray(at, at + size));
        expect(boundary.atBoundary).toBe(ends.includes(Math.min(at + size, frames.length)));
      }
    }
  });

  it('takes our own close frame for a whole one, with status 1012', () => {
    const boundary = new FrameBoundary();
    boundary.push(closeForRestart);
    expect(boundary.atBoundary).toBe(true);
    expect(Buffer.from(closeForRestart).readUInt16BE(2)).toBe(1012);
  });
});

describe('headers', () => {
  it('give a cookie by its whole name', () => {
    expect(readCookie('a=1; seatrial_unit=abc ; b=2', 'seatrial_unit')).toBe('abc');
    expect(readCookie('xseatrial_unit=abc', 'seatrial_unit')).toBeNull();
    expect(readCookie('seatrial_unit=', 'seatrial_unit')).toBeNull();
    expect(readCookie(undefined, 'a')).toBeNull();
  });

  it('tell what may be sent twice', () => {
    expect([
      isIdempotent('GET'),
      isIdempotent('PUT'),
      isIdempotent('POST'),
      isIdempotent('PATCH'),
      isIdempotent(undefined),
    ]).toEqual([true, true, false, false, false]);
    expect([
      hasNoBody({}),
      hasNoBody({ 'content-length': '0' }),
      hasNoBody({ 'content-length': '1' }),
      hasNoBody({ 'transfer-encoding': 'chunked' }),
    ]).toEqual([true, true, false, false]);
  });
});

describe('names and addresses', () => {
  it('refuses names that could leave their folder', () => {
    for (const name of ['../x', 'a/b', '-rf', '', '.git', 'a..b', 'a\0b', 'a'.repeat(129), 'a b']) {
      expect(() => assertRevisionName(name), name).toThrow(/not a version/);
    }
    expect(() => assertRevisionName('1.0.0+build_7-abc')).not.toThrow();
  });

  it('keeps socket paths short enough for the kernel', () => {
    const long = `/tmp/${'x'.repeat(120)}`;
    expect(hostFiles(long, '/run/user/1').controlSocket).toMatch(/^\/run\/user\/1\/seatrial-[0-9a-f]{12}\.sock$/);
    expect(hostFiles('/tmp/short', '/run/user/1').controlSocket).toBe('/tmp/short/control.sock');
    expect(Buffer.byteLength(hostFiles(long, 'relative').controlSocket)).toBeLessThan(108);
  });

  it('listens where users ask, on plain http only', () => {
    expect(listenAddress('http://127.0.0.1:8080/')).toEqual({ host: '127.0.0.1', port: 8080 });
    expect(listenAddress('http://[::1]')).toEqual({ host: '::1', port: 80 });
    expect(() => listenAddress('https://shop.example')).toThrow(/plain http/);
  });
});
