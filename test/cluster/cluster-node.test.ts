/** Nodes of a cluster as programs start them, in one process, on real servers. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type Client, connect } from '../../src/client/client.ts';
import { initCluster } from '../../src/cluster/cluster-init.ts';
import { openLeaseStore } from '../../src/cluster/nats-lease-store.ts';
import { type RunningBroker, type StartBrokerOptions, startBroker } from '../../src/daemon/start-broker.ts';
import { streamName } from '../../src/storage/jetstream/nats-names.ts';
import { uncaughtErrors } from '../client/uncaught-errors.ts';
import { describeWithNats } from '../servers/nats.ts';
import { natsUnderTest, until } from './nats-under-test.ts';

const LEASE_MS = 3000;
const scratch = mkdtempSync(join(tmpdir(), 'leveret-nodes-'));

interface State {
  readonly node: string;
  readonly role: string;
  readonly owner: string | null;
  readonly epoch: number;
  readonly serves_clients: boolean;
}

async function declareOrders(client: Client): Promise<void> {
  await client.declare({ queues: [{ queue: 'orders' }] });
}

/** The next `count` messages of the queue. */
async function received(client: Client, count: number): Promise<string[]> {
  const bodies: string[] = [];
  const consumer = await client.consume('orders', (delivery) => {
    bodies.push(delivery.text());
  });
  await until(`${count} messages`, () => bodies.length === count);
  await consumer.cancel();
  return bodies;
}

/** A way to `port` on which nothing of the client arrives once it is deaf. */
async function deafWay(port: number): Promise<{ readonly port: number; becomeDeaf(): void; close(): void }> {
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const inner = connectSocket(port, '127.0.0.1');
    sockets.push(client, inner);
    for (const socket of [client, inner]) socket.on('error', () => {});
    client.pipe(inner);
    inner.on('data', (chunk) => client.write(chunk));
  }).listen(0, '127.0.0.1');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  await once(server, 'listening');
  const becomeDeaf = (): void => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  return { port: (server.address() as AddressInfo).port, becomeDeaf, close };
}

