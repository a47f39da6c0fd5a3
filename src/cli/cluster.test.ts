import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ApiClient } from './api/api-client.ts';
import { handOver } from './cluster-handover.ts';
import { clusterLines, isServed, readCluster } from './cluster-status.ts';
import { Output } from './terminal/output.ts';

const STANDBY = {
  cluster: 'orders',
  node: 'a',
  role: 'standby',
  owner: 'b',
  epoch: 7,
  lease_ms: 3_000,
  serves_clients: true,
};

const NODES = [
  node('a', { role: 'standby' }),
  node('b', { role: 'owner' }),
  node('c', { role: 'standby', standby_mode: 'refuse' }),
];

const STREAMS = [
  {
    name: 'LEVERET_orders_main',
    entries: 1_204,
    bytes: 12_900_000,
    leader: 'n1',
    replicas: [
      { server: 'n2', is_current: true, is_offline: false, lag: 0 },
      { server: 'n3', is_current: false, is_offline: false, lag: 1_100 },
    ],
  },
  {
    name: 'LEVERET_orders_cold',
    entries: 1,
    bytes: 222,
    leader: '',
    replicas: [{ server: 'n3', is_current: false, is_offline: true, lag: 3 }],
  },
];

function node(name: string, facts: object): object {
  const addresses = { http_address: `${name}:15672`, amqp_address: `${name}:5672` };
  return { name, version: '0.1.0', standby_mode: 'pass', ...addresses, ...facts };
}

type Reply = readonly [status: number, body: unknown] | 'reset';

