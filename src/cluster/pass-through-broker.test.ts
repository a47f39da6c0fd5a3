import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CertificateAuthority } from '../../test/servers/certificates.ts';
import { PassTargetSource } from '../../test/servers/pass-target.ts';
import type { BrokerEvent, Peer, Transport } from '../core/environment.ts';
import { collectGarbage } from '../daemon/collect-garbage.ts';
import type { AmqpBroker, AmqpConnection } from '../server/amqp-broker.ts';
import { AmqpListener } from '../server/amqp-listener.ts';
import type { TlsMaterial } from '../server/tls-material.ts';
import type { PassTarget } from './join-owner.ts';
import { PassThroughBroker, type PassThroughOptions } from './pass-through-broker.ts';
import { PeerListener, type PeerListenerOptions } from './peer-listener.ts';

interface Arrived {
  readonly socket: Socket;
  readonly peer: Peer;
}

const MEGABYTE = 2 ** 20;
const events: BrokerEvent[] = [];
let cleanups: (() => void)[] = [];
let target: PassTargetSource;
let owner: Owner;

/** What stands where the owner is: hands out the sockets that come there. */
class Owner {
  readonly token: string;
  readonly arrived: Arrived[] = [];
  readonly target: PassTarget;
  readonly #listener: PeerListener;
  readonly #waiting: ((arrived: Arrived) => void)[] = [];

  static async open(token: string, options: Partial<PeerListenerOptions> = {}): Promise<Owner> {
    let arrive: (socket: Socket, peer: Peer) => void = () => {};
    const listener = await PeerListener.open({
      hosts: ['127.0.0.1'],
      port: 0,
      token: () => token,
      onAmqp: (socket, peer) => arrive(socket, peer),
      onHttp: (socket) => socket.destroy(),
      onEvent: (event) => events.push(event),
      ...options,
    });
    const opened = new Owner(token, listener);
    arrive = (socket, peer) => opened.#arrive({ socket, peer });
    return opened;
  }

  private constructor(token: string, listener: PeerListener) {
    this.token = token;
    this.#listener = listener;
    this.target = { host: '127.0.0.1', port: listener.addresses[0]?.port ?? 0, token };
    cleanups.push(() => this.die());
  }

  get refusedCount(): number {
    return this.#listener.refusedCount;
  }

  /** The next one that nobody has asked for yet. */
  next(): Promise<Arrived> {
    const first = this.arrived.shift();
    return first ? Promise.resolve(first) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  die(): void {
    this.#listener.close();
  }

  #arrive(arrived: Arrived): void {
    arrived.socket.on('error', () => {});
    cleanups.push(() => arrived.socket.destroy());
    const resolve = this.#waiting.shift();
    if (resolve) resolve(arrived);
    else this.arrived.push(arrived);
  }
}

beforeEach(async () => {
  target = new PassTargetSource();
  owner = await Owner.open('secret');
});

afterEach(() => {
  for (const cleanup of cleanups.reverse()) cleanup();
  cleanups = [];
  events.length = 0;
});

interface Standby {
  readonly broker: PassThroughBroker;
  readonly listener: AmqpListener;
  dial(): Promise<Socket>;
  /** Once nobody waits any more. */
  allJoined(): Promise<void>;
}

async function openStandby(options: Partial<PassThroughOptions> = {}): Promise<Standby> {
  const onEvent = (event: BrokerEvent): unknown => events.push(event);
  const { target: where, onTarget } = target;
  const broker = new PassThroughBroker({ target: where, onTarget, waitMs: 10_000, onEvent, ...options });
  const limits = { connectionsMax: 10_000, unauthenticatedMax: 100, unauthenticatedPerAddressMax: 100 };
  const listener = await AmqpListener.open(broker, { hosts: ['127.0.0.1'], port: 0, ...limits, onEvent });
  cleanups.push(() => {
    broker.close();
    listener.close();
    listener.destroyConnections('the test is over');
  });
  const port = listener.addresses[0]?.port ?? 0;
  const allJoined = (): Promise<void> => vi.waitFor(() => expect(broker.waitingCount).toBe(0));
  return { broker, listener, dial: () => dial(port), allJoined };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  socket.on('error', () => {});
  cleanups.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** The next `count` bytes. */
function read(socket: Socket, count: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (text.length < count) return;
      socket.off('data', onData);
      resolve(text);
    };
    socket.on('data', onData);
    socket.once('close', () => reject(new Error(`closed after '${text}'`)));
    socket.resume();
  });
}

