import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { connect as connectAmqp } from 'amqplib';
import { afterEach, describe, expect, test } from 'vitest';
import { uncaughtErrors } from '../../test/client/uncaught-errors.ts';
import { StartedProcess } from '../../test/servers/child-process.ts';
import { OptionError } from './option-error.ts';
import { type RunningBroker, type StartBrokerOptions, startBroker } from './start-broker.ts';
import { urlOf } from './url-of.ts';

const ENTRY = fileURLToPath(new URL('../../dist/daemon/start-broker.js', import.meta.url));

let brokers: RunningBroker[] = [];

afterEach(async () => {
  await Promise.all(brokers.map((broker) => broker.close({ graceMs: 100 })));
  brokers = [];
});

async function start(options: StartBrokerOptions = {}): Promise<RunningBroker> {
  const broker = await startBroker({ amqpPort: 0, host: ['127.0.0.1'], ...options });
  brokers.push(broker);
  return broker;
}

function whoami({ httpUrl }: RunningBroker): Promise<Response> {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  return fetch(`${httpUrl}/api/whoami`, { headers: { authorization } });
}

function openSocket(broker: RunningBroker): Socket {
  const socket = connect({ port: broker.ports.amqp ?? 0, host: '127.0.0.1' });
  socket.on('error', () => {});
  return socket;
}

