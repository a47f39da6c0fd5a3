import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../../src/codec/byte-writer.ts';
import { plainTable, tableOf } from '../../../src/codec/field-table.ts';
import type { MethodName } from '../../../src/codec/methods.ts';
import { FuzzedBroker } from '../../fuzz/fuzzed-broker.ts';
import { methodFrame } from '../../servers/frame-bytes.ts';
import type { RawConnectOptions } from '../../servers/raw-client.ts';
import { LOCAL_PEER, RecordingTransport } from '../../servers/recording-transport.ts';
import { ProtocolBroker } from './protocol-broker.ts';

type Options = Omit<RawConnectOptions, 'port'>;

const PROTOCOL_HEADER = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1);
const START_OK = 10 * 65_536 + 11;
const TUNE_OK = 10 * 65_536 + 31;
const OPEN = 10 * 65_536 + 40;

function ids(key: number): { classId: number; methodId: number } {
  return { classId: key >>> 16, methodId: key & 0xffff };
}

/** LOGIN and PASSWORD as AMQPLAIN wants them: a field table without its length. */
function amqplain(entries: Readonly<Record<string, string | number>>): Uint8Array {
  const writer = new ByteWriter();
  writer.table(tableOf(entries));
  return writer.toBytes().slice(4);
}

async function refusal(options: Options): Promise<unknown> {
  const broker = await ProtocolBroker.start();
  broker.broker.addVhost('closed');
  return broker.connect(options).then(
    () => 'opened',
    (error: unknown) => error,
  );
}

describe('connection.start', () => {
  test('announces version 0-9, the mechanisms and the locale', async () => {
    const client = await (await ProtocolBroker.start()).dial();
    client.sendBytes(PROTOCOL_HEADER);
    const { method } = await client.channel(0).expect('connection.start');
    expect(method.versionMajor).toBe(0);
    expect(method.versionMinor).toBe(9);
    expect(Buffer.from(method.mechanisms).toString().split(' ').sort()).toEqual(['AMQPLAIN', 'PLAIN']);
    expect(Buffer.from(method.locales).toString()).toBe('en_US');
  });

  test('announces exactly the capabilities that are done', async () => {
    const client = await (await ProtocolBroker.start()).connect();
    const properties = plainTable(client.serverProperties);
    expect(Object.keys(properties).sort()).toEqual([
      'capabilities',
      'cluster_name',
      'information',
      'platform',
      'product',
      'version',
    ]);
    expect({ ...(properties['capabilities'] as object) }).toEqual({
      publisher_confirms: true,
      exchange_exchange_bindings: true,
      'basic.nack': true,
      consumer_cancel_notify: true,
      'connection.blocked': true,
      consumer_priorities: true,
      authentication_failure_close: true,
      per_consumer_qos: true,
      direct_reply_to: true,
    });
  });

  test('calls itself RabbitMQ 3.13, which steers client libraries, and Leveret in platform and information', async () => {
    const client = await (await ProtocolBroker.start()).connect();
    const properties = plainTable(client.serverProperties);
    expect(properties['product']).toBe('RabbitMQ');
    expect(properties['version']).toMatch(/^3\.13\.\d+$/);
    expect(properties['platform']).toMatch(/^Leveret /);
    expect(properties['information']).toMatch(/^Leveret /);
  });

  test('carries another product and version when they are set', async () => {
    const broker = await ProtocolBroker.start({ product: 'Other', productVersion: '1.2.3' });
    const properties = plainTable((await broker.connect()).serverProperties);
    expect(properties).toMatchObject({ product: 'Other', version: '1.2.3' });
  });
});

