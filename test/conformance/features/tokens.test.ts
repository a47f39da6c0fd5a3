import { describe, expect, test } from 'vitest';
import type { TokenVerifier, VerifiedToken } from '../../../src/core/environment.ts';
import type { RawClient } from '../../servers/raw-client.ts';
import { ProtocolBroker } from '../protocol/protocol-broker.ts';

const MINUTE_MS = 60_000;

/** Tokens that read `token:name`, for what the test says that they mean. */
class Issuer implements TokenVerifier {
  readonly issued = new Map<string, VerifiedToken>();

  isToken(text: string): boolean {
    return text.startsWith('token:');
  }

  verify(token: string, done: (result: VerifiedToken | { readonly refused: string }) => void): void {
    done(this.issued.get(token) ?? { refused: 'token: signature verification failed' });
  }
}

interface Scene {
  readonly broker: ProtocolBroker;
  readonly issuer: Issuer;
  issue(name: string, scopes: readonly string[], minutes?: number, username?: string): string;
}

async function start(): Promise<Scene> {
  const broker = await ProtocolBroker.start();
  const issuer = new Issuer();
  const { environment } = broker.broker.runtime;
  Object.assign(environment, { tokens: issuer });
  return {
    broker,
    issuer,
    issue(name, scopes, minutes = 5, username = 'ann') {
      const expiresAtMs = environment.clock.wallMs() + minutes * MINUTE_MS;
      issuer.issued.set(`token:${name}`, { username, scopes, expiresAtMs });
      return `token:${name}`;
    },
  };
}

function connect({ broker }: Scene, password: string): Promise<RawClient> {
  return broker.connect({ user: 'ignored', password });
}

async function renew(client: RawClient, newSecret: string): Promise<void> {
  await client.channel(0).call('connection.update-secret', { newSecret, reason: 'it expires soon' });
}

describe('a client with a token', () => {
  test('is the user that the token names, and may do what its scopes say', async () => {
    const scene = await start();
    const token = scene.issue('a', [
      'configure:%2F/jobs-*',
      'write:%2F/jobs-*',
      'read:*/*',
      'write:%2F/events/eu.*',
    ]);
    const channel = await (await connect(scene, token)).openChannel(1);
    expect([...scene.broker.broker.connections][0]?.session?.username).toBe('ann');
    await channel.call('queue.declare', { queue: 'jobs-1' });
    await expect(channel.call('queue.declare', { queue: 'other' })).rejects.toMatchObject({ code: 403 });
  });

  test('publishes to topics with the routing keys that its scopes name', async () => {
    const scene = await start();
    const guest = await scene.broker.openChannel();
    await guest.call('exchange.declare', { exchange: 'events', type: 'topic' });
    const token = scene.issue('a', ['write:%2F/events/eu.*']);
    const channel = await (await connect(scene, token)).openChannel(1);
    await channel.call('confirm.select', {});
    channel.publish({ exchange: 'events', routingKey: 'eu.orders' }, {}, 'x');
    await channel.expect('basic.ack');
    channel.publish({ exchange: 'events', routingKey: 'us.orders' }, {}, 'x');
    expect(await channel.whenClosed()).toMatchObject({ code: 403 });
  });

  test('enters only the vhosts of its scopes', async () => {
    const scene = await start();
    const token = scene.issue('a', ['read:v1/*', 'tag:administrator']);
    await expect(connect(scene, token)).rejects.toMatchObject({ code: 530 });
  });

  test('is refused when the token is no good, and when the broker knows no issuer', async () => {
    const scene = await start();
    await expect(connect(scene, 'token:forged')).rejects.toMatchObject({ code: 403 });
    const token = scene.issue('a', ['read:*/*']);
    Object.assign(scene.broker.broker.runtime.environment, { tokens: undefined });
    await expect(connect(scene, token)).rejects.toMatchObject({ code: 403 });
  });

  test('is told 320 when its token expires', async () => {
    const scene = await start();
    const client = await connect(scene, scene.issue('a', ['read:*/*']));
    await scene.broker.running.clock.advance('299s');
    expect(scene.broker.broker.connectionCount).toBe(1);
    await scene.broker.running.clock.advance('1s');
    expect(await client.whenClosed()).toMatchObject({ code: 320 });
  });

  test('stays when it renews the token in time, with the scopes of the new one', async () => {
    const scene = await start();
    const client = await connect(scene, scene.issue('a', ['read:%2F/*', 'configure:%2F/*']));
    const channel = await client.openChannel(1);
    await channel.call('queue.declare', { queue: 'q' });
    await renew(client, scene.issue('b', ['read:%2F/*'], 60));
    await scene.broker.running.clock.advance('10m');
    await channel.call('basic.get', { queue: 'q' });
    await expect(channel.call('queue.declare', { queue: 'r' })).rejects.toMatchObject({ code: 403 });
  });

  test.each([
    ['of somebody else', 'bob'],
    ['that is forged', undefined],
  ])('is told 530 when it brings a token %s', async (_, username) => {
    const scene = await start();
    const client = await connect(scene, scene.issue('a', ['read:%2F/*']));
    const other = username === undefined ? 'token:forged' : scene.issue('b', ['read:*/*'], 5, username);
    await expect(renew(client, other)).rejects.toMatchObject({ code: 530 });
  });

  test('a user with a password may send a new one, which changes nothing', async () => {
    const scene = await start();
    await renew(await scene.broker.connect(), 'anything');
  });
});
