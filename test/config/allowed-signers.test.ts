import { describe, expect, it } from 'vitest';
import {
  fingerprintOf,
  parseAllowedSigners,
  parsePublicKey,
  renderForVerification,
  renderSigner,
  type Signer,
  userConfigFolder,
} from '../../src/config/allowed-signers.ts';

const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIAGZK4butaqgQLYN9nlP+AJF/D64L+Ep7S+GzBkI7un2';
const grace: Signer = {
  name: 'grace',
  keyType: 'ssh-ed25519',
  key,
  fingerprint: 'SHA256:P4PAEpjdbIG83ylIKVR5vLlOMoPq/den8D/lbJo2cbs',
  kind: 'passphrase',
  roles: ['releaseManager', 'changeAdvisoryBoard'],
  account: 'g.hopper',
  validity: ['valid-after="20260101"', 'valid-before="20270101"'],
};

describe('a list of approvers', () => {
  it('is read as it is written', () => {
    expect(parseAllowedSigners(`# approvers\n\n${renderSigner(grace)}\r\n`)).toEqual({ signers: [grace], ignored: [] });
    const plain: Signer = { ...grace, roles: [], account: null, validity: [] };
    expect(parseAllowedSigners(renderSigner(plain)).signers).toEqual([plain]);
  });

  it('hands ssh-keygen one name, one key, our namespace, and how long it holds', () => {
    expect(renderForVerification(grace)).toBe(
      `grace namespaces="seatrial-approval-v1",valid-after="20260101",valid-before="20270101" ssh-ed25519 ${key}`,
    );
  });

  it('has fingerprints as ssh-keygen prints them', () => {
    expect(fingerprintOf(key)).toBe(grace.fingerprint);
  });

  it('tells which line counts for nothing, and why', () => {
    const { signers, ignored } = parseAllowedSigners(
      `grace ssh-ed25519 ${key}\n\n* ssh-ed25519 ${key}\nx ssh-dss AAAA\n`,
    );
    expect(signers).toEqual([]);
    expect(ignored.map(({ line }) => line)).toEqual([1, 3, 4]);
    expect(ignored.every(({ reason }) => reason.length > 10)).toBe(true);
  });

  it('takes public keys only, of types that can approve', () => {
    expect(parsePublicKey(`ssh-ed25519 ${key} me@here\n`)).toEqual({ keyType: 'ssh-ed25519', key });
    expect(parsePublicKey('-----BEGIN OPENSSH PRIVATE KEY-----\nx')).toEqual({
      reason: expect.stringContaining('ends in .pub'),
    });
    for (const text of ['', 'ssh-dss AAAA', `ssh-rsa ${key}`, 'ssh-ed25519 !!!'])
      expect(parsePublicKey(text)).toHaveProperty('reason');
  });

  it('lies outside of every project', () => {
    expect(userConfigFolder({ XDG_CONFIG_HOME: '/c', HOME: '/h' })).toBe('/c/seatrial');
    expect(userConfigFolder({ XDG_CONFIG_HOME: 'relative', HOME: '/h' })).toBe('/h/.config/seatrial');
  });
});
