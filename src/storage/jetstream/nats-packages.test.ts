import { expect, test, vi } from 'vitest';
import { loadNatsPackages } from './nats-packages.ts';

vi.mock('@nats-io/kv', () => {
  throw new Error("Cannot find package '@nats-io/kv'");
});

test('a package that is not installed is named, with how to install it', async () => {
  await expect(loadNatsPackages()).rejects.toMatchObject({
    code: 'NATS_UNREACHABLE',
    message: expect.stringMatching(
      /^the client of NATS cannot be loaded \(.*\): npm install @nats-io\/transport-node @nats-io\/jetstream @nats-io\/kv$/s,
    ),
  });
});
