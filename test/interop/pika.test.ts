import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrokerUnderTest } from '../servers/broker-under-test.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { RawClient } from '../servers/raw-client.ts';
import type { Server } from '../servers/server.ts';
import { describeWith, PYTHON, pythonModule } from './debian.ts';

const DIRECTORY = fileURLToPath(new URL('./pika/', import.meta.url));

describeWith(pythonModule('pika', 'python3-pika'), 'pika', () => {
  let server: Server;

  beforeAll(async () => {
    server = await startBrokerUnderTest();
  });
  afterAll(() => server.close());

  test("runs the two scripts of RabbitMQ's first tutorial as they are printed there", async () => {
    const receive = tutorial('receive.py');
    await receive.line(' [*] Waiting for messages.');
    expect(await tutorial('send.py').succeeded()).toBe(" [x] Sent 'Hello World!'");
    expect(await receive.line('[x] Received')).toBe(" [x] Received b'Hello World!'");
    process.kill(receive.pid, 'SIGINT');
    expect(await receive.succeeded()).toContain('Interrupted');
  });

  test('is nacked when a full queue rejects its message', async () => {
    expect(await feature('confirms')).toEqual([
      'one confirmed',
      'two confirmed',
      'three nacked',
      'messages 2',
    ]);
  });

  test('gets unroutable mandatory messages back', async () => {
    expect(await feature('unroutable')).toEqual([
      "returned 312 NO_ROUTE b'lost'",
      'not mandatory: confirmed',
    ]);
  });

  test('holds no more messages than its prefetch count, and gets requeued ones again in place', async () => {
    expect(await feature('prefetch')).toEqual([
      "unacked ['0', '1', '2']",
      "again [('3', True), ('4', True), ('5', True)]",
    ]);
  });

  test('consumes with a generator and gives back what it did not take', async () => {
    expect(await feature('generator')).toEqual(['consumed 0', 'consumed 1', 'consumed 2', 'left 2']);
  });

  test('calls and answers over direct reply-to', async () => {
    expect(await feature('rpc')).toEqual(["replies [('1', '1'), ('2', '4'), ('3', '9')]"]);
  });

  test('commits and rolls back transactions', async () => {
    expect(await feature('transactions')).toEqual([
      'before commit 0',
      'after commit 1',
      'committed acked; left 0',
    ]);
  });

  test('routes by every standard exchange type', async () => {
    expect(await feature('exchanges')).toEqual([
      "direct ['error']",
      "fanout ['error', 'warning']",
      "topic ['kernel.critical', 'kernel.critical.disk']",
      "headers [\"{'format': 'pdf', 'pages': 3}\"]",
    ]);
  });

  test('gets messages in the order of their priorities', async () => {
    expect(await feature('priorities')).toEqual(["order ['200', '9', '9', '5', '1', 'None']"]);
  });

  test('gets expired messages from the dead-letter exchange with x-death', async () => {
    expect(await feature('dead_letters')).toEqual([
      'expired late 1',
      "1 expired pika-short-lived  ['pika-short-lived']",
    ]);
  });

  test('sees channel errors with their codes and texts, and its connection stays open', async () => {
    const lines = await feature('errors');
    expect(lines.map((line) => line.slice(0, 3))).toEqual(['404', '405', '403', '406', '404', '406', 'con']);
    expect(lines[0]).toBe("404 NOT_FOUND - no queue 'pika-absent' in vhost '/'");
    expect(lines[4]).toBe("404 NOT_FOUND - no exchange 'pika-absent' in vhost '/'");
    expect(lines[5]).toBe('406 PRECONDITION_FAILED - unknown delivery tag 7');
    expect(lines[6]).toBe('connection open');
  });

  test('is refused with a wrong password or an unknown vhost', async () => {
    expect(await feature('refused')).toEqual(['ProbableAuthenticationError', 'ProbableAccessDeniedError']);
  });

  test('is told when its queue is deleted', async () => {
    expect(await feature('cancelled')).toEqual(['cancelled my-consumer']);
  });

  test('consumes again after the broker restarted', async () => {
    const consumer = script('features.py', [server.amqpUrl, 'reconnects']);
    await consumer.line('consuming');
    await send('before');
    await consumer.line('received before');
    const from = consumer.lines.length;
    await server.restart();
    await consumer.line('closed by the broker 320', { from });
    await consumer.line('consuming', { from });
    await send('stop');
    expect(await consumer.succeeded()).toContain('received stop');
  });

  function tutorial(name: string): StartedProcess {
    return script(name, [], { PYTHONPATH: `${DIRECTORY}port`, LEVERET_TEST_PORT: String(server.port) });
  }

  async function feature(name: string): Promise<string[]> {
    return (await script('features.py', [server.amqpUrl, name]).succeeded()).split('\n');
  }

  async function send(body: string): Promise<void> {
    const client = await RawClient.connect({ port: server.port });
    const channel = await client.openChannel(1);
    channel.publish({ routingKey: 'pika-reconnects' }, {}, body);
    await channel.settle();
    await client.close();
  }
});

function script(
  name: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): StartedProcess {
  return new StartedProcess(PYTHON, ['-u', `${DIRECTORY}${name}`, ...args], { environment });
}
