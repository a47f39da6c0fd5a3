import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { NodeCredentials, type NodeCredentialsOptions } from './node-credentials.ts';

function credentials(options: Partial<NodeCredentialsOptions> = {}): NodeCredentials {
  return new NodeCredentials({
    replacesCheapHashes: true,
    wellKnownPassword: 'guest',
    nowMs: () => 0,
    cost: { log2N: 4, r: 8, p: 1 },
    ...options,
  });
}

function slowHash(from: NodeCredentials, password: string): Promise<string> {
  return new Promise((resolve, reject) =>
    from.hashSlowly(password, (made) => (made === undefined ? reject(new Error('busy')) : resolve(made))),
  );
}

function verify(
  by: NodeCredentials,
  password: string,
  passwordHash: string | undefined,
): Promise<boolean | undefined> {
  return new Promise((resolve) => by.verify(password, passwordHash, resolve));
}

function answersAtOnce(by: NodeCredentials, password: string, passwordHash: string): boolean {
  let answered = false;
  by.verify(password, passwordHash, () => {
    answered = true;
  });
  return answered;
}

function sha512(password: string): string {
  const salt = Buffer.from([1, 2, 3, 4]);
  const digest = createHash('sha512').update(salt).update(password).digest();
  return Buffer.concat([salt, digest]).toString('base64');
}

describe('credentials', () => {
  test('scrypt hashes say how they were made, are salted, and are verified', async () => {
    const made = credentials({ cost: { log2N: 17, r: 8, p: 1 } });
    const [one, other] = await Promise.all([slowHash(made, 's3cret'), slowHash(made, 's3cret')]);
    expect(one).toMatch(/^scrypt\$17\$8\$1\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=$/);
    expect(one).not.toBe(other);
    expect(await verify(credentials(), 's3cret', one)).toBe(true);
    expect(await verify(credentials(), 's3cret.', one)).toBe(false);
  });

  test('the hash that RabbitMQ documents for test12 is accepted, and one with SHA-512', async () => {
    const rabbit = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR';
    expect(await verify(credentials(), 'test12', rabbit)).toBe(true);
    expect(await verify(credentials(), 'test13', rabbit)).toBe(false);
    expect(await verify(credentials(), 'pässwörd', sha512('pässwörd'))).toBe(true);
    expect(await verify(credentials(), 'passwörd', sha512('pässwörd'))).toBe(false);
  });

  test('cheap hashes are outdated, but for a password that everybody knows and where nothing is remembered', () => {
    const made = credentials();
    expect(made.isOutdated(made.hash('s3cret'), 's3cret')).toBe(true);
    expect(made.isOutdated(sha512('s3cret'), 's3cret')).toBe(true);
    expect(made.isOutdated(made.hash('guest'), 'guest')).toBe(false);
    expect(made.isOutdated(`scrypt$17$8$1$${'A'.repeat(22)}==$${'B'.repeat(43)}=`, 's3cret')).toBe(false);
    expect(credentials({ replacesCheapHashes: false }).isOutdated(made.hash('s3cret'), 's3cret')).toBe(false);
  });

  test('a log-in that was right is known for five minutes, and only with this hash', async () => {
    let nowMs = 0;
    const by = credentials({ nowMs: () => nowMs });
    const [hash, other] = await Promise.all([slowHash(credentials(), 'a'), slowHash(credentials(), 'a')]);
    expect(answersAtOnce(by, 'a', hash)).toBe(false);
    expect(await verify(by, 'a', hash)).toBe(true);
    nowMs = 299_999;
    expect(answersAtOnce(by, 'a', hash)).toBe(true);
    expect(answersAtOnce(by, 'b', hash)).toBe(false);
    expect(answersAtOnce(by, 'a', other)).toBe(false);
    nowMs = 300_000;
    expect(answersAtOnce(by, 'a', hash)).toBe(false);
    await verify(by, 'a', hash);
  });

  test.each([undefined, '', 'short', 'scrypt$30$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAA=='])(
    'no password fits the hash %s, and finding out takes as long as with any other',
    async (passwordHash) => {
      const by = credentials();
      expect(answersAtOnce(by, '', passwordHash ?? '')).toBe(false);
      expect(await verify(by, 'guest', passwordHash)).toBe(false);
    },
  );

  test('a wrong password for a cheap hash takes as long, too', () => {
    const by = credentials();
    expect(answersAtOnce(by, 'a', by.hash('a'))).toBe(true);
    expect(answersAtOnce(by, 'b', by.hash('a'))).toBe(false);
  });

  test('a program that opens a hundred connections at once gets them all, at the price of one', async () => {
    const by = credentials();
    const hash = await slowHash(credentials(), 'a');
    const answers = await Promise.all(Array.from({ length: 100 }, () => verify(by, 'a', hash)));
    expect(answers).toEqual(Array.from({ length: 100 }, () => true));
    expect(await Promise.all([verify(by, 'b', hash), verify(by, 'a', hash)])).toEqual([false, true]);
  });

  test.each([10, 40])('with %d to do it does not show who is a user, either', async (count) => {
    const by = credentials();
    const hash = await slowHash(credentials(), 'a');
    const busy = Array.from({ length: count }, (_, i) => verify(by, `guess ${i}`, undefined));
    const order: string[] = [];
    const note = async (name: string, answer: Promise<boolean | undefined>): Promise<void> => {
      order.push(`${name} ${await answer}`);
    };
    const cheap = by.hash('right');
    await Promise.all([
      note('slow', verify(by, 'wrong', hash)),
      note('cheap', verify(by, 'wrong', cheap)),
      note('no user', verify(by, 'wrong', undefined)),
    ]);
    const answer = count > 24 ? 'undefined' : 'false';
    expect(order).toEqual([`slow ${answer}`, `cheap ${answer}`, `no user ${answer}`]);
    await Promise.all(busy);
  });
});
