import { type ChannelModel, type ConsumeMessage, connect } from 'amqplib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Arrivals } from '../../test/servers/arrivals.ts';
import { PassTargetSource } from '../../test/servers/pass-target.ts';
import { RawClient } from '../../test/servers/raw-client.ts';
import { openDirectConnection } from '../client/direct-connection.ts';
import type { BrokerEvent, Peer } from '../core/environment.ts';
import { type RunningBroker, startBroker } from '../daemon/start-broker.ts';
import { buildApp } from '../management/build-app.ts';
import type { ManagementHost, NodeFacts } from '../management/management-host.ts';
import { setPeer } from '../management/request-peer.ts';
import type { AmqpBroker } from '../server/amqp-broker.ts';
import { AmqpListener, type AmqpListenerOptions } from '../server/amqp-listener.ts';
import { HttpListener } from '../server/http-listener.ts';
import { HttpPassThrough } from './http-pass-through.ts';
import { PassThroughBroker } from './pass-through-broker.ts';
import { PeerListener } from './peer-listener.ts';
import { makeStandbyHttp } from './standby-http.ts';
import { SwitchedBroker } from './switched-broker.ts';

const GUEST = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
const events: BrokerEvent[] = [];
let cleanups: (() => unknown)[] = [];
let target: PassTargetSource;
let owner: RunningBroker;
/** The owner's, for clients of other nodes. */
let adopting: AmqpListener;
let passThrough: PassThroughBroker;
let standby: SwitchedBroker;
/** What a node sees of a client in place of this machine. */
let seen: Partial<Peer>;
let port: number;
let httpPort: number;

const onEvent = (event: BrokerEvent): unknown => events.push(event);

async function listen(broker: AmqpBroker, options: Partial<AmqpListenerOptions>): Promise<AmqpListener> {
  const limits = { connectionsMax: 1_000, unauthenticatedMax: 500, unauthenticatedPerAddressMax: 3 };
  const listener = await AmqpListener.open(broker, { hosts: [], port: 0, ...limits, onEvent, ...options });
  cleanups.push(() => {
    listener.close();
    listener.destroyConnections('the test is over');
  });
  return listener;
}

beforeEach(async () => {
  seen = {};
  target = new PassTargetSource();
  await openOwner();
  await openStandby();
});

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
  events.length = 0;
});

async function openOwner(): Promise<void> {
  owner = await startBroker({ amqpPort: false });
  cleanups.push(() => owner.close());
  adopting = await listen(owner.broker, {});
  const http = await openOwnerHttp();
  const listener = await PeerListener.open({
    hosts: ['127.0.0.1'],
    port: 0,
    token: () => 'secret',
    onAmqp: (socket, peer) => adopting.adopt(socket, peer),
    onHttp: (socket, peer) => {
      setPeer(socket, peer);
      http.adopt(socket);
    },
    onEvent,
  });
  cleanups.push(() => listener.close());
  target.set({ host: '127.0.0.1', port: listener.addresses[0]?.port ?? 0, token: 'secret' });
}

async function openOwnerHttp(): Promise<HttpListener> {
  const host: ManagementHost = {
    broker: owner.broker,
    node: () => ({}) as NodeFacts,
    listeners: () => [],
    certificates: () => [],
  };
  const app = await buildApp(host, (error) => {
    throw error;
  });
  await app.ready();
  const http = await HttpListener.open({
    hosts: [],
    port: 0,
    connectionsMax: 100,
    onRequest: app.routing,
    onEvent,
  });
  cleanups.push(
    () => app.close(),
    () => http.destroy(),
  );
  return http;
}

async function openStandby(): Promise<void> {
  const { target: where, onTarget } = target;
  passThrough = new PassThroughBroker({ target: where, onTarget, waitMs: 10_000, onEvent });
  standby = new SwitchedBroker(passThrough);
  const accept: SwitchedBroker['accept'] = (transport, peer) =>
    standby.accept(transport, { ...peer, ...seen });
  const listener = await listen({ accept }, { hosts: ['127.0.0.1'] });
  port = listener.addresses[0]?.port ?? 0;
  const httpPassThrough = new HttpPassThrough({ target: where, onTarget, onEvent });
  const onRequest = makeStandbyHttp({
    routes: new Map(),
    passThrough: httpPassThrough,
    owner: () => undefined,
  });
  const http = await HttpListener.open({
    hosts: ['127.0.0.1'],
    port: 0,
    connectionsMax: 100,
    onRequest,
    onEvent,
  });
  httpPort = http.addresses[0]?.port ?? 0;
  cleanups.push(() => {
    http.destroy();
    httpPassThrough.close();
    passThrough.close();
  });
}

