import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrokerUnderTest } from '../servers/broker-under-test.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { RawClient } from '../servers/raw-client.ts';
import type { Server } from '../servers/server.ts';
import { describeWith, PYTHON, pythonModule } from './debian.ts';

const SCRIPT = fileURLToPath(new URL('./kombu/features.py', import.meta.url));

describeWith(pythonModule('kombu', 'python3-kombu'), 'kombu', () => {
  let server: Server;

  beforeAll(async () => {
    server = await startBrokerUnderTest();
  });
  afterAll(() => server.close());

  test('puts and gets through a simple queue', async () => {
    expect(await feature('simple_queue')).toEqual([
      "got {'number': 0}",
      "got {'number': 1}",
      "got {'number': 2}",
      'empty',
      'left 0',
    ]);
  });

  test('publishes with confirms and consumes one at a time, requeueing and rejecting', async () => {
    expect(await feature('work')).toEqual([
      'one first',
      'requeue first',
      'requeue again',
      'reject first',
      'two first',
      'left 0',
    ]);
  });

  test('publishes to subscribers by topic', async () => {
    expect(await feature('pubsub')).toEqual([
      "all news.sport.football {'title': 'goal'}",
      "all news.weather {'title': 'rain'}",
      "sport news.sport.football {'title': 'goal'}",
    ]);
  });

  test('stays connected by heartbeats alone', async () => {
    expect(await feature('heartbeats')).toEqual(['heartbeat 2.0 connected True']);
  });

  test('consumes again after the broker restarted', async () => {
    const worker = run('worker');
    await worker.line('consuming');
    await send('before');
    await worker.line('received before');
    const from = worker.lines.length;
    await server.restart();
    await worker.line('consuming', { from });
    await send('stop');
    expect(await worker.succeeded()).toContain('received stop');
  });

  function run(name: string): StartedProcess {
    return new StartedProcess(PYTHON, ['-u', SCRIPT, server.amqpUrl, name]);
  }

  async function feature(name: string): Promise<string[]> {
    return (await run(name).succeeded()).split('\n');
  }

  async function send(body: string): Promise<void> {
    const client = await RawClient.connect({ port: server.port });
    const channel = await client.openChannel(1);
    channel.publish(
      { routingKey: 'kombu-worker' },
      { contentType: 'text/plain', contentEncoding: 'utf-8' },
      body,
    );
    await channel.settle();
    await client.close();
  }
});