/** Resolves once `count` bytes have come in, with how many did not equal those at the same place of `pattern` again and again. */
function countWrong(socket: Socket, pattern: Buffer, count: number): Promise<number> {
  return new Promise((resolve) => {
    let [at, wrong] = [0, 0];
    socket.on('data', (chunk: Buffer) => {
      for (let i = 0; i < chunk.length; ) {
        const from = (at + i) % pattern.length;
        const length = Math.min(chunk.length - i, pattern.length - from);
        if (pattern.compare(chunk, i, i + length, from, from + length) !== 0) wrong += length;
        i += length;
      }
      at += chunk.length;
      if (at >= count) resolve(wrong + at - count);
    });
    socket.resume();
  });
}

/** Resolves when nothing more leaves `socket`, and something is left. */
async function stalled(socket: Socket): Promise<void> {
  let [last, sameCount] = [-1, 0];
  while (sameCount < 20) {
    const { writableLength } = socket;
    sameCount = writableLength === last && writableLength > 0 ? sameCount + 1 : 0;
    last = writableLength;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('passing a client through', () => {
  test('hands on the bytes of both sides, and who the client is', async () => {
    const standby = await openStandby();
    target.set(owner.target);
    const client = await standby.dial();
    client.write('AMQP');
    const { socket, peer } = await owner.next();
    expect(await read(socket, 4)).toBe('AMQP');
    expect(peer).toEqual({
      remoteAddress: '127.0.0.1',
      remotePort: client.localPort,
      localAddress: '127.0.0.1',
      localPort: client.remotePort,
      loopback: true,
    });
    socket.write('start');
    expect(await read(client, 5)).toBe('start');
    expect(standby.broker.connectionCount).toBe(1);
    expect(standby.broker.waitingCount).toBe(0);
  });

  test('what a client sends while there is no owner comes to it in order', async () => {
    const standby = await openStandby();
    const client = await standby.dial();
    for (const part of ['a', 'b', 'c']) client.write(part);
    await vi.waitFor(() => expect(standby.broker.waitingCount).toBe(1));
    target.set(owner.target);
    client.write('d');
    const { socket } = await owner.next();
    expect(await read(socket, 4)).toBe('abcd');
  });

  test('a client that says a lot while it waits is not read from, and loses nothing', async () => {
    const standby = await openStandby();
    const client = await standby.dial();
    const pattern = randomBytes(MEGABYTE);
    for (let i = 0; i < 16; i++) client.write(pattern);
    await stalled(client);
    target.set(owner.target);
    const { socket } = await owner.next();
    expect(await countWrong(socket, pattern, 16 * MEGABYTE)).toBe(0);
  });

  test('a client that nobody serves is closed after a time, and forgotten', async () => {
    const standby = await openStandby({ waitMs: 50 });
    const client = await standby.dial();
    await once(client.resume(), 'end');
    expect(standby.broker.connectionCount).toBe(0);
    expect(events.map(({ text }) => text)).toEqual([
      'AMQP connections closed because no node owned the log for 50 ms: 1',
    ]);
  });

  test('a client that goes while it waits is forgotten', async () => {
    const standby = await openStandby();
    const client = await standby.dial();
    await vi.waitFor(() => expect(standby.broker.waitingCount).toBe(1));
    client.end();
    await once(client.resume(), 'close');
    await vi.waitFor(() => expect(standby.broker.connectionCount).toBe(0));
    target.set(owner.target);
    expect(owner.arrived).toEqual([]);
  });

  test('an owner that cannot be reached is tried again, and the log says why at most every ten seconds', async () => {
    const standby = await openStandby();
    owner.die();
    target.set(owner.target);
    const client = await standby.dial();
    client.write('AMQP');
    await vi.waitFor(() => expect(events.length).toBe(1));
    expect(events[0]?.text).toMatch(
      /cannot be passed through to the owner \(failed attempts: 1\): 127.0.0.1:\d+: .*ECONNREFUSED/,
    );
    owner = await Owner.open('secret', { port: owner.target.port });
    const { socket } = await owner.next();
    expect(await read(socket, 4)).toBe('AMQP');
    expect(events.length).toBe(1);
  });

  test('an owner that does not know the token gets nothing of the client', async () => {
    const standby = await openStandby();
    target.set({ ...owner.target, token: 'of a former term' });
    const client = await standby.dial();
    client.write('AMQP');
    await vi.waitFor(() => expect(owner.refusedCount).toBeGreaterThan(1));
    target.set(owner.target);
    const { socket } = await owner.next();
    expect(await read(socket, 4)).toBe('AMQP');
    expect(owner.arrived).toEqual([]);
  });

  test('another owner: those of the former one are closed, and new ones are passed to it', async () => {
    const standby = await openStandby();
    target.set(owner.target);
    const client = await standby.dial();
    const { socket } = await owner.next();
    await standby.allJoined();
    const other = await Owner.open('other');
    target.set(other.target);
    await Promise.all([once(client.resume(), 'end'), once(socket.resume(), 'end')]);
    expect(standby.broker.connectionCount).toBe(0);
    await standby.dial();
    await other.next();
    expect(standby.broker.connectionCount).toBe(1);
  });

  test('no owner any more: those of the former one are closed, and new ones wait', async () => {
    const standby = await openStandby();
    target.set(owner.target);
    const client = await standby.dial();
    await owner.next();
    await standby.allJoined();
    target.set(undefined);
    await once(client.resume(), 'end');
    await standby.dial();
    await vi.waitFor(() => expect(standby.broker.waitingCount).toBe(1));
  });

  test('news that say the same change nothing', async () => {
    const standby = await openStandby();
    target.set(owner.target);
    const client = await standby.dial();
    const { socket } = await owner.next();
    target.set({ ...owner.target });
    client.write('still');
    expect(await read(socket, 5)).toBe('still');
  });

  test('those who wait when this node becomes the owner are served by its broker', async () => {
    const standby = await openStandby();
    const client = await standby.dial();
    client.write('early ');
    await vi.waitFor(() => expect(standby.broker.waitingCount).toBe(1));
    const echo = new EchoBroker();
    standby.broker.giveWaitingTo(echo);
    client.write('late');
    expect(await read(client, 10)).toBe('early late');
    expect(echo.peers).toMatchObject([{ remotePort: client.localPort, loopback: true }]);
    expect(standby.broker.connectionCount).toBe(0);
    client.destroy();
    await vi.waitFor(() => expect(echo.closedCount).toBe(1));
    expect(standby.listener.connectionCount).toBe(0);
  });

  test('a broker that fails to take one who waits costs that one only', async () => {
    const standby = await openStandby();
    const clients = [await standby.dial(), await standby.dial()];
    await vi.waitFor(() => expect(standby.broker.waitingCount).toBe(2));
    const echo = new EchoBroker();
    echo.failsNext = true;
    standby.broker.giveWaitingTo(echo);
    await once(clients[0]?.resume() as Socket, 'end');
    clients[0]?.end();
    clients[1]?.write('here');
    expect(await read(clients[1] as Socket, 4)).toBe('here');
    await vi.waitFor(() => expect(standby.listener.connectionCount).toBe(1));
    expect(standby.broker.connectionCount).toBe(0);
  });

  test('closing all of them ends both sides', async () => {
    const standby = await openStandby();
    target.set(owner.target);
    const client = await standby.dial();
    const { socket } = await owner.next();
    await standby.allJoined();
    standby.broker.closeAll();
    await Promise.all([once(client.resume(), 'end'), once(socket.resume(), 'end')]);
    expect(standby.broker.connectionCount).toBe(0);
  });

  test('after closing it listens for owners no more', async () => {
    const standby = await openStandby();
    standby.broker.close();
    expect(target.listenerCount).toBe(0);
  });
});

describe('the end of a client that is passed through', () => {
  let standby: Standby;
  let client: Socket;
  let socket: Socket;

  beforeEach(async () => {
    standby = await openStandby();
    target.set(owner.target);
    client = await standby.dial();
    ({ socket } = await owner.next());
    await standby.allJoined();
  });

  test('what an owner says before anybody has asked it comes to the client', async () => {
    const other = await standby.dial();
    (await owner.next()).socket.end('farewell');
    expect(await read(other, 8)).toBe('farewell');
  });

  test('a client that has said all still gets what the owner has to say', async () => {
    client.end('bye');
    const ended = once(socket, 'end');
    expect(await read(socket, 3)).toBe('bye');
    await ended;
    socket.end('farewell');
    expect(await read(client, 8)).toBe('farewell');
    await vi.waitFor(() => expect(standby.broker.connectionCount).toBe(0));
    expect(standby.listener.connectionCount).toBe(0);
  });

  test('an owner that has said all ends the client', async () => {
    const ended = once(client, 'end');
    socket.end('farewell');
    expect(await read(client, 8)).toBe('farewell');
    await ended;
    client.end();
    await once(socket.resume(), 'close');
    expect(standby.broker.connectionCount).toBe(0);
  });

  test('a reset by the client ends the owner\u2019s side', async () => {
    client.resetAndDestroy();
    await once(socket.resume(), 'end');
    await vi.waitFor(() => expect(standby.broker.connectionCount).toBe(0));
  });

  test('a reset by the owner ends the client', async () => {
    socket.resetAndDestroy();
    await once(client.resume(), 'end');
    client.end();
    await vi.waitFor(() => expect(standby.broker.connectionCount).toBe(0));
    expect(standby.listener.connectionCount).toBe(0);
  });

  test('what a client sent before it was killed still comes to the owner', async () => {
    const pattern = randomBytes(256 * 1024);
    client.write(pattern);
    const wrong = countWrong(socket, pattern, pattern.length);
    await vi.waitFor(() => expect(client.writableLength).toBe(0));
    client.destroy();
    const ended = once(socket, 'end');
    expect(await wrong).toBe(0);
    await ended;
    socket.end();
    await vi.waitFor(() => expect(standby.broker.connectionCount).toBe(0));
  });

  test('a client that is gone holds nothing, although its owner reads nothing', async () => {
    const lost = randomBytes(MEGABYTE);
    for (let i = 0; i < 32; i++) client.write(lost);
    await stalled(client);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      client.resetAndDestroy();
      // it is seen when something is to be written
      socket.write('heartbeat');
      await vi.waitFor(() => expect(standby.broker.connectionCount).toBe(0), { interval: 10 });
      const before = openSockets();
      vi.advanceTimersByTime(5_000);
      await vi.waitFor(() => expect(openSockets()).toBe(before - 1));
    } finally {
      vi.useRealTimers();
    }
    await once(socket.resume(), 'end');
  });
});

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

describe('one side that does not read', () => {
  test.each(['owner', 'client'] as const)(
    'stops the other side, and next to nothing is kept here: the %s',
    async (who) => {
      const standby = await openStandby();
      target.set(owner.target);
      const client = await standby.dial();
      const { socket } = await owner.next();
      const [writer, reader] = who === 'owner' ? [client, socket] : [socket, client];
      const pattern = randomBytes(MEGABYTE);
      collectGarbage();
      const beforeBytes = process.memoryUsage().arrayBuffers;
      reader.pause();
      for (let i = 0; i < 64; i++) writer.write(pattern);
      await stalled(writer);
      // what was garbage is given back in the background
      await vi.waitFor(() => {
        collectGarbage();
        expect(process.memoryUsage().arrayBuffers - beforeBytes).toBeLessThan(MEGABYTE);
      });
      // the other direction goes on
      reader.write('heartbeat');
      expect(await read(writer, 9)).toBe('heartbeat');
      expect(await countWrong(reader, pattern, 64 * MEGABYTE)).toBe(0);
    },
  );
});

test('nothing is left of connections that were opened and closed', async () => {
  const standby = await openStandby();
  target.set(owner.target);
  const before = process.getActiveResourcesInfo().length;
  for (let round = 0; round < 10; round++) {
    const clients = await Promise.all(Array.from({ length: 50 }, () => standby.dial()));
    const sockets = await Promise.all(clients.map(async (_client) => (await owner.next()).socket));
    const closed = sockets.map((socket) => once(socket.on('end', () => socket.end()).resume(), 'close'));
    for (const client of clients) client.end();
    await Promise.all([...closed, ...clients.map((client) => once(client.resume(), 'close'))]);
    cleanups = cleanups.filter((_each, i) => i < 4);
  }
  await vi.waitFor(() => expect(standby.listener.connectionCount).toBe(0));
  expect(standby.broker.connectionCount).toBe(0);
  await vi.waitFor(() => expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before));
});