describe('connection.start-ok', () => {
  test('logs in with PLAIN', async () => {
    expect(await refusal({ mechanism: 'PLAIN' })).toBe('opened');
  });

  test('logs in with AMQPLAIN', async () => {
    const response = amqplain({ LOGIN: 'guest', PASSWORD: 'guest' });
    expect(await refusal({ mechanism: 'AMQPLAIN', response })).toBe('opened');
  });

  test('may name an authorisation identity in PLAIN, which does not count', async () => {
    expect(await refusal({ response: Buffer.from('somebody\0guest\0guest') })).toBe('opened');
  });

  test('with an unknown mechanism closes with 503', async () => {
    expect(await refusal({ mechanism: 'SCRAM-SHA-256' })).toMatchObject({ code: 503, ...ids(START_OK) });
  });

  test('with EXTERNAL closes with 503 on a stream without a client certificate', async () => {
    expect(await refusal({ mechanism: 'EXTERNAL' })).toMatchObject({ code: 503 });
  });

  test.each([
    ['empty', ''],
    ['without a separator', 'guest'],
    ['with only one separator', '\0guest'],
  ])('with a PLAIN response that is %s closes with 502', async (_what, response) => {
    expect(await refusal({ response: Buffer.from(response) })).toMatchObject({ code: 502 });
  });

  test.each([
    ['without PASSWORD', amqplain({ LOGIN: 'guest' })],
    ['without LOGIN', amqplain({ PASSWORD: 'guest' })],
    ['whose PASSWORD is a number', amqplain({ LOGIN: 'guest', PASSWORD: 5 })],
    ['that is no table', Buffer.from('guest')],
  ])('with an AMQPLAIN response %s closes with 502', async (_what, response) => {
    expect(await refusal({ mechanism: 'AMQPLAIN', response })).toMatchObject({ code: 502 });
  });

  test.each([
    ['wrong password', { password: 'wrong' }],
    ['unknown user', { user: 'nobody' }],
    [
      'wrong password in AMQPLAIN',
      { mechanism: 'AMQPLAIN', response: amqplain({ LOGIN: 'guest', PASSWORD: 'x' }) },
    ],
  ])(
    'with a %s closes with 403 when the client announced authentication_failure_close',
    async (_what, options) => {
      expect(await refusal(options)).toMatchObject({
        level: 'connection',
        code: 403,
        text: expect.stringMatching(/^ACCESS_REFUSED - Login was refused/),
      });
    },
  );

  test('with a wrong password just ends the stream of a client that did not announce it', async () => {
    const error = await refusal({ password: 'wrong', clientProperties: { capabilities: {} } });
    expect(error).toMatchObject({ message: expect.stringContaining('ended the connection') });
  });

  test('may have 100 KiB, for the tokens that some clients send as password', async () => {
    const error = await refusal({ password: 'x'.repeat(100 * 1024) });
    expect(error).toMatchObject({ code: 403 });
  });

  test('of more than 128 KiB closes with 501', async () => {
    const error = await refusal({ password: 'x'.repeat(129 * 1024) });
    expect(error).toMatchObject({ code: 501 });
  });

  test('by guest is refused from another machine, and accepted from this one', async () => {
    const { broker } = (await ProtocolBroker.start()).running;
    for (const loopback of [true, false]) {
      const transport = new RecordingTransport();
      const connection = broker.accept(transport, { ...LOCAL_PEER, remoteAddress: '192.0.2.1', loopback });
      const startOk = methodFrame(0, 'connection.start-ok', {
        clientProperties: { capabilities: { authentication_failure_close: true } },
        mechanism: 'PLAIN',
        response: '\0guest\0guest',
      });
      for (const bytes of [PROTOCOL_HEADER, startOk]) connection.receive(bytes, 0, bytes.length);
      connection.flush();
      expect(transport.methods).toEqual([
        'connection.start',
        loopback ? 'connection.tune' : 'connection.close',
      ]);
      connection.transportClosed();
    }
  });

  test('by another user is accepted from another machine', async () => {
    const started = await ProtocolBroker.start();
    started.addUser('remote');
    const transport = new RecordingTransport();
    const connection = started.broker.accept(transport, { ...LOCAL_PEER, loopback: false });
    const startOk = methodFrame(0, 'connection.start-ok', {
      mechanism: 'PLAIN',
      response: '\0remote\0secret',
    });
    for (const bytes of [PROTOCOL_HEADER, startOk]) connection.receive(bytes, 0, bytes.length);
    connection.flush();
    expect(transport.methods).toEqual(['connection.start', 'connection.tune']);
    connection.transportClosed();
  });

  test('with EXTERNAL logs in who the client certificate names', async () => {
    const started = await ProtocolBroker.start();
    started.addUser('certified');
    const transport = new RecordingTransport();
    const connection = started.broker.accept(transport, { ...LOCAL_PEER, certificateName: 'certified' });
    const startOk = methodFrame(0, 'connection.start-ok', { mechanism: 'EXTERNAL' });
    for (const bytes of [PROTOCOL_HEADER, startOk]) connection.receive(bytes, 0, bytes.length);
    connection.flush();
    expect(transport.methods).toEqual(['connection.start', 'connection.tune']);
    connection.transportClosed();
  });
});

