/** What a detached SSH signature says of itself (PROTOCOL.sshsig); nothing of it is proven by reading it. */
export type SshSignature = {
  keyType: string;
  /** Base64 of the public key. */
  key: string;
  namespace: string;
  /** Of a touch key: somebody was present. Null for other keys, which cannot tell. */
  touched: boolean | null;
};

const armor = /^\s*-----BEGIN SSH SIGNATURE-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END SSH SIGNATURE-----\s*$/;
const userPresent = 0x01;

/** Reads an armoured signature; null when it is none. Pure. */
export function parseSshSignature(armored: string): SshSignature | null {
  const body = armor.exec(armored)?.[1];
  if (body === undefined) return null;
  const bytes = Buffer.from(body.replace(/\s+/g, ''), 'base64');
  if (bytes.subarray(0, 6).toString('latin1') !== 'SSHSIG' || bytes.length < 10 || bytes.readUInt32BE(6) !== 1)
    return null;
  const [publicKey, namespace, , , signature] = readStrings(bytes.subarray(10), 5);
  if (publicKey === undefined || namespace === undefined || signature === undefined) return null;
  const [keyType] = readStrings(publicKey, 1);
  if (keyType === undefined) return null;
  const type = keyType.toString('latin1');
  return {
    keyType: type,
    key: publicKey.toString('base64'),
    namespace: namespace.toString('utf8'),
    touched: type.startsWith('sk-') ? wasTouched(signature) : null,
  };
}

/** The signature of a touch key ends with one byte of flags and a counter. */
function wasTouched(signature: Buffer): boolean {
  const parts = readStrings(signature, 2);
  const before = parts.reduce((sum, part) => sum + 4 + part.length, 0);
  const flags = parts.length === 2 && signature.length === before + 5 ? signature.readUInt8(before) : 0;
  return (flags & userPresent) !== 0;
}

/** As many length-prefixed strings as there are, up to `count`. */
function readStrings(bytes: Buffer, count: number): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  while (found.length < count && at + 4 <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    if (at + 4 + length > bytes.length) return found;
    found.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}
