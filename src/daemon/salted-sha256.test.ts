import { describe, expect, test } from 'vitest';
import { saltedSha256 } from './salted-sha256.ts';

function verify(password: string, passwordHash: string | undefined): boolean {
  let result: boolean | undefined;
  saltedSha256.verify(password, passwordHash, (matches) => {
    result = matches;
  });
  if (result === undefined) throw new Error('verify did not answer');
  return result;
}

describe('salted sha-256', () => {
  test('accepts the hash that RabbitMQ documents for test12', () => {
    expect(verify('test12', 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR')).toBe(true);
    expect(verify('test13', 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR')).toBe(false);
  });

  test.each(['guest', '', 'pässwörd', 'x'.repeat(5000)])('accepts its own hash of %s', (password) => {
    expect(verify(password, saltedSha256.hash(password))).toBe(true);
    expect(verify(`${password}.`, saltedSha256.hash(password))).toBe(false);
  });

  test('salts: the same password has another hash each time', () => {
    expect(saltedSha256.hash('guest')).not.toBe(saltedSha256.hash('guest'));
  });

  test.each([undefined, '', 'short', '!not base64!'])('no password fits the hash %s', (passwordHash) => {
    expect(verify('', passwordHash)).toBe(false);
    expect(verify('guest', passwordHash)).toBe(false);
  });
});