/** A node that answers so; each path its replies in turn, the last one again and again. */
async function apiOf(
  replies: Readonly<Record<string, readonly Reply[]>>,
  timeoutMs: number = 10_000,
): Promise<ApiClient> {
  const left = new Map(Object.entries(replies).map(([path, each]) => [path, [...each]]));
  const server = createServer((request, response) => {
    const queue = left.get(request.url ?? '') ?? [];
    const reply = queue.length > 1 ? queue.shift() : queue[0];
    if (reply === undefined || reply === 'reset') response.destroy();
    else response.writeHead(reply[0]).end(JSON.stringify(reply[1]));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const api = new ApiClient({ url, username: 'guest', password: 'guest', timeoutMs, ca: undefined });
  onTestFinished(() => {
    api.close();
    server.close();
  });
  return api;
}

function nodes(of: readonly object[] = NODES): readonly Reply[] {
  return [[200, { nodes: of, streams: STREAMS }]];
}

describe('the status', () => {
  async function shown(state: object, all: readonly Reply[] = nodes()): Promise<string[]> {
    const view = await readCluster(await apiOf({ '/v1/cluster': [[200, state]], '/v1/cluster/nodes': all }));
    return clusterLines(new Output({ write: () => true }, { write: () => true }, {}), view);
  }

  test('shows who owns the log, the nodes, and whether the streams are in step', async () => {
    expect(await shown(STANDBY)).toEqual([
      'Cluster orders: node b owns the log, epoch 7, lease 3.0 s',
      'Asked was node a, which stands by.',
      '',
      'node  role     clients    version  HTTP     AMQP',
      'a     standby  passed on  0.1.0    a:15672  a:5672',
      'b     owner    served     0.1.0    b:15672  b:5672',
      'c     standby  refused    0.1.0    c:15672  c:5672',
      '',
      'stream               entries      size  leader  replicas',
      'LEVERET_orders_main    1 204  12.3 MiB  n1      n2, n3 (1 100 behind)',
      'LEVERET_orders_cold        1     222 B  none    n3 (offline)',
    ]);
  });

  test('says what is missing when nobody owns the log', async () => {
    const state = { ...STANDBY, role: 'starting', owner: null, serves_clients: false };
    expect(await shown(state, [[503, { detail: 'no node owns the log' }]])).toEqual([
      'Cluster orders: nobody owns the log',
      'Asked was node a, which is starting.',
      'Clients of this node are not served at the moment.',
      'The rest is not known: no node owns the log; see leveret status',
    ]);
  });

  test('of a broker without a cluster is short', async () => {
    const state = { ...STANDBY, role: 'single', node: 'x' };
    const lines = await shown(state, [[200, { nodes: [node('x', { role: 'single' })], streams: [] }]]);
    expect(lines.slice(0, 2)).toEqual([
      'No cluster: node x works alone',
      'It keeps its messages itself: see leveret status.',
    ]);
    expect(lines.at(-1)).toMatch(/^x +single +served/);
  });

  test('shows names without what could move the cursor', async () => {
    const lines = await shown({ ...STANDBY, owner: 'b\u001b[2J' }, nodes([node('b\u001b[2J', {})]));
    expect(lines.join('\n')).not.toContain('\u001b');
  });

  test('is not that of a node whose owner does not answer', async () => {
    const all: readonly Reply[] = [[502, { detail: 'the owner has gone' }]];
    const api = await apiOf({ '/v1/cluster': [[200, STANDBY]], '/v1/cluster/nodes': all });
    expect(isServed(await readCluster(api))).toBe(false);
  });

  test('is refused to whoever may not see it', async () => {
    await expect(shown(STANDBY, [[403, { detail: 'monitoring is needed' }]])).rejects.toThrow('monitoring');
  });
});

describe('a hand-over', () => {
  const begun: readonly Reply[] = [[202, { from: 'b', to: 'c' }]];
  const done = { ...STANDBY, owner: 'c', epoch: 8 };

  interface AskedOptions {
    readonly answer?: readonly Reply[];
    readonly all?: readonly object[];
    readonly timeoutMs?: number;
  }

  function asked(
    states: readonly (object | 'reset')[],
    { answer = begun, all = NODES, timeoutMs = 10_000 }: AskedOptions = {},
  ): Promise<ApiClient> {
    const replies = {
      '/v1/cluster': states.map((state): Reply => (state === 'reset' ? 'reset' : [200, state])),
      '/v1/cluster/nodes': nodes(all),
      '/v1/cluster/handover': answer,
    };
    return apiOf(replies, timeoutMs);
  }

  test('is over when the new owner serves, whatever is answered meanwhile', async () => {
    const fenced = { ...done, serves_clients: false };
    const api = await asked([STANDBY, STANDBY, 'reset', { ...STANDBY, owner: null }, fenced, done]);
    const result = await handOver(api, 'c');
    expect(result).toEqual({ from: 'b', to: 'c', epoch: 8, unservedMs: expect.any(Number) });
    expect(result.unservedMs).toBeGreaterThanOrEqual(3 * 20);
  });

  test('asked of a node that sends clients away is over when the new owner has its epoch', async () => {
    const refusing = { ...STANDBY, serves_clients: false };
    const api = await asked([refusing, refusing, { ...refusing, owner: 'c', epoch: 8 }], {
      all: [node('a', { standby_mode: 'refuse' })],
    });
    expect(await handOver(api, 'c')).toMatchObject({ to: 'c', epoch: 8 });
  });

  test('that another node took is told', async () => {
    const api = await asked([STANDBY, { ...done, owner: 'a' }]);
    await expect(handOver(api, 'c')).rejects.toThrow("node 'a' owns the log now, and not 'c'");
  });

  test('after which nobody serves in time is told', async () => {
    const api = await asked([STANDBY, { ...done, serves_clients: false }], { timeoutMs: 1_000 });
    await expect(handOver(api, undefined)).rejects.toThrow(
      "node 'c' does not serve clients 1 s after it was given the log; leveret cluster status says who does",
    );
  });

  test('that is refused says why', async () => {
    const api = await asked([STANDBY], {
      answer: [[404, { detail: "there is no node 'x' now; allowed: 'b'" }]],
    });
    await expect(handOver(api, 'x')).rejects.toThrow("there is no node 'x' now; allowed: 'b'");
  });
});
