import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/model/redaction/redactor.ts';
import { secretForms } from '../../../src/model/redaction/secret-forms.ts';
import { isTellingName } from '../../../src/model/redaction/secret-shapes.ts';
import { seededRandom } from '../../analysis/seeded-random.ts';
import { proofCount, recordProof } from '../../faults/record-proof.ts';

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const wide = `${letters}!"#$%&'()*+,-./:;<=>?@[\\]^_{|}~ äß€中😀`;

type Random = () => number;

function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function word(random: Random, alphabet: string, length: number): string {
  const characters = [...alphabet];
  return Array.from({ length }, () => pick(random, characters)).join('');
}

const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** How a secret may stand in a text; each gives the text that must not come out again. */
const encodings: Readonly<Record<string, (secret: string, random: Random) => string>> = {
  plain: (secret) => secret,
  json: (secret) => json(secret),
  'json twice': (secret) => json(json(secret)),
  url: (secret) => encodeURIComponent(secret),
  'url lower': (secret) => encodeURIComponent(secret).replace(/%../g, (code) => code.toLowerCase()),
  form: (secret) => new URLSearchParams({ a: secret }).toString().slice(2),
  hex: (secret) => Buffer.from(secret).toString('hex'),
  base64: (secret) => base64(secret),
  'base64 of user and secret': (secret, random) =>
    base64(`${word(random, letters, 1 + Math.floor(random() * 9))}:${secret}`),
  'base64 inside': (secret, random) =>
    base64(
      `${word(random, letters, Math.floor(random() * 9))}${secret}${word(random, letters, Math.floor(random() * 9))}`,
    ),
  base64url: (secret, random) =>
    Buffer.from(`${word(random, letters, Math.floor(random() * 5))}${secret}`).toString('base64url'),
};

/** Whether the output can be read back, as it is or by decoding any run of base64 in it, to six bytes in a row of the secret. */
function leaked(encoded: string, secret: string, output: string): boolean {
  if (output.includes(secret) || output.includes(encoded)) return true;
  const bytes = Buffer.from(secret);
  const pieces = Array.from({ length: bytes.length - 5 }, (_, at) => bytes.subarray(at, at + 6));
  const runs = output.match(/[A-Za-z0-9+/_-]{8,}/g) ?? [];
  return runs.some((run) =>
    [0, 1, 2, 3].some((skip) => {
      const decoded = Buffer.from(run.slice(skip), 'base64');
      return pieces.some((piece) => decoded.includes(piece));
    }),
  );
}