test('nodes with a certificate speak TLS with each other, and trust whom they were told to', async () => {
  const authority = new CertificateAuthority();
  const tls = materialOf(authority, authority);
  owner = await Owner.open('secret', { tls });
  const standby = await openStandby({ tls });
  target.set(owner.target);
  const client = await standby.dial();
  client.write('AMQP');
  const { socket } = await owner.next();
  expect(await read(socket, 4)).toBe('AMQP');
  const pattern = randomBytes(MEGABYTE);
  for (let i = 0; i < 8; i++) socket.write(pattern);
  expect(await countWrong(client, pattern, 8 * MEGABYTE)).toBe(0);
  client.end();
  await once(socket, 'end');
});

test('an owner whose certificate is not trusted is shown no token', async () => {
  const [authority, other] = [new CertificateAuthority(), new CertificateAuthority('/CN=Other')];
  owner = await Owner.open('secret', { tls: materialOf(authority, authority) });
  const standby = await openStandby({ tls: materialOf(other, other) });
  target.set(owner.target);
  await standby.dial();
  await vi.waitFor(() =>
    expect(events.map(({ text }) => text).join()).toMatch(/unable to verify|self-signed|signature/),
  );
  expect(owner.arrived).toEqual([]);
});

function materialOf(issuer: CertificateAuthority, trusted: CertificateAuthority): TlsMaterial {
  const { cert, key } = issuer.issueForServer();
  return {
    context: { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(trusted.cert) },
    verifyPeer: 'none',
    nameOf: () => undefined,
    onChange: () => {},
  };
}

/** Says what it hears. */
class EchoBroker implements AmqpBroker {
  readonly peers: Peer[] = [];
  closedCount = 0;
  failsNext = false;

  accept(transport: Transport, peer: Peer): AmqpConnection {
    if (this.failsNext) {
      this.failsNext = false;
      throw new Error('on purpose');
    }
    this.peers.push(peer);
    return {
      isOpen: true,
      receive: (bytes, start, end) => void transport.write(bytes.slice(start, end), end - start),
      drained: () => {},
      transportClosed: () => {
        this.closedCount++;
      },
    };
  }
}