describe('a password that takes long to verify', () => {
  /** A client whose log-in is answered when the test says so. */
  function waiting() {
    const answers: (() => void)[] = [];
    const broker = new FuzzedBroker(1, {
      hash: (password) => password,
      verify: (password, hash, done) => answers.push(() => done(password === hash)),
    });
    const { connection, transport } = broker.connect();
    const send = (bytes: Uint8Array): void => {
      connection.receive(bytes, 0, bytes.length);
      broker.settle();
    };
    send(PROTOCOL_HEADER);
    send(methodFrame(0, 'connection.start-ok', { mechanism: 'PLAIN', response: '\0guest\0guest' }));
    const answer = (): void => {
      for (const each of answers) each();
      broker.settle();
    };
    return { broker, connection, transport, send, answer };
  }

  test('is followed by connection.tune when it is right', () => {
    const { transport, answer } = waiting();
    expect(transport.methods).toEqual(['connection.start']);
    answer();
    expect(transport.methods).toEqual(['connection.start', 'connection.tune']);
  });

  test('does not speak to a connection that is closing by then', () => {
    const { transport, send, answer } = waiting();
    send(methodFrame(0, 'connection.tune-ok', { frameMax: 4096 }));
    answer();
    expect(transport.methods).toEqual(['connection.start', 'connection.close']);
  });

  test('does not speak to a client that is gone by then', () => {
    const { broker, connection, transport, answer } = waiting();
    connection.transportClosed();
    answer();
    expect(transport.methods).toEqual(['connection.start']);
    expect(broker.broker.connectionCount).toBe(0);
  });
});

describe('connection.tune', () => {
  test('offers channel_max 2047, frame_max 131072 and a heartbeat of 60 s', async () => {
    const { tune } = await (await ProtocolBroker.start()).connect();
    expect(tune).toMatchObject({ channelMax: 2047, frameMax: 131_072, heartbeat: 60 });
  });

  test('offers what is set', async () => {
    const broker = await ProtocolBroker.start({ channelMax: 10, frameMax: 8192, heartbeat: 5 });
    expect((await broker.connect()).tune).toMatchObject({ channelMax: 10, frameMax: 8192, heartbeat: 5 });
  });

  test.each([
    ['frame_max below 4096', { frameMax: 4095 }, /frame_max = 4095 is lower than the minimum .*\(4096\)/],
    ['frame_max above the offer', { frameMax: 131_073 }, /frame_max = 131073 is higher than .*\(131072\)/],
    ['frame_max 0, which is no limit', { frameMax: 0 }, /frame_max = 0 .*is higher than .*\(131072\)/],
    ['channel_max above the offer', { channelMax: 2048 }, /channel_max = 2048 is higher than .*\(2047\)/],
    ['channel_max 0, which is no limit', { channelMax: 0 }, /channel_max = 0 .*is higher than .*\(2047\)/],
  ])('answered with %s closes with 530', async (_what, options, text) => {
    expect(await refusal(options)).toMatchObject({
      code: 530,
      text: expect.stringMatching(text),
      ...ids(TUNE_OK),
    });
  });

  test.each([
    ['frame_max 4096', { frameMax: 4096 }],
    ['channel_max 1', { channelMax: 1 }],
    ['no heartbeat', { heartbeat: 0 }],
    ['a longer heartbeat than was offered', { heartbeat: 600 }],
  ])('may be answered with %s', async (_what, options) => {
    expect(await refusal(options)).toBe('opened');
  });
});