describe('createRedactor', () => {
  it('lets no planted secret through: every encoding, whole and in pieces', { timeout: 1_800_000 }, () => {
    const seed = 20261121;
    const random = seededRandom(seed);
    const rounds = proofCount({ quick: 300, full: 3000 });
    const names = Object.keys(encodings);
    let cases = 0;
    const leaks: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const alphabet = round % 3 === 0 ? wide : letters;
      const secrets = Array.from({ length: 3 }, () => word(random, alphabet, 8 + Math.floor(random() * 40)));
      const redactor = createRedactor(secrets);
      for (const name of names)
        for (const secret of secrets) {
          const encoded = encodings[name]?.(secret, random) ?? '';
          const text = `${word(random, `${letters} \n{}":,`, Math.floor(random() * 80))} ${encoded} ${word(random, `${letters} \n`, Math.floor(random() * 80))}`;
          if (leaked(encoded, secret, redactor.text(text))) leaks.push(`${name}: ${secret}`);
          const stream = redactor.stream();
          let output = '';
          for (let at = 0; at < text.length; ) {
            const size = 1 + Math.floor(random() * 24);
            output += stream.push(text.slice(at, at + size));
            at += size;
          }
          output += stream.end();
          if (leaked(encoded, secret, output)) leaks.push(`${name}, in pieces: ${secret}`);
          cases += 2;
        }
    }
    recordProof({
      promise: 'secrets',
      what: 'planted secrets in every encoding, whole and as a stream cut into random pieces: not six bytes of one can be read back from the output',
      tried: cases,
      wrong: leaks.length,
      seed,
      figures: { encodings: names.length },
    });
    expect(leaks).toEqual([]);
    expect(cases).toBeGreaterThanOrEqual(10_000);
  });

  it('lets no secret through whatever the place at which the stream is cut', () => {
    const secret = 'Zx9-secret/with+signs==';
    const redactor = createRedactor([secret]);
    for (const [name, encode] of Object.entries(encodings)) {
      const encoded = encode(secret, seededRandom(7));
      const text = `before the line\n${encoded} and after\n${'x'.repeat(300)}\n`;
      for (let cut = 0; cut <= text.length; cut += 1) {
        const stream = redactor.stream();
        const output = stream.push(text.slice(0, cut)) + stream.push(text.slice(cut)) + stream.end();
        expect(leaked(encoded, secret, output), `${name} cut at ${cut}`).toBe(false);
        expect(output, `${name} cut at ${cut}`).toBe(redactor.text(text));
      }
    }
  });

  it('says the same thing twice as once, and leaves JSON parseable', () => {
    const random = seededRandom(5);
    for (let round = 0; round < 2000; round += 1) {
      const secret = word(random, round % 2 === 0 ? wide : 'nrtbfu012345', 8 + Math.floor(random() * 8));
      const redactor = createRedactor([secret]);
      const value = {
        text: `a\n${secret.slice(1)} ${secret} "${secret}`,
        [secret]: [secret, 1, null, true],
        n: 12345678,
      };
      const clean = redactor.data(value);
      expect(
        [clean.text, ...Object.keys(clean), ...Object.values(clean).flat()].filter((part) =>
          String(part).includes(secret),
        ),
      ).toEqual([]);
      expect(redactor.data(clean)).toEqual(clean);
      const text = redactor.text(JSON.stringify(value));
      expect(() => JSON.parse(text)).not.toThrow();
      expect(redactor.text(text)).toBe(text);
    }
  });

  it('hands back data without secrets itself', () => {
    const value = { a: [1, 'two', { b: null }], at: new Date(0) };
    expect(createRedactor(['not-in-there']).data(value)).toBe(value);
  });

  it('leaves short values alone', () => {
    expect(secretForms('1234567')).toEqual([]);
    expect(createRedactor(['1234567']).text('order 1234567')).toBe('order 1234567');
  });

  it('is quick enough for every line of a journal and a whole report', () => {
    const random = seededRandom(3);
    const redactor = createRedactor(Array.from({ length: 20 }, () => word(random, letters, 24)));
    const event = {
      type: 'counts',
      data: { at: 1, arms: [{ revision: '1.4.0-3f9c1a2b4d5e', requests: 812, failed: 3 }] },
    };
    const report = `${'The candidate answered 812 requests with 3 failures, "p99": 412 ms, see run 01JD4.\n'.repeat(12_500)}`;
    const timeOf = (work: () => void): number => {
      const started = performance.now();
      work();
      return performance.now() - started;
    };
    redactor.data(event);
    redactor.text(report.slice(0, 1000));
    expect(timeOf(() => Array.from({ length: 1000 }, () => redactor.data(event)))).toBeLessThan(1000);
    expect(timeOf(() => redactor.text(report))).toBeLessThan(1500);
  });
});

