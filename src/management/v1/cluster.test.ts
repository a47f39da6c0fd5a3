import { describe, expect, test } from 'vitest';
import { type Answer, ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { ClusterHost, ClusterNodes, ClusterState, HandOverAnswer } from '../management-host.ts';

const STATE: ClusterState = {
  cluster: 'orders',
  node: 'a',
  role: 'owner',
  owner: 'a',
  epoch: 7,
  leaseMs: 3_000,
  servesClients: true,
};

const NODES: ClusterNodes = {
  nodes: [
    {
      name: 'a',
      role: 'owner',
      version: '0.1.0',
      standbyMode: 'pass',
      httpAddress: 'a:15672',
      amqpAddress: 'a:5672',
    },
  ],
  streams: [
    {
      name: 'LEVERET_orders_main',
      entries: 12,
      bytes: 3_456,
      leader: 'n1',
      replicas: [{ server: 'n2', isCurrent: true, isOffline: false, lag: 0 }],
    },
  ],
};

class HostOfTest implements ClusterHost {
  answer: HandOverAnswer = { kind: 'begun', to: 'b' };
  askedFor: string | undefined = 'nothing';
  nodesError: Error | undefined;
  readonly #state: ClusterState;

  constructor(state: Partial<ClusterState> = {}) {
    this.#state = { ...STATE, ...state };
  }

  state(): ClusterState {
    return this.#state;
  }

  async nodes(): Promise<ClusterNodes> {
    if (this.nodesError !== undefined) throw this.nodesError;
    return NODES;
  }

  async handOver(to: string | undefined): Promise<HandOverAnswer> {
    this.askedFor = to;
    return this.answer;
  }
}

function start(cluster: ClusterHost): Promise<ApiUnderTest> {
  return ApiUnderTest.start({}, { cluster });
}

async function handOver(host: HostOfTest, body: unknown = {}): Promise<Answer> {
  return (await start(host)).ask('POST', '/v1/cluster/handover', body);
}

describe('what a node is', () => {
  test('everybody is told', async () => {
    const { status, json } = await (await start(new HostOfTest())).get('/v1/cluster', '');
    const { leaseMs: lease_ms, servesClients: serves_clients, ...state } = STATE;
    expect([status, json]).toEqual([200, { ...state, lease_ms, serves_clients }]);
  });

  test('says so when nobody owns the log', async () => {
    const api = await start(new HostOfTest({ role: 'starting', owner: undefined }));
    expect((await api.get('/v1/cluster', '')).json).toMatchObject({ role: 'starting', owner: null });
  });

  test('is single without a cluster', async () => {
    const api = await ApiUnderTest.start();
    const node = api.broker.settings.nodeName;
    expect((await api.get('/v1/cluster', '')).json).toEqual({
      cluster: node,
      node,
      role: 'single',
      owner: node,
      epoch: 0,
      lease_ms: 0,
      serves_clients: true,
    });
  });
});

describe('a load balancer', () => {
  test.each([
    ['owner', 200],
    ['standby', 503],
    ['starting', 503],
  ] as const)('is told by a node with the role %s: %i', async (role, status) => {
    const api = await start(new HostOfTest({ role }));
    expect((await api.get('/v1/health/owner', '')).status).toBe(status);
  });

  test('is sent to a broker without a cluster until it stops', async () => {
    const api = await ApiUnderTest.start();
    expect((await api.get('/v1/health/owner', '')).json).toEqual({ status: 'ok' });
    api.broker.shutdown(() => {});
    expect((await api.get('/v1/health/owner', '')).json).toEqual({ status: 'unavailable' });
  });
});

describe('the nodes', () => {
  test('are listed with the streams', async () => {
    const { json } = await (await start(new HostOfTest())).get('/v1/cluster/nodes');
    const node = {
      name: 'a',
      role: 'owner',
      version: '0.1.0',
      standby_mode: 'pass',
      http_address: 'a:15672',
      amqp_address: 'a:5672',
    };
    const replicas = [{ server: 'n2', is_current: true, is_offline: false, lag: 0 }];
    const stream = { name: 'LEVERET_orders_main', entries: 12, bytes: 3_456, leader: 'n1', replicas };
    expect(json).toEqual({ nodes: [node], streams: [stream] });
  });

  test('are one without a cluster', async () => {
    const api = await ApiUnderTest.start();
    const { json } = await api.get('/v1/cluster/nodes');
    expect(json).toMatchObject({ nodes: [{ role: 'single', amqp_address: '127.0.0.1:5672' }], streams: [] });
  });

  test('cannot be listed while the servers of the log do not answer', async () => {
    const host = new HostOfTest();
    host.nodesError = new Error('nobody answers at nats://n1');
    const { status, json } = await (await start(host)).get('/v1/cluster/nodes');
    expect([status, json.detail]).toEqual([503, 'nobody answers at nats://n1']);
  });
});

describe('a hand-over', () => {
  test('begins, to the node that is named, and is written down', async () => {
    const host = new HostOfTest();
    const api = await start(host);
    const { status, json } = await api.ask('POST', '/v1/cluster/handover', { to: 'b' });
    expect([status, json]).toEqual([202, { from: 'a', to: 'b' }]);
    expect(host.askedFor).toBe('b');
    const { entries } = (await api.get('/v1/audit')).json;
    expect(entries).toContainEqual(
      expect.objectContaining({ username: 'guest', operation: 'POST /v1/cluster/handover', result: 'done' }),
    );
  });

  test.each([undefined, {}])('needs no name: %j', async (body) => {
    const host = new HostOfTest();
    const { status } = await (await start(host)).ask('POST', '/v1/cluster/handover', body);
    expect([status, host.askedFor]).toEqual([202, undefined]);
  });

  test.each([
    [{ to: {} }, /body\/to/],
    [{ two: 'b' }, /two/],
  ])('is refused with the body %j', async (body, text) => {
    const { status, text: found } = await handOver(new HostOfTest(), body);
    expect(status).toBe(400);
    expect(found).toMatch(text);
  });

  const nobody: HandOverAnswer = { kind: 'no-such-node', nodes: [] };
  const others: HandOverAnswer = { kind: 'no-such-node', nodes: ['b', 'c'] };
  test.each([
    [{ to: 'x' }, others, 404, "there is no node 'x' now; allowed: 'b', 'c'"],
    [{ to: 'a' }, others, 409, "node 'a' owns the log already; allowed: 'b', 'c'"],
    [{}, nobody, 409, 'no other node is there that could own the log: start one, and ask again'],
    [{}, { kind: 'not-now', reason: 'it stops' } as const, 409, 'it stops'],
  ])('to %j that cannot be says why: %j', async (body, answer, status, detail) => {
    const host = new HostOfTest();
    host.answer = answer;
    const found = await handOver(host, body);
    expect([found.status, found.json.detail]).toEqual([status, detail]);
  });

  test('without a cluster is refused', async () => {
    const api = await ApiUnderTest.start();
    const { status, json } = await api.ask('POST', '/v1/cluster/handover', {});
    expect([status, json.detail]).toEqual([409, expect.stringContaining('--storage jetstream')]);
  });
});