function dial(): Promise<ChannelModel> {
  return connect(`amqp://guest:guest@127.0.0.1:${port}`);
}

describe('a client of a node that stands by', () => {
  test('publishes with confirms, and consumes with acks in order', async () => {
    const connection = await dial();
    const publisher = await connection.createConfirmChannel();
    const consumer = await connection.createChannel();
    const { queue } = await publisher.assertQueue('work');
    for (let i = 0; i < 5_000; i++) publisher.sendToQueue(queue, Buffer.from(`${i}`));
    await publisher.waitForConfirms();
    const arrivals = new Arrivals<ConsumeMessage>();
    await consumer.prefetch(100);
    await consumer.consume(queue, (message) => {
      if (message === null) return;
      arrivals.push(message);
      consumer.ack(message);
    });
    const bodies = (await arrivals.take(5_000)).map(({ content }) => Number(content));
    expect(bodies).toEqual(Array.from({ length: 5_000 }, (_, i) => i));
    await connection.close();
    await vi.waitFor(() => expect(passThrough.connectionCount).toBe(0));
    expect(owner.broker.connectionCount).toBe(0);
  });

  test('sends and gets a body of many frames as it is', async () => {
    const client = await RawClient.connect({ port, timeoutMs: 15_000 });
    const channel = await client.openChannel(1);
    await channel.call('queue.declare', { queue: 'large' });
    const body = Buffer.alloc(16 * 2 ** 20, 'all of it');
    channel.publish({ routingKey: 'large' }, {}, body);
    await channel.call('basic.consume', { queue: 'large', noAck: true });
    expect(body.equals((await channel.expect('basic.deliver')).body)).toBe(true);
    await client.close();
  });

  test('is seen by the owner as it is, and not as the node that it came by', async () => {
    seen = { remoteAddress: '192.0.2.7', localAddress: '192.0.2.1' };
    const client = await RawClient.connect({ port });
    const [connection] = [...owner.broker.connections];
    expect(connection?.peer).toMatchObject({ ...seen, remotePort: client.socket.localPort, localPort: port });
    const answer = await fetch(`http://127.0.0.1:${httpPort}/api/connections`, {
      headers: { authorization: GUEST },
    });
    expect(await answer.json()).toMatchObject([
      { peer_host: '192.0.2.7', peer_port: client.socket.localPort, host: '192.0.2.1' },
    ]);
    await client.close();
  });

  test('that is not on the machine of its node may not log in as guest', async () => {
    seen = { remoteAddress: '192.0.2.7', loopback: false };
    await expect(RawClient.connect({ port })).rejects.toMatchObject({ code: 403 });
    seen = {};
    await (await RawClient.connect({ port })).close();
  });

  test('counts for the limit of its own address, whichever node it comes by', async () => {
    seen = { remoteAddress: '192.0.2.7', loopback: false };
    const strangers = [];
    for (let i = 0; i < 3; i++) strangers.push(await RawClient.dial({ port }));
    await vi.waitFor(() => expect(adopting.connectionCount).toBe(3));
    const refused = await RawClient.dial({ port });
    await refused.whenEnded;
    expect(events.map(({ text }) => text)).toContain(
      'refused 1 connections, the last from 192.0.2.7: too many connections wait to log in',
    );
    seen = { remoteAddress: '192.0.2.8', loopback: false };
    strangers.push(await RawClient.dial({ port }));
    await vi.waitFor(() => expect(adopting.connectionCount).toBe(4));
    for (const stranger of strangers) stranger.destroy();
    await vi.waitFor(() => expect(adopting.connectionCount).toBe(0));
  });

  test('is disconnected with a reason by an owner that stops', async () => {
    const client = await RawClient.connect({ port });
    const closed = client.whenClosed();
    owner.broker.shutdown(() => {});
    expect(await closed).toMatchObject({ code: 320 });
    await client.whenEnded;
  });

  test('that says all at once and goes is heard to its end', async () => {
    const client = await RawClient.connect({ port });
    const channel = await client.openChannel(1);
    await channel.call('queue.declare', { queue: 'work' });
    for (let i = 0; i < 1_000; i++) channel.publish({ routingKey: 'work' }, {}, 'x'.repeat(1_000));
    client.socket.end();
    await client.whenEnded;
    expect(owner.broker.vhosts.get('/')?.queues.get('work')?.messageCount).toBe(1_000);
  });

  test('in its process needs no port', async () => {
    const connection = await openDirectConnection(standby, {
      username: 'guest',
      password: 'guest',
      vhost: '/',
    });
    const channel = await connection.createChannel();
    await channel.queueDeclare('work');
    const bodies = Array.from({ length: 50 }, (_, i) => new Uint8Array(200_000).fill(i));
    await Promise.all(bodies.map((body) => channel.publish({ routingKey: 'work', body })));
    for (const body of bodies) {
      const message = await channel.get('work', { noAck: true });
      expect(Buffer.compare(message?.body ?? new Uint8Array(), body)).toBe(0);
    }
    await connection.close();
    await vi.waitFor(() => expect(passThrough.connectionCount).toBe(0));
  });

  test('that breaks the protocol is told so', async () => {
    const client = await RawClient.dial({ port });
    client.sendBytes(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await client.whenEnded;
    expect(String(client.protocolAnswer)).toBe('AMQP\0\0\x09\x01');
  });

  test('that is killed gives its messages back', async () => {
    const [client, other] = [await RawClient.connect({ port }), await RawClient.connect({ port })];
    const channel = await client.openChannel(1);
    await channel.call('queue.declare', { queue: 'work' });
    channel.publish({ routingKey: 'work' }, {}, 'job');
    await channel.call('basic.consume', { queue: 'work' });
    await channel.expect('basic.deliver');
    client.socket.resetAndDestroy();
    const consumer = await other.openChannel(1);
    await consumer.call('basic.consume', { queue: 'work' });
    expect((await consumer.expect('basic.deliver')).method.redelivered).toBe(true);
    await other.close();
  });

  test('hears heartbeats of the owner, and is heard', async () => {
    const client = await RawClient.connect({ port, heartbeat: 1 });
    client.sendHeartbeat();
    await vi.waitFor(() => expect(client.heartbeatAtMs).toBeDefined(), { timeout: 5_000 });
    await client.close();
  });

  test('that waits for an owner is served by its own node when that becomes the owner', async () => {
    target.set(undefined);
    const opening = RawClient.connect({ port });
    await vi.waitFor(() => expect(passThrough.waitingCount).toBe(1));
    standby.becomeOwner(owner.broker);
    const client = await opening;
    const next = await RawClient.connect({ port });
    expect(owner.broker.connectionCount).toBe(2);
    expect(passThrough.connectionCount).toBe(0);
    await Promise.all([client.close(), next.close()]);
    standby.becomeStandby();
    const socket = await RawClient.dial({ port });
    await vi.waitFor(() => expect(passThrough.waitingCount).toBe(1));
    socket.destroy();
  });
});

describe('the HTTP API of a node that stands by', () => {
  test('is the owner\u2019s, for whom it knows', async () => {
    const url = `http://127.0.0.1:${httpPort}`;
    const headers = { authorization: GUEST, 'content-type': 'application/json' };
    const put = await fetch(`${url}/api/queues/%2F/a%2Fb`, { method: 'PUT', headers, body: '{}' });
    expect(put.status).toBe(201);
    const queues = await fetch(`${url}/api/queues/%2F`, { headers });
    expect(await queues.json()).toMatchObject([{ name: 'a/b' }]);
    const refused = await fetch(`${url}/api/queues`);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="Leveret"']);
  });

  test('streams what it watches', async () => {
    const cancel = new AbortController();
    const response = await fetch(`http://127.0.0.1:${httpPort}/v1/watch?path=/api/vhosts`, {
      headers: { authorization: GUEST, accept: 'text/event-stream' },
      signal: cancel.signal,
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    const first = await response.body?.getReader().read();
    expect(new TextDecoder().decode(first?.value)).not.toBe('');
    cancel.abort();
  });
});

test('a client on a node that stands by finds its queues when another node has become the owner', async () => {
  const connection = await dial();
  connection.on('error', () => {});
  const lost = new Promise((resolve) => connection.on('close', resolve));
  target.set(undefined);
  await lost;
  const again = dial();
  await vi.waitFor(() => expect(passThrough.waitingCount).toBe(1));
  await openOwner();
  const found = await again;
  const channel = await found.createChannel();
  await channel.assertQueue('here');
  expect(owner.broker.connectionCount).toBe(1);
  await found.close();
});