describe('redactShapes', () => {
  const { text } = createRedactor([]);
  const key = `-----BEGIN OPENSSH PRIVATE KEY-----\n${'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n'.repeat(5)}-----END OPENSSH PRIVATE KEY-----`;

  it.each([
    [
      'a JWT',
      'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
      'dozjgNry',
    ],
    ['a private key', key, 'b3BlbnNz'],
    ['a private key in JSON', JSON.stringify(key), 'b3BlbnNz'],
    ['the end of a private key', key.slice(60), 'b3BlbnNz'],
    ['the beginning of a private key', key.slice(0, 90), 'b3BlbnNz'],
    ['a GitHub token', 'ghp_0123456789abcdefghijABCDEFGHIJ012345', '0123456789abcdef'],
    ['a fine-grained GitHub token', 'github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz', 'abcdefghijkl'],
    ['a Slack token', 'xoxb-123456789012-abcdefGHIJKL', 'abcdefGHIJKL'],
    ['an AWS key id', 'AKIAIOSFODNN7EXAMPLE', 'IOSFODNN7'],
    ['a model key', 'sk-ant-api03-abcdefghijklmnopqrstuvwxyz', 'abcdefghijkl'],
    ['user info', 'postgres://shop:hunter2hunter2@db:5432/shop', 'hunter2'],
    ['user info with an @', 'https://me:p@ss:word@host/path', 'p@ss'],
    ['a parameter', 'GET https://api.test/v1?user=7&access_token=abc123def456&x=1', 'abc123def456'],
    ['a signed address', 'https://s3.test/a?X-Amz-Signature=0123456789abcdef&b', '0123456789abcdef'],
    ['a webhook', 'https://hooks.slack.com/services/T000/B000/XXXXYYYYZZZZ', 'XXXXYYYYZZZZ'],
    ['a header', 'Authorization: Bearer abcdefghijklmnop', 'abcdefghijklmnop'],
    ['a basic header', '{"authorization":"Basic dXNlcjpwYXNzd29yZA=="}', 'dXNlcjpw'],
    ['an option', 'deploy --token=abcdef123456 --region eu', 'abcdef123456'],
    ['a setting', 'DB_PASSWORD=correct-horse', 'correct-horse'],
    ['a setting in JSON', '{"clientSecret":"x","client_secret":"abcdef123"}', 'abcdef123'],
  ])('takes out %s', (_what, given, secret) => {
    expect(text(given)).not.toContain(secret);
    expect(text(given)).toContain('[redacted]');
    expect(text(text(given))).toBe(text(given));
  });

  it.each([
    'planId 3f9c1a2b4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8',
    'commit 0d9d0cd6f0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5, run 01JD4Y7Z8M3Q5R6S7T8V9W0X1Y',
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '["kubectl","set","image","deploy/shop","shop=registry.test/shop:1.4.0"]',
    'http://127.0.0.1:8080/health?full=1',
    'git@github.com:owner/name.git and someone@example.org',
    'Token bucket: 20 requests; the secret of success is passing tests',
    'approval: the code is 3f9c1a',
    'headersFromEnv: { authorization: API_TOKEN }',
    '-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----',
    '{"tokens":123456,"password":null,"secret":false}',
  ])('leaves %s as it is', (given) => {
    expect(text(given)).toBe(given);
  });

  it('knows the argument behind an option', () => {
    const { data } = createRedactor([]);
    expect(data(['login', '--password', 'hunter2', '--user', 'me'])).toEqual([
      'login',
      '--password',
      '[redacted]',
      '--user',
      'me',
    ]);
  });

  it('costs no more than the length of a hostile text', () => {
    for (const piece of [
      'a://',
      '-----BEGIN PRIVATE KEY-----',
      'eyJaaaaaaaaa.',
      '?token=',
      'password: ',
      'xx-'.repeat(9),
      '\\"',
      'authorization ',
      'A'.repeat(50),
    ]) {
      const hostile = piece.repeat(Math.ceil(200_000 / piece.length));
      const started = performance.now();
      text(hostile);
      text(`${hostile}-----END RSA PRIVATE KEY-----`);
      expect(performance.now() - started, piece).toBeLessThan(1000);
    }
  });
});

describe('isTellingName', () => {
  it.each([
    'API_TOKEN',
    'token',
    'DB_PASSWORD',
    'PGPASSWORD',
    'AWS_SECRET_ACCESS_KEY',
    'clientSecret',
    'STRIPE_KEY',
    'SENTRY_DSN',
    'DB_PASS',
    'GITHUB_TOKEN_2',
    'ANTHROPIC_API_KEY',
    '--api-key',
  ])('%s', (name) => {
    expect(isTellingName(name)).toBe(true);
  });
  it.each([
    'NODE_ENV',
    'PORT',
    'MONKEY',
    'COMPASS',
    'TOKEN_FILE',
    'SECRET_NAME',
    'AWS_ACCESS_KEY_ID',
    'AUTH_URL',
    'KEYBOARD',
    'PATH',
    'SSH_AUTH_SOCK',
  ])('not %s', (name) => {
    expect(isTellingName(name)).toBe(false);
  });
});
