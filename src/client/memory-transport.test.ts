import { expect, test } from 'vitest';
import type { Peer, Transport } from '../core/environment.ts';
import { MemoryTransport } from './memory-transport.ts';

const MIB = 1024 * 1024;

/** The broker's side: notes what it is told, in order. */
class NotingBroker {
  readonly notes: string[] = [];
  transport!: Transport;
  readonly peers: Peer[] = [];
  onReceive: (text: string) => void = () => {};

  accept(transport: Transport, peer: Peer): this {
    this.peers.push(peer);
    this.transport = transport;
    return this;
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    const text = new TextDecoder().decode(bytes.subarray(start, end));
    this.notes.push(`received ${text}`);
    this.onReceive(text);
  }

  drained(): void {
    this.notes.push('drained');
  }

  transportClosed(reason?: string): void {
    this.notes.push(`closed: ${reason}`);
  }
}

class NotingReader {
  readonly notes: string[] = [];
  onRead: (text: string) => void = () => {};

  onBytes(bytes: Uint8Array, start: number, end: number): void {
    const text = new TextDecoder().decode(bytes.subarray(start, end));
    this.notes.push(text);
    this.onRead(text);
  }

  onEnd(reason: string): void {
    this.notes.push(`end: ${reason}`);
  }
}

function connected(): { broker: NotingBroker; reader: NotingReader; transport: MemoryTransport } {
  const broker = new NotingBroker();
  const reader = new NotingReader();
  return { broker, reader, transport: new MemoryTransport(broker, reader) };
}

function send(transport: MemoryTransport, text: string, onTaken?: () => void): void {
  const bytes = new TextEncoder().encode(text);
  transport.send(bytes, bytes.length, onTaken);
}

function write(transport: Transport, text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  return transport.write(bytes, bytes.length);
}

/** Resolves behind all microtasks. */
const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the broker takes what the client sends in the same turn', () => {
  const { broker, transport } = connected();
  let taken = false;
  send(transport, 'a', () => {
    taken = true;
  });
  expect(broker.notes).toEqual(['received a']);
  expect(taken).toBe(true);
});

test('the client reads in a microtask, in order, and from copies: the broker may reuse its buffer', async () => {
  const { broker, reader } = connected();
  const buffer = new TextEncoder().encode('one');
  expect(broker.transport.write(buffer, 3)).toBe(true);
  buffer.fill(0x78);
  expect(write(broker.transport, 'two')).toBe(true);
  expect(reader.notes).toEqual([]);
  await macrotask();
  expect(reader.notes).toEqual(['one', 'two']);
});

test('a reader that sends for each thing that it reads does not deepen the stack', async () => {
  const { broker, reader, transport } = connected();
  const depths: number[] = [];
  let count = 0;
  broker.onReceive = () => write(broker.transport, 'again');
  reader.onRead = () => {
    depths.push((new Error('depth').stack ?? '').split('\n').length);
    count += 1;
    if (count < 10_000) {
      send(transport, 'more');
    }
  };
  write(broker.transport, 'first');
  await macrotask();
  expect(count).toBe(10_000);
  expect(new Set(depths.slice(1)).size).toBe(1);
});

test('while the broker does not read, what is sent waits in order and is copied', async () => {
  const { broker, transport } = connected();
  const taken: string[] = [];
  broker.transport.pause();
  const buffer = new TextEncoder().encode('a');
  transport.send(buffer, 1, () => taken.push('a'));
  buffer.fill(0x78);
  send(transport, 'b', () => taken.push('b'));
  expect(broker.notes).toEqual([]);
  broker.transport.resume();
  expect(broker.notes).toEqual([]);
  send(transport, 'c', () => taken.push('c'));
  await macrotask();
  expect(broker.notes).toEqual(['received a', 'received b', 'received c']);
  expect(taken).toEqual(['a', 'b', 'c']);
});

test('a broker that pauses again while it is handed what waited gets no more', async () => {
  const { broker, transport } = connected();
  broker.transport.pause();
  send(transport, 'a');
  send(transport, 'b');
  broker.onReceive = () => broker.transport.pause();
  broker.transport.resume();
  await macrotask();
  expect(broker.notes).toEqual(['received a']);
});

test('more than a mebibyte that was not read is congestion, and drained follows once', async () => {
  const { broker, reader } = connected();
  let readBytes = 0;
  reader.onBytes = (_bytes, start, end) => {
    readBytes += end - start;
  };
  expect(broker.transport.write(new Uint8Array(MIB), MIB)).toBe(true);
  expect(broker.transport.write(new Uint8Array(10), 10)).toBe(false);
  expect(broker.notes).toEqual([]);
  await macrotask();
  expect(readBytes).toBe(MIB + 10);
  expect(broker.notes).toEqual(['drained']);
  expect(write(broker.transport, 'fine')).toBe(true);
});

test('a close by the broker lets the client read everything first', async () => {
  const { broker, reader, transport } = connected();
  write(broker.transport, 'last words');
  broker.transport.close();
  await macrotask();
  expect(reader.notes).toEqual(['last words', 'end: closed by the broker']);
  expect(broker.notes).toEqual(['closed: closed by the broker']);
  send(transport, 'too late');
  expect(broker.notes).toHaveLength(1);
});

test('a stream that is destroyed by the client drops what was not read, and ends once', async () => {
  const { broker, reader, transport } = connected();
  write(broker.transport, 'unread');
  transport.destroy('enough');
  transport.destroy('again');
  broker.transport.close();
  await macrotask();
  expect(reader.notes).toEqual(['end: enough']);
  expect(broker.notes).toEqual(['closed: enough']);
  expect(write(broker.transport, 'nobody')).toBe(true);
});

test('each connection has a number of its own, by which events tell it from the others', () => {
  const broker = new NotingBroker();
  for (let count = 0; count < 2; count++) new MemoryTransport(broker, new NotingReader());
  const [first, second] = broker.peers.map(({ remotePort }) => remotePort);
  expect(second).toBe((first as number) + 1);
});

test('its progress mark moves when the reader takes something, and not when the broker writes', async () => {
  const broker = new NotingBroker();
  const transport = new MemoryTransport(broker, new NotingReader());
  transport.write(new Uint8Array(10), 10);
  expect(transport.progressMark).toBe(0);
  await Promise.resolve();
  expect(transport.progressMark).toBe(10);
});