describe('startBroker', () => {
  test('listens on a free port, for any AMQP client', async () => {
    const broker = await start();
    expect(broker.url).toBe(`amqp://127.0.0.1:${broker.ports.amqp}`);
    const client = await connectAmqp(broker.url ?? '');
    const channel = await client.createChannel();
    await channel.assertQueue('hello');
    channel.sendToQueue('hello', Buffer.from('Hello World!'));
    await client.close();
  });

  test('opens the HTTP API for those who ask for it, and for nobody else', async () => {
    expect((await start()).httpUrl).toBeUndefined();
    const broker = await start({ httpPort: 0 });
    expect(broker.httpUrl).toBe(`http://127.0.0.1:${broker.ports.http}`);
    expect(broker.listeners.map(({ protocol }) => protocol)).toEqual(['amqp', 'http']);
    expect(await (await whoami(broker)).json()).toMatchObject({ name: 'guest' });
  });

  test('close ends the HTTP API, with the connections that are kept alive', async () => {
    const broker = await start({ httpPort: 0 });
    const { httpUrl } = broker;
    await (await whoami(broker)).text();
    await broker.close({ graceMs: 60_000 });
    await expect(fetch(`${httpUrl}/api/whoami`)).rejects.toThrow();
  });

  test('two brokers cannot have the same HTTP port', async () => {
    const { ports } = await start({ httpPort: 0 });
    await expect(start({ httpPort: ports.http })).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      listener: 'http',
    });
  });

  test('without a port it can be reached from this process only', async () => {
    const broker = await start({ amqpPort: false });
    expect([broker.url, broker.ports.amqp, broker.addresses]).toEqual([undefined, undefined, []]);
    const connection = await broker.connect();
    const channel = await connection.createChannel();
    await channel.queueDeclare('hello');
    await connection.close();
  });

  test('connect logs in as the configured default user', async () => {
    const broker = await start({
      amqpPort: false,
      defaultUser: 'app',
      defaultPassword: 'secret',
      defaultVhost: 'v1',
    });
    await (await broker.connect()).close();
    await expect(broker.connect({ password: 'wrong' })).rejects.toMatchObject({ replyCode: 403 });
  });

  test('two brokers cannot have the same port', async () => {
    const { ports } = await start();
    await expect(start({ amqpPort: ports.amqp })).rejects.toMatchObject({
      name: 'ListenError',
      code: 'ADDRESS_IN_USE',
    });
  });

  test('a bad option is refused', async () => {
    await expect(start({ channelMax: 0 })).rejects.toThrow(OptionError);
    await expect(start({ channelMax: 0 })).rejects.toThrow(
      "option channelMax: bad value '0'; allowed: a whole number from 1 to 65535",
    );
  });

  test('logLevel is refused, because nothing is printed', async () => {
    const options = { logLevel: 'warn' } as StartBrokerOptions;
    await expect(start(options)).rejects.toThrow('option logLevel: startBroker has onEvent in its place');
  });

  test('lists may be a text with commas, and sizes a text with a unit', async () => {
    const broker = await start({ host: '127.0.0.1,::1', maxMessageSize: '1MiB', loopbackUsers: 'guest' });
    expect(broker.addresses.map(({ host }) => host)).toEqual(['127.0.0.1', '::1']);
    expect(broker.broker.settings.messageBytesMax).toBe(2 ** 20);
  });

  test('listens on all addresses of both IP versions', async () => {
    const broker = await start({ host: ['0.0.0.0', '::'] });
    expect(broker.addresses.map(({ host }) => host)).toEqual(['0.0.0.0', '::']);
  });

  test('shows no password when it is printed', async () => {
    const broker = await start({ defaultPassword: 's3cret' });
    expect(inspect(broker)).toContain(`url: 'amqp://127.0.0.1:${broker.ports.amqp}'`);
    expect(inspect([broker, broker.broker, await broker.connect()], { depth: 20 })).not.toContain('s3cret');
  });

  test('await using closes it', async () => {
    const broker = await start();
    await broker[Symbol.asyncDispose]();
    expect(broker.addresses).toEqual([]);
  });

  test('an onEvent that throws is an uncaught exception, and the broker goes on', async () => {
    const failures = uncaughtErrors();
    const broker = await start({
      amqpPort: false,
      onEvent: () => {
        throw new Error('onEvent');
      },
    });
    await expect(broker.connect({ password: 'wrong' })).rejects.toMatchObject({ replyCode: 403 });
    await broker.connect();
    await broker.close();
    const messages = failures.stop();
    expect(messages.length).toBeGreaterThan(0);
    expect(new Set(messages)).toEqual(new Set(['onEvent']));
  });

  test('a hundred brokers in one process share nothing', async () => {
    const hundred = await Promise.all(Array.from({ length: 100 }, () => start()));
    expect(new Set(hundred.map(({ ports }) => ports.amqp)).size).toBe(100);
    for (const broker of hundred) {
      const channel = await (await broker.connect()).createChannel();
      await channel.queueDeclare('only-here', { exclusive: true });
    }
  });

  test('close tells clients 320 and frees the port', async () => {
    const broker = await start();
    const { amqp: port } = broker.ports;
    const client = await connectAmqp(broker.url ?? '');
    client.on('error', () => {});
    const closed = once(client, 'close');
    await broker.close();
    expect(String((await closed)[0])).toContain('320');
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    other.close();
  });

  test('close waits for a client that does not answer only as long as it is told to', async () => {
    const broker = await start();
    const silent = openSocket(broker);
    silent.write(Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1));
    await once(silent, 'data');
    const gone = once(silent, 'close');
    await broker.close({ graceMs: 50 });
    await gone;
  });

  test('close can be called again', async () => {
    const broker = await start();
    expect(broker.close()).toBe(broker.close());
    await broker.close();
  });

  test('a broker without a port does not keep the process alive', async () => {
    const program = `import { startBroker } from ${JSON.stringify(ENTRY)}; await startBroker({ amqpPort: false });`;
    const started = new StartedProcess(process.execPath, ['--input-type=module', '-e', program]);
    expect(await started.exited).toEqual({ code: 0, signal: null });
  });

  test('a defect outside of any connection stops the broker and, uncaught, the process', async () => {
    const program = `
      import { startBroker } from ${JSON.stringify(ENTRY)};
      const running = await startBroker({ amqpPort: 0 });
      const connection = await running.connect();
      running.broker.turn = () => { throw new Error('impossible'); };
      await connection.createChannel();`;
    const started = new StartedProcess(process.execPath, ['--input-type=module', '-e', program]);
    expect((await started.exited).code).not.toBe(0);
    expect(started.output).toContain('BrokerDefect: a defect in the broker, which is stopped: impossible');
  });
});

test('the URL of a listener on all addresses is one that can be connected to', () => {
  expect(urlOf({ host: '0.0.0.0', port: 1 })).toBe('amqp://127.0.0.1:1');
  expect(urlOf({ host: '::', port: 1 })).toBe('amqp://[::1]:1');
  expect(urlOf({ host: '10.0.0.1', port: 1 })).toBe('amqp://10.0.0.1:1');
});