describe('connection.open', () => {
  test('of an unknown vhost closes with 530', async () => {
    expect(await refusal({ vhost: 'nowhere' })).toMatchObject({
      code: 530,
      text: 'NOT_ALLOWED - vhost nowhere not found',
      ...ids(OPEN),
    });
  });

  test('of a vhost in which the user has no permission closes with 530', async () => {
    expect(await refusal({ vhost: 'closed' })).toMatchObject({
      code: 530,
      text: "NOT_ALLOWED - access to vhost 'closed' refused for user 'guest'",
    });
  });

  test('of a vhost whose permission allows nothing succeeds', async () => {
    const broker = await ProtocolBroker.start();
    broker.addUser('powerless', { configure: '^$', write: '^$', read: '^$' });
    await broker.connect({ user: 'powerless', password: 'secret' });
  });
});

describe('methods that do not belong there', () => {
  const unexpected: readonly MethodName[] = [
    'connection.start-ok',
    'connection.secure-ok',
    'connection.tune-ok',
    'connection.open',
    'connection.update-secret',
    'channel.open',
    'basic.publish',
  ];

  async function at(stage: 'start' | 'tune' | 'open') {
    const client = await (await ProtocolBroker.start()).dial();
    if (stage === 'start') {
      client.sendBytes(PROTOCOL_HEADER);
      await client.channel(0).expect('connection.start');
    } else if (stage === 'tune') {
      await client.authenticate({});
    } else {
      await client.shakeHands({});
    }
    return client;
  }

  test.each(unexpected.filter((name) => name !== 'connection.start-ok'))(
    '%s instead of connection.start-ok closes with 504',
    async (name) => {
      const client = await at('start');
      client.sendBytes(methodFrame(0, name));
      await expect(client.whenClosed()).resolves.toMatchObject({ code: 504 });
    },
  );

  test.each(unexpected.filter((name) => name !== 'connection.tune-ok'))(
    '%s instead of connection.tune-ok closes with 504',
    async (name) => {
      const client = await at('tune');
      client.sendBytes(methodFrame(0, name));
      await expect(client.whenClosed()).resolves.toMatchObject({ code: 504 });
    },
  );

  test.each(unexpected.filter((name) => name !== 'connection.update-secret'))(
    '%s on channel 0 of an open connection closes with 504',
    async (name) => {
      const client = await at('open');
      client.sendBytes(methodFrame(0, name));
      await expect(client.whenClosed()).resolves.toMatchObject({ code: 504 });
    },
  );

  test('a frame on another channel before connection.open closes with 504', async () => {
    const client = await at('tune');
    client.sendBytes(methodFrame(1, 'channel.open'));
    await expect(client.whenClosed()).resolves.toMatchObject({ code: 504 });
  });

  test.each(['start', 'tune'] as const)('connection.close after connection.%s is answered', async (stage) => {
    const client = await at(stage);
    await client.close();
    await client.whenEnded;
  });
});

describe('a handshake that stands still', () => {
  test.each(['start', 'tune'] as const)('after connection.%s ends the stream after 10 s', async (stage) => {
    const broker = await ProtocolBroker.start();
    const client = await broker.dial();
    if (stage === 'tune') {
      await client.authenticate({});
    } else {
      client.sendBytes(PROTOCOL_HEADER);
      await client.channel(0).expect('connection.start');
    }
    await broker.running.clock.advance('11s');
    await client.whenEnded;
    await broker.whenConnectionCount(0);
  });

  test('does not end a connection that was opened', async () => {
    const broker = await ProtocolBroker.start();
    const channel = await broker.openChannel();
    await broker.running.clock.advance('60s');
    await channel.settle();
  });
});