describeWithNats('nodes of a cluster', () => {
  const nats = natsUnderTest();
  let cluster: string;
  let nodes: RunningBroker[] = [];
  const texts: string[] = [];
  const failures: string[] = [];

  beforeEach(async () => {
    texts.length = 0;
    failures.length = 0;
    cluster = await nats.newCluster(await nats.connect());
  });

  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close({ graceMs: 500 })));
    nodes = [];
  });

  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  async function start(nodeName: string, options: StartBrokerOptions = {}): Promise<RunningBroker> {
    const node = await startBroker({
      storage: 'jetstream',
      nats: nats.servers.urls,
      natsMonitor: nats.servers.monitorUrls,
      clusterName: cluster,
      nodeName,
      lease: LEASE_MS,
      dataDir: join(scratch, `${cluster}-${nodeName}`),
      host: '127.0.0.1',
      amqpPort: 0,
      httpPort: 0,
      clusterPort: 0,
      onEvent: ({ text }) => texts.push(`${nodeName}: ${text}`),
      onFailure: (reason) => failures.push(`${nodeName}: ${reason.message}`),
      ...options,
    });
    nodes.push(node);
    return node;
  }

  async function ask<T>(node: RunningBroker, path: string, init: RequestInit = {}): Promise<T> {
    const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const response = await fetch(`${node.httpUrl}${path}`, { headers, ...init });
    return (await response.json()) as T;
  }

  const stateOf = (node: RunningBroker): Promise<State> => ask<State>(node, '/v1/cluster');
  const statusOf = async (node: RunningBroker, path: string): Promise<number> =>
    (await fetch(`${node.httpUrl}${path}`)).status;
  const owns = (node: RunningBroker) => async (): Promise<boolean> => (await stateOf(node)).role === 'owner';

  /** Two nodes, the first of which owns the log. */
  async function startTwo(options: StartBrokerOptions = {}): Promise<[RunningBroker, RunningBroker]> {
    const first = await start('first', options);
    await until('the first node owns the log', owns(first));
    const second = await start('second', options);
    await until('the second node knows it', async () => (await stateOf(second)).role === 'standby');
    return [first, second];
  }

  test('one owns the log, and the other one passes clients through to it, over AMQP, HTTP and in the process', async () => {
    const [first, second] = await startTwo();
    expect(await stateOf(second)).toMatchObject({
      node: 'second',
      owner: 'first',
      epoch: 1,
      serves_clients: true,
    });
    expect([await statusOf(first, '/v1/health/owner'), await statusOf(second, '/v1/health/owner')]).toEqual([
      200, 503,
    ]);
    expect([await statusOf(first, '/v1/health/ready'), await statusOf(second, '/v1/health/ready')]).toEqual([
      200, 200,
    ]);
    const direct = await second.connect();
    const channel = await direct.createChannel();
    await channel.queueDeclare('orders', { durable: true });
    await channel.confirmSelect();
    await channel.publish({ routingKey: 'orders', body: 'one', properties: { deliveryMode: 2 } });
    expect(await ask<{ name: string }[]>(second, '/api/queues')).toMatchObject([{ name: 'orders' }]);
    expect(first.broker.vhosts.get('/')?.queues.get('orders')?.messageCount).toBe(1);
    expect(() => second.broker).toThrow(/node 'second' does not own the log of cluster/);
    await using client = await connect(second.url as string);
    expect(await received(client, 1)).toEqual(['one']);
  });

  test('the log is handed over when somebody asks for it, and clients of both nodes go on', async () => {
    const [first, second] = await startTwo();
    await using client = await connect(first.url as string);
    await declareOrders(client);
    await client.publish({ routingKey: 'orders', body: 'before' });
    await until('the owner knows the other node', async () => {
      const { nodes: known } = await ask<{ nodes: unknown[] }>(first, '/v1/cluster/nodes');
      return known.length === 2;
    });
    const answer = await ask(first, '/v1/cluster/handover', { method: 'POST', body: '{}' });
    expect(answer).toMatchObject({ to: 'second' });
    await until('the second node owns the log', owns(second));
    await client.publish({ routingKey: 'orders', body: 'behind' });
    expect(await received(client, 2)).toEqual(['before', 'behind']);
    expect(await stateOf(first)).toMatchObject({ role: 'standby', owner: 'second', epoch: 2 });
    expect(failures).toEqual([]);
  });

  test('who comes while the log is handed over waits for the new owner, whoever does not leave', async () => {
    const [first] = await startTwo();
    const way = await deafWay(first.ports.amqp as number);
    const client = await connect(`amqp://127.0.0.1:${way.port}`);
    onTestFinished(async () => {
      way.close();
      await client.close().catch(() => undefined);
    });
    await until('the owner knows the other node', async () => {
      const { nodes: known } = await ask<{ nodes: unknown[] }>(first, '/v1/cluster/nodes');
      return known.length === 2;
    });
    way.becomeDeaf();
    await ask(first, '/v1/cluster/handover', { method: 'POST', body: '{}' });
    const newcomer = connectSocket(first.ports.amqp as number, '127.0.0.1');
    newcomer.write('AMQP\0\0\x09\x01');
    const answer = (await Promise.race([once(newcomer, 'data'), once(newcomer, 'close')])) as unknown[];
    newcomer.destroy();
    expect(answer).toEqual([expect.any(Buffer)]);
    expect((await stateOf(first)).owner).toBe('second');
  });

  test('an owner that is stopped gives the log away, and does not make others wait for its lease', async () => {
    const [first, second] = await startTwo({ lease: 60_000 });
    await first.close();
    await until('the second node owns the log', owns(second), 10_000);
  });

  test('an owner that servers do not answer gives up, and is a standby or the owner when they do again', async () => {
    const [first, second] = await startTwo();
    for (const server of [0, 1, 2]) nats.servers.pause(server);
    await until('the owner gives up', async () => (await stateOf(first)).role !== 'owner');
    for (const node of [first, second]) {
      await until('nobody is ready', async () => (await statusOf(node, '/v1/health/ready')) === 503);
      expect((await stateOf(node)).owner).toBe(null);
    }
    for (const server of [0, 1, 2]) nats.servers.resume(server);
    await until('one of them owns the log', async () => (await owns(first)()) || (await owns(second)()));
    expect(failures).toEqual([]);
  });

  test('a standby that refuses has no AMQP port until it owns the log', async () => {
    const [first, second] = await startTwo({ standby: 'refuse' });
    expect([first.ports.amqp === undefined, second.ports.amqp === undefined]).toEqual([false, true]);
    expect([await statusOf(second, '/v1/health/ready'), await statusOf(second, '/api/overview')]).toEqual([
      503, 503,
    ]);
    await first.close();
    await until('the second node owns the log', owns(second));
    expect(second.ports.amqp).toBeGreaterThan(0);
    const client = await connect(second.url as string);
    await declareOrders(client);
    await client.close();
  });

  test('a cluster that was not made, and servers that nobody answers at, are refused with what to do', async () => {
    const start2 = (options: StartBrokerOptions): Promise<RunningBroker> => start('first', options);
    await expect(start2({ clusterName: 'absent' })).rejects.toThrow(/leveret cluster init/);
    expect(texts).toEqual([]);
  });

  test('a cluster goes on where it was when all of its nodes were away', async () => {
    const [first, second] = await startTwo();
    const client = await connect(first.url as string);
    await declareOrders(client);
    for (let count = 0; count < 100; count++)
      await client.publish({ routingKey: 'orders', body: `message ${count}` });
    await client.close();
    await Promise.all([first.close(), second.close()]);
    const third = await start('third');
    await until('the third node owns the log', owns(third), 10_000);
    expect(third.broker.vhosts.get('/')?.queues.get('orders')?.messageCount).toBe(100);
    expect((await stateOf(third)).epoch).toBeGreaterThan(1);
    expect(texts.filter((text) => text.includes('recovered 100 messages'))).toHaveLength(1);
  });

  test('streams that were lost and made again are not taken for an empty broker', async () => {
    const first = await start('first');
    await until('the first node owns the log', owns(first));
    await first.close();
    const connection = await nats.connect();
    const { api } = await connection.link(1_000);
    for (const kind of ['main', 'cold'] as const) await api.streams.delete(streamName(cluster, kind));
    await initCluster(connection, { cluster, replicas: 3 });
    await start('second');
    await until('the second node gives up', () => failures.length > 0);
    expect(failures[0]).toMatch(
      /second: .*newest entry is one of epoch 0, and there was an owner with epoch 1/,
    );
  });

  test('a defect in a turn ends the node, and another one goes on', async () => {
    const errors = uncaughtErrors();
    onTestFinished(() => void errors.stop());
    const [first, second] = await startTwo({ lease: 60_000 });
    const { broker } = first;
    broker.turn = () => {
      throw new Error('impossible');
    };
    broker.runtime.requestTurn();
    await until('the second node owns the log', owns(second), 10_000);
    await first.close();
    expect(errors.stop()).toEqual([expect.stringMatching(/^a defect in the broker, .*: impossible/)]);
    expect(first.listeners).toEqual([]);
    expect(failures).toEqual([]);
  });

  test('a node that cannot use its disk ends when it takes over, and says why; another one goes on', async () => {
    const first = await start('first', { lease: 60_000 });
    await until('the first node owns the log', owns(first));
    const dataDir = join(scratch, `${cluster}-broken`);
    const second = await start('second', { dataDir });
    rmSync(dataDir, { recursive: true });
    writeFileSync(dataDir, 'no directory');
    await until('the second node knows the first', async () => (await stateOf(second)).owner === 'first');
    await first.close();
    await until('the second node gives up', () => failures.length > 0, 10_000);
    await second.close();
    expect(failures).toEqual([expect.stringContaining(`${dataDir} cannot be used: it is not a directory`)]);
    expect(second.listeners).toEqual([]);
    const third = await start('third');
    await until('the third node owns the log', owns(third), 10_000);
  });

  test('a node whose AMQP port is taken when it takes over gives the log back', async () => {
    const errors = uncaughtErrors();
    onTestFinished(() => void errors.stop());
    const first = await start('first', { standby: 'refuse' });
    await until('the first node owns the log', owns(first));
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const { port: amqpPort } = taken.address() as AddressInfo;
    const second = await start('second', { standby: 'refuse', amqpPort });
    await until('the second node knows the first', async () => (await stateOf(second)).owner === 'first');
    await first.close();
    await until('the second node has given up', () => second.listeners.length === 0);
    await second.close();
    expect(errors.stop()).toEqual([expect.stringContaining(`127.0.0.1:${amqpPort}: the port is in use`)]);
    const third = await start('third', { lease: 60_000 });
    await until('the third node owns the log', owns(third), 10_000);
  });

  test('a node that is closed while it takes over lets go of everything', async () => {
    const store = await openLeaseStore(await nats.connect(), cluster);
    const first = await start('first');
    await until('the first node has the lease', async () => (await store.read())?.record.owner === 'first');
    for (const server of [0, 1, 2]) nats.servers.pause(server);
    const closing = [first.close({ graceMs: 100 }), first.close()];
    await closing[0];
    expect(closing[1]).toBe(closing[0]);
    await nats.heal();
    const again = await start('again', { dataDir: join(scratch, `${cluster}-first`) });
    await until('a node on the same directory owns the log', owns(again), 20_000);
    expect(failures).toEqual([]);
  });

  test('an HTTP request that waits for an owner to confirm ends when that gives up', async () => {
    const first = await start('first');
    await until('the first node owns the log', owns(first));
    await until('it has an API', async () => (await statusOf(first, '/api/overview')) === 401);
    for (const server of [0, 1, 2]) nats.servers.pause(server);
    const put = ask(first, '/api/queues/%2F/orders', { method: 'PUT', body: '{"durable":true}' });
    const rejected = expect(put).rejects.toThrow();
    await until('the owner gives up', async () => (await stateOf(first)).role !== 'owner');
    await rejected;
    await nats.heal();
    await until('it owns the log again', owns(first));
  });

  test('a data directory that a node could not take over with is refused at its start', async () => {
    const first = await start('first');
    await until('the first node owns the log', owns(first));
    const dataDir = join(scratch, `${cluster}-first`);
    await expect(start('second', { dataDir })).rejects.toThrow(dataDir);
    const file = join(scratch, `${cluster}-file`);
    writeFileSync(file, 'no directory');
    await expect(start('second', { dataDir: file })).rejects.toThrow(/not a directory/);
  });

  test('a node that cannot start leaves no connection behind', async () => {
    const tlsCert = join(scratch, 'absent.pem');
    await expect(start('first', { tlsCert, tlsKey: tlsCert })).rejects.toThrow(/absent\.pem/);
    const names = async (url: string): Promise<string[]> => {
      const answer = (await (await fetch(`${url}/connz`)).json()) as { connections: { name?: string }[] };
      return answer.connections.map(({ name = '' }) => name);
    };
    const open = async (): Promise<string[]> =>
      (await Promise.all(nats.servers.monitorUrls.map(names))).flat();
    await until('it is disconnected', async () => !(await open()).includes('leveret first'), 5_000);
  });

  test('two clusters on the same servers know nothing of each other', async () => {
    const first = await start('first');
    const connection = await nats.connect();
    await initCluster(connection, { cluster: 'other', replicas: 3 });
    const other = await start('first', { clusterName: 'other', dataDir: join(scratch, 'other') });
    await until('both own their log', async () => (await owns(first)()) && (await owns(other)()));
    const client = await connect(first.url as string);
    await declareOrders(client);
    await client.close();
    expect(other.broker.vhosts.get('/')?.queues.size).toBe(0);
  });
});
