import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import type { BrokerEvent, Peer, Transport } from '../core/environment.ts';
import type { AmqpBroker, AmqpConnection } from './amqp-broker.ts';
import { AmqpListener, type AmqpListenerOptions } from './amqp-listener.ts';

interface Accepted {
  readonly transport: Transport;
  readonly peer: Peer;
  readonly closed: Promise<string | undefined>;
}

/** A broker whose connections do nothing. */
class SilentBroker implements AmqpBroker {
  readonly accepted: Accepted[] = [];
  onAccept: () => void = () => {};

  accept(transport: Transport, peer: Peer): AmqpConnection {
    let transportClosed: (reason?: string) => void = () => {};
    const closed = new Promise<string | undefined>((resolve) => {
      transportClosed = resolve;
    });
    this.accepted.push({ transport, peer, closed });
    this.onAccept();
    return { isOpen: false, receive: () => {}, drained: () => {}, transportClosed };
  }

  acceptedCount(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.onAccept = () => {
        if (this.accepted.length >= count) resolve();
      };
      this.onAccept();
    });
  }
}

const machineHasIpv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);
/** A peer that connects to this address comes from it, and so counts as one on another machine. */
const outerAddress = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
const events: BrokerEvent[] = [];
let cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups) cleanup();
  cleanups = [];
  events.length = 0;
});

async function open(broker: AmqpBroker, options: Partial<AmqpListenerOptions> = {}): Promise<AmqpListener> {
  const listener = await AmqpListener.open(broker, {
    hosts: ['127.0.0.1'],
    port: 0,
    connectionsMax: 100,
    unauthenticatedMax: 100,
    unauthenticatedPerAddressMax: 100,
    onEvent: (event) => events.push(event),
    ...options,
  });
  cleanups.push(() => {
    listener.close();
    listener.destroyConnections('the test is over');
  });
  return listener;
}

function portOf(listener: AmqpListener): number {
  return listener.addresses[0]?.port ?? 0;
}

async function client(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port });
  socket.on('error', () => {});
  cleanups.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

describe('amqp listener', () => {
  test('localhost listens on both loopback addresses, with the same port', async () => {
    const broker = new SilentBroker();
    const listener = await open(broker, { hosts: ['localhost'] });
    const hosts = listener.addresses.map(({ host }) => host);
    expect(hosts).toEqual(machineHasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']);
    for (const { host, port } of listener.addresses) await client(host, port);
    await broker.acceptedCount(hosts.length);
    expect(broker.accepted.every(({ peer }) => peer.loopback && peer.localPort === portOf(listener))).toBe(
      true,
    );
  });

  test('a port in use is refused with a text that says which option to change', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    cleanups.push(() => other.close());
    const { port } = other.address() as { port: number };
    const opened = open(new SilentBroker(), { port });
    await expect(opened).rejects.toMatchObject({ name: 'ListenError', code: 'ADDRESS_IN_USE', port });
    await expect(opened).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the port is in use by another program; stop it, or choose another port (0: any free one)`,
    );
  });

  test('listens nowhere when one of several hosts fails', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as { port: number };
    free.close();
    await once(free, 'close');
    const opened = open(new SilentBroker(), { hosts: ['127.0.0.1', '192.0.2.1'], port });
    await expect(opened).rejects.toMatchObject({ code: 'ADDRESS_NOT_AVAILABLE', host: '192.0.2.1' });
    const again = await open(new SilentBroker(), { port });
    expect(portOf(again)).toBe(port);
  });

  test('refuses connections past the limit, and says so once', async () => {
    const broker = new SilentBroker();
    const listener = await open(broker, { connectionsMax: 1 });
    await client('127.0.0.1', portOf(listener));
    for (let i = 0; i < 3; i++) await once(await client('127.0.0.1', portOf(listener)), 'close');
    expect(broker.accepted.length).toBe(1);
    expect(events.map(({ text }) => text)).toEqual([
      'refused 1 connections, the last from 127.0.0.1: there are 1 connections, and --max-connections is 1',
    ]);
  });

  test('a connection that has gone makes room for another', async () => {
    const broker = new SilentBroker();
    const listener = await open(broker, { connectionsMax: 1 });
    (await client('127.0.0.1', portOf(listener))).destroy();
    await broker.acceptedCount(1);
    await broker.accepted[0]?.closed;
    await client('127.0.0.1', portOf(listener));
    await broker.acceptedCount(2);
  });

  test('peers on this machine are not counted as strangers', async () => {
    const broker = new SilentBroker();
    const listener = await open(broker, { unauthenticatedMax: 1, unauthenticatedPerAddressMax: 1 });
    for (let i = 0; i < 3; i++) await client('127.0.0.1', portOf(listener));
    await broker.acceptedCount(3);
  });

  test.skipIf(outerAddress === undefined)(
    'strangers are limited, and do not shut out peers on this machine',
    async () => {
      const broker = new SilentBroker();
      const listener = await open(broker, { hosts: ['0.0.0.0'], unauthenticatedMax: 1 });
      const port = portOf(listener);
      await client('127.0.0.1', port);
      await client(outerAddress ?? '', port);
      await once(await client(outerAddress ?? '', port), 'close');
      expect(events[0]?.text).toBe(
        `refused 1 connections, the last from ${outerAddress}: too many connections wait to log in`,
      );
      await client('127.0.0.1', port);
      await broker.acceptedCount(3);
      expect(broker.accepted.map(({ peer }) => peer.loopback)).toEqual([true, false, true]);
    },
  );

  test('close takes no more connections and leaves those that are there', async () => {
    const broker = new SilentBroker();
    const listener = await open(broker);
    const port = portOf(listener);
    const socket = await client('127.0.0.1', port);
    await broker.acceptedCount(1);
    listener.close();
    await expect(client('127.0.0.1', port)).rejects.toThrow();
    broker.accepted[0]?.transport.write(Buffer.from('still here'), 10);
    expect(String((await once(socket, 'data'))[0])).toBe('still here');
  });

  test('destroyConnections cuts all of them', async () => {
    const broker = new SilentBroker();
    const listener = await open(broker);
    const sockets = [
      await client('127.0.0.1', portOf(listener)),
      await client('127.0.0.1', portOf(listener)),
    ];
    await broker.acceptedCount(2);
    const closed = sockets.map((socket) => once(socket, 'close'));
    listener.destroyConnections('enough');
    await Promise.all(closed);
    expect(await broker.accepted[0]?.closed).toBe('enough');
    expect(listener.connectionCount).toBe(0);
  });

  test('a defect while accepting costs that connection only', async () => {
    const broker = new SilentBroker();
    broker.onAccept = () => {
      throw new Error('impossible');
    };
    const listener = await open(broker);
    await once(await client('127.0.0.1', portOf(listener)), 'close');
    expect(events[0]?.level).toBe('error');
    expect(events[0]?.text).toMatch(
      /^defect in the broker, closed the connection of 127\.0\.0\.1:\d+: Error: impossible/,
    );
    broker.onAccept = () => {};
    await client('127.0.0.1', portOf(listener));
    await broker.acceptedCount(2);
  });
});
