import { expect, test } from 'vitest';
import { hashingAlgorithmOf } from './password-hash.ts';

test.each([
  ['kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR', 'rabbit_password_hashing_sha256'],
  [`${'A'.repeat(91)}=`, 'rabbit_password_hashing_sha512'],
  [`scrypt$17$8$1$${'A'.repeat(22)}==$${'B'.repeat(43)}=`, 'leveret_password_hashing_scrypt'],
  ['', undefined],
  ['secret', undefined],
  [`${'A'.repeat(27)}=`, undefined],
])('%s: %s', (passwordHash, algorithm) => {
  expect(hashingAlgorithmOf(passwordHash)).toBe(algorithm);
});
