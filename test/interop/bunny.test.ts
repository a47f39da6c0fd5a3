import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrokerUnderTest } from '../servers/broker-under-test.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { RawClient } from '../servers/raw-client.ts';
import type { Server } from '../servers/server.ts';
import { describeWith, RUBY, rubyLibrary } from './debian.ts';

const SCRIPT = fileURLToPath(new URL('./bunny/features.rb', import.meta.url));

describeWith(rubyLibrary('bunny', 'ruby-bunny'), 'Bunny', () => {
  let server: Server;

  beforeAll(async () => {
    server = await startBrokerUnderTest();
  });
  afterAll(() => server.close());

  test('publishes with confirms and consumes with a prefetch count, acks and a requeue', async () => {
    expect(await feature('work')).toEqual([
      'confirmed true',
      'messages 20',
      'numbers true',
      'redelivered ["7"]',
      'left 0',
    ]);
  });

  test('calls and answers over direct reply-to', async () => {
    expect(await feature('rpc')).toEqual(['anna hello anna', 'ben hello ben']);
  });

  test('routes through bound exchanges and gets unroutable messages back', async () => {
    expect(await feature('exchanges')).toEqual(['got one then nil', 'returned 312 NO_ROUTE two']);
  });

  test('sees channel errors as exceptions, and its connection stays open', async () => {
    const lines = await feature('errors');
    expect(lines[0]).toBe("Bunny::NotFound NOT_FOUND - no queue 'bunny-absent' in vhost '/'");
    expect(lines[1]).toMatch(
      /^Bunny::PreconditionFailed PRECONDITION_FAILED - inequivalent arg .* for queue 'bunny-declared'/,
    );
    expect(lines[2]).toMatch(/^Bunny::AccessRefused ACCESS_REFUSED - .*'amq.mine'/);
    expect(lines[3]).toBe('open true');
  });

  test('recovers its queue and consumer after the broker restarted', async () => {
    const consumer = run('recovers');
    await consumer.line('consuming');
    await send('before');
    await consumer.line('received before');
    await server.restart();
    await consumerOf('bunny-recovers');
    await send('stop');
    expect(await consumer.succeeded()).toContain('received stop');
  });

  function run(name: string): StartedProcess {
    return new StartedProcess(RUBY, [SCRIPT, server.amqpUrl, name]);
  }

  async function feature(name: string): Promise<string[]> {
    return (await run(name).succeeded()).split('\n');
  }

  /** Waits until the queue has a consumer again. */
  async function consumerOf(queue: string): Promise<void> {
    const client = await RawClient.connect({ port: server.port });
    for (let tries = 0, consumers = 0; consumers === 0; tries++) {
      if (tries === 2000) throw new Error(`nobody consumes from '${queue}'`);
      const channel = await client.openChannel(1);
      const declared = await channel.call('queue.declare', { queue, passive: true }).catch(() => undefined);
      consumers = declared?.consumerCount ?? 0;
      if (channel.closed === undefined) await channel.call('channel.close', { replyCode: 200 });
    }
    await client.close();
  }

  async function send(body: string): Promise<void> {
    const client = await RawClient.connect({ port: server.port });
    const channel = await client.openChannel(1);
    channel.publish({ routingKey: 'bunny-recovers' }, {}, body);
    await channel.settle();
    await client.close();
  }
});
