import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../src/codec/bytes.ts';
import { ProtocolBroker } from './protocol-broker.ts';

const PROTOCOL_HEADER = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1);

describe('the protocol header', () => {
  test.each([
    ['AMQP 0-8', Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 1, 1, 8, 0)],
    ['AMQP 0-9', Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 1, 1, 0, 9)],
    ['AMQP 1.0', Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0)],
    ['AMQP 1.0 with SASL', Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0)],
    ['HTTP', encodeUtf8('GET / HTTP/1.1\r\n\r\n')],
    ['TLS', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1)],
  ])('of %s is answered with AMQP 0 0 9 1, and the stream ends', async (_name, header) => {
    const client = await (await ProtocolBroker.start()).dial();
    client.sendBytes(header);
    await client.whenEnded;
    expect(client.protocolAnswer).toEqual(Buffer.from(PROTOCOL_HEADER));
  });

  test('is refused at the first octet that is wrong, without waiting for the others', async () => {
    const client = await (await ProtocolBroker.start()).dial();
    client.sendBytes(encodeUtf8('X'));
    await client.whenEnded;
    expect(client.protocolAnswer).toEqual(Buffer.from(PROTOCOL_HEADER));
  });

  test.each([1, 2, 3, 4, 5, 6, 7])('may be cut after %i octets', async (cut) => {
    const client = await (await ProtocolBroker.start()).dial();
    client.sendBytes(PROTOCOL_HEADER.subarray(0, cut));
    await new Promise<void>((resolve) => client.socket.write('', () => resolve()));
    client.sendBytes(PROTOCOL_HEADER.subarray(cut));
    await client.channel(0).expect('connection.start');
  });

  test('that never comes ends the stream after the handshake time', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.dial();
    client.sendBytes(PROTOCOL_HEADER.subarray(0, 4));
    await broker.whenConnectionCount(1);
    await broker.running.clock.advance('9s');
    expect(client.ended).toBe(false);
    await broker.running.clock.advance('2s');
    await client.whenEnded;
    expect(client.receivedBytes).toBe(0);
    await broker.whenConnectionCount(0);
  });

  test('cut off by the end of the stream leaves nothing behind', async () => {
    const broker = await ProtocolBroker.start();
    const client = await broker.dial();
    client.sendBytes(PROTOCOL_HEADER.subarray(0, 3));
    client.socket.end();
    await client.whenEnded;
    await broker.whenConnectionCount(0);
  });
});
