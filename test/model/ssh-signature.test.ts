import { describe, expect, it } from 'vitest';
import { parseSshSignature } from '../../src/model/ssh-signature.ts';

function string(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function armoured(blob: Buffer): string {
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`;
}

/** As PROTOCOL.sshsig and PROTOCOL.u2f have it. */
function signature(keyType: string, inner: Buffer): string {
  const version = Buffer.from([0, 0, 0, 1]);
  const key = Buffer.concat([string(keyType), string('key')]);
  const parts = [string(key), string('space'), string(''), string('sha512'), string(inner)];
  return armoured(Buffer.concat([Buffer.from('SSHSIG'), version, ...parts]));
}

const touchType = 'sk-ssh-ed25519@openssh.com';
const touched = (flags: number): Buffer =>
  Buffer.concat([string(touchType), string('sig'), Buffer.from([flags, 0, 0, 0, 7])]);

describe('an SSH signature', () => {
  it('says key, namespace, and of a touch key whether somebody was there', () => {
    expect(parseSshSignature(signature('ssh-ed25519', Buffer.concat([string('ssh-ed25519'), string('s')])))).toEqual({
      keyType: 'ssh-ed25519',
      key: Buffer.concat([string('ssh-ed25519'), string('key')]).toString('base64'),
      namespace: 'space',
      touched: null,
    });
    expect(parseSshSignature(signature(touchType, touched(0x01)))?.touched).toBe(true);
    expect(parseSshSignature(signature(touchType, touched(0x05)))?.touched).toBe(true);
    expect(parseSshSignature(signature(touchType, touched(0x00)))?.touched).toBe(false);
    expect(parseSshSignature(signature(touchType, touched(0x04)))?.touched).toBe(false);
  });

  it('of a touch key that is cut short, or longer, was not touched', () => {
    const whole = touched(0x01);
    for (const inner of [whole.subarray(0, -1), Buffer.concat([whole, Buffer.from([1])]), string(touchType)])
      expect(parseSshSignature(signature(touchType, inner))?.touched).toBe(false);
  });

  it('is null when it is none, wherever it is cut', () => {
    const text = signature(touchType, touched(0x01));
    const blob = Buffer.from(text.split('\n').slice(1, -2).join(''), 'base64');
    for (let length = 0; length < blob.length - 60; length++) {
      const read = parseSshSignature(armoured(blob.subarray(0, length)));
      expect(read?.touched ?? null).not.toBe(true);
    }
    for (const other of ['', 'hello', text.replace('SSH SIG', 'PGP SIG'), text.replace('U1NIU0lH', 'U1NIU0lI')])
      expect(parseSshSignature(other)).toBeNull();
  });
});
