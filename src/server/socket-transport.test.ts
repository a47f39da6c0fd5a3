import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AmqpConnection } from './amqp-broker.ts';
import { SocketTransport, type TransportOwner, UNREAD_MS_MAX } from './socket-transport.ts';

/** Notes what reaches the broker; the promises resolve as it does. */
class RecordingConnection implements AmqpConnection {
  isOpen = false;
  received = '';
  drainedCount = 0;
  onReceive: () => void = () => {};
  readonly closed: Promise<string | undefined>;
  transportClosed: (reason?: string) => void = () => {};
  onDrained: () => void = () => {};

  constructor() {
    this.closed = new Promise((resolve) => {
      this.transportClosed = resolve;
    });
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.received += Buffer.from(bytes.subarray(start, end)).toString('latin1');
    this.onReceive();
  }

  drained(): void {
    this.drainedCount++;
    this.onDrained();
  }
}

const MEGABYTE = 1024 * 1024;
let server: Server;
let client: Socket;
let transport: SocketTransport;
let connection: RecordingConnection;
let defects: unknown[];
let receivedBytes: number;
let closedTransports: SocketTransport[];

beforeEach(async () => {
  // Of this test: the sockets of the one before may report their end only now.
  const [closed, thrown]: [SocketTransport[], unknown[]] = [[], []];
  closedTransports = closed;
  defects = thrown;
  receivedBytes = 0;
  connection = new RecordingConnection();
  const owner: TransportOwner = {
    onTransportClosed: (each) => closed.push(each),
    onReceived: (byteCount) => {
      receivedBytes += byteCount;
    },
    onDefect: (error) => thrown.push(error),
  };
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const accepted = once(server, 'connection');
  client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  client.on('error', () => {});
  transport = new SocketTransport((await accepted)[0], owner);
  transport.start(connection);
});

afterEach(() => {
  client.destroy();
  transport.destroy('the test is over');
  server.close();
});

function received(text: string): Promise<void> {
  return new Promise((resolve) => {
    connection.onReceive = () => {
      if (connection.received.includes(text)) resolve();
    };
    connection.onReceive();
  });
}

async function everythingTheClientReads(): Promise<string> {
  let read = '';
  client.on('data', (chunk: Buffer) => {
    read += chunk.toString('latin1');
  });
  await once(client, 'end');
  return read;
}

function send(text: string): boolean {
  const bytes = Buffer.from(text);
  return transport.write(bytes, bytes.length);
}

describe('socket transport', () => {
  test('hands what arrives to the connection, in order', async () => {
    client.write('one ');
    client.write('two');
    await received('one two');
    await new Promise((resolve) => setImmediate(resolve));
    expect(receivedBytes).toBe('one two'.length);
  });

  test('sends only the given part of the buffer', async () => {
    const bytes = new Uint8Array(Buffer.from('..hello!')).subarray(2);
    transport.write(bytes, 5);
    transport.close();
    expect(await everythingTheClientReads()).toBe('hello');
  });

  test('says that a small write was taken at once, so that the buffer may be reused', async () => {
    const bytes = Buffer.from('first');
    expect(transport.write(bytes, 5)).toBe(true);
    bytes.fill('x');
    transport.close();
    expect(await everythingTheClientReads()).toBe('first');
  });

  test('reports congestion when the peer does not read, and drained once it has', async () => {
    client.pause();
    const bytes = new Uint8Array(32 * MEGABYTE);
    expect(transport.write(bytes, bytes.length)).toBe(false);
    expect(connection.drainedCount).toBe(0);
    const drained = new Promise<void>((resolve) => {
      connection.onDrained = resolve;
    });
    client.resume();
    await drained;
    expect(connection.drainedCount).toBe(1);
  });

  test('reads nothing while paused', async () => {
    transport.pause();
    client.write('later');
    await new Promise((resolve) => client.write('', resolve));
    expect(connection.received).toBe('');
    transport.resume();
    await received('later');
  });

  test('close sends what was written before', async () => {
    const bytes = new Uint8Array(4 * MEGABYTE).fill(0x61);
    transport.write(bytes, bytes.length);
    transport.close();
    expect((await everythingTheClientReads()).length).toBe(4 * MEGABYTE);
  });

  test('after close nothing more reaches the connection, and nothing more is sent', async () => {
    transport.close();
    expect(send('too late')).toBe(true);
    client.end('also too late');
    expect(await everythingTheClientReads()).toBe('');
    await connection.closed;
    expect(connection.received).toBe('');
  });

  test('answers that are written in the turn after the peer ended its side still reach it', async () => {
    connection.onReceive = () => setImmediate(() => send('answer'));
    client.end('question');
    expect(await everythingTheClientReads()).toBe('answer');
  });

  test('even when its last bytes and its end are handed in together', async () => {
    connection.onReceive = () => setImmediate(() => send('answer'));
    transport.pause();
    client.end('question');
    // Some turns of the loop, in which the socket buffers both. With too few the test would pass, and prove less.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    transport.resume();
    expect(await everythingTheClientReads()).toBe('answer');
  });

  test('a reset is a normal end and is reported with its code', async () => {
    client.resetAndDestroy();
    expect(await connection.closed).toBe('ECONNRESET');
    expect(closedTransports).toEqual([transport]);
    expect(defects).toEqual([]);
  });

  test('writing to a socket that is gone does no harm', async () => {
    client.resetAndDestroy();
    await connection.closed;
    expect(send('hello?')).toBe(true);
  });

  test('an exception out of the broker closes this connection and is passed on', async () => {
    const defect = new Error('impossible');
    connection.onReceive = () => {
      throw defect;
    };
    client.write('x');
    expect(await connection.closed).toBe('a defect in the broker');
    expect(defects).toEqual([defect]);
  });

  test('a peer that reads nothing for a minute while much waits for it is cut off', async () => {
    client.pause();
    const bytes = new Uint8Array(32 * MEGABYTE);
    transport.write(bytes, bytes.length);
    transport.checkProgress(0);
    transport.checkProgress(UNREAD_MS_MAX - 1);
    expect(closedTransports).toEqual([]);
    transport.checkProgress(UNREAD_MS_MAX);
    expect(await connection.closed).toMatch(/read nothing for 60 s while 34 MB wait/);
  });

  test('what is written meanwhile is no sign that the peer reads', async () => {
    client.pause();
    const bytes = new Uint8Array(32 * MEGABYTE);
    transport.write(bytes, bytes.length);
    transport.checkProgress(0);
    const mark = transport.progressMark;
    send('a heartbeat');
    expect(transport.progressMark).toBe(mark);
    transport.checkProgress(UNREAD_MS_MAX);
    expect(await connection.closed).toMatch(/read nothing for 60 s/);
  });

  test('a peer that reads nothing is left in peace while little waits for it', async () => {
    client.pause();
    while (send('x'.repeat(MEGABYTE)));
    for (const nowMs of [0, UNREAD_MS_MAX, 2 * UNREAD_MS_MAX]) transport.checkProgress(nowMs);
    expect(closedTransports).toEqual([]);
    expect(defects).toEqual([]);
    client.write('still here');
    await received('still here');
  });
});
