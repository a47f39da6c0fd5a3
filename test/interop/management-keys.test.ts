/**
 * The management API of RabbitMQ 3.10.8 and of Leveret, after the same happened to both: the same fields, of the same JSON types,
 * but for those listed here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import amqp from 'amqplib';
import { expect, onTestFinished, test } from 'vitest';
import { valueAt } from '../management/contracts/fields.ts';
import { freePort } from '../servers/free-port.ts';
import { startLeveret } from '../servers/leveret.ts';
import { startRabbitmq } from '../servers/rabbitmq.ts';
import type { Server } from '../servers/server.ts';
import { describeWith, RABBITMQ } from './debian.ts';

interface Managed {
  readonly server: Server;
  readonly httpUrl: string;
}

/** Each is a list or an object; a list stands for all that its items have. */
const URLS = [
  'overview',
  'nodes',
  'vhosts',
  'queues',
  'queues/%2F/orders',
  'queues/%2F/quorum',
  'queues/%2F/orders/bindings',
  'exchanges',
  'exchanges/%2F/events',
  'bindings',
  'connections',
  'channels',
  'consumers',
  'users',
  'permissions',
  'topic-permissions',
  'policies',
  'operator-policies',
  'vhost-limits',
  'user-limits',
  'parameters',
  'global-parameters',
  'feature-flags',
  'whoami',
  'cluster-name',
  'health/checks/alarms',
  'health/checks/protocol-listener/amqp',
  'health/checks/protocol-listener/mqtt',
  'queues?page=1',
  'queues?disable_stats=true&enable_queue_totals=true',
  'connections/username/guest',
  'queues/%2F/orders?lengths_age=10&lengths_incr=5&msg_rates_age=10&msg_rates_incr=5',
] as const;

/**
 * What says something about Erlang, about how RabbitMQ keeps messages, or about its plugins; what is not counted here; and what
 * depends on the moment.
 */
const LEFT_OUT: readonly RegExp[] = [
  /idle_since$/,
  /garbage_collection/,
  /reductions/,
  /backing_queue_status/,
  /messages(_ready|_unacknowledged)?_ram$/,
  /(messages|message_bytes)_(ram|persistent|paged_out|dlx)$/,
  /recoverable_slaves$/,
  /open_files/,
  /single_active_consumer_ctag$/,
  /user_who_performed_action$/,
  /^overview\.(churn_rates\..*_details|message_stats\.disk_)/,
  /^overview\.(listeners\.socket_opts|contexts\.(cowboy_opts|ssl_opts))/,
  /^nodes\.(gc_|context_switches|io_|mnesia_|msg_store_|queue_index_|ra_open_file_metrics|metrics_gc)/,
  /^nodes\.(connection|channel|queue)_.*_details/,
  /^nodes\.contexts\.cowboy_opts/,
  /^vhosts\.(recv|send)_oct/,
];

/** Of later versions of RabbitMQ, or Leveret's own. */
const ADDED: readonly RegExp[] = [
  /^overview\.(leveret_version|is_op_policy_updating_enabled|listeners\.tls)$/,
  /^nodes\.(being_drained|contexts\.node|contexts\.ssl_opts)$/,
  /consumer_timeout$/,
  /idle_since$/,
  /single_active_consumer_tag$/,
  /(exclusive_consumer_tag|head_message_timestamp)$/,
  /^whoami\.is_internal_user$/,
  /metadata\.default_queue_type$/,
];

/** Their keys are names of something. */
const NAMED =
  /(\.|^)(arguments|client_properties|definition|value|cluster_state|effective_policy_definition|limits)$/;

/** The JSON types at each path of an answer. */
type Shape = Map<string, Set<string>>;

describeWith(RABBITMQ, 'the management API', () => {
  test('shows what RabbitMQ shows', { timeout: 180_000 }, async () => {
    const [rabbitmq, leveret] = await Promise.all([managedRabbitmq(), managedLeveret()]);
    for (const managed of [rabbitmq, leveret]) await makeBusy(managed);
    const differences: Record<string, string[]> = {};
    for (const url of URLS) {
      const theirs = shapeOf(url, await get(rabbitmq, url));
      const ours = shapeOf(url, await get(leveret, url));
      const found = differencesOf(theirs, ours);
      if (found.length > 0) differences[url] = found;
    }
    expect(differences).toEqual({});
  });
});

async function managedRabbitmq(): Promise<Managed> {
  const port = await freePort();
  const configuration = [
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${port}`,
    'collect_statistics_interval = 1000',
  ];
  const server = await startRabbitmq({ plugins: ['rabbitmq_management'], configuration });
  onTestFinished(() => server.close());
  return { server, httpUrl: `http://127.0.0.1:${port}` };
}

async function managedLeveret(): Promise<Managed> {
  const dataDir = await mkdtemp(join(tmpdir(), 'leveret-management-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startLeveret({ dataDir });
  onTestFinished(() => server.close());
  return { server, httpUrl: server.httpUrl };
}

/** Declares a bit of everything, and lets messages go all ways that are counted. */
async function makeBusy(managed: Managed): Promise<void> {
  const connection = await amqp.connect(managed.server.amqpUrl, {
    clientProperties: { connection_name: 'busy' },
  });
  onTestFinished(() => connection.close());
  const channel = await connection.createChannel();
  await channel.assertExchange('events', 'topic', { alternateExchange: 'alternate' });
  await channel.assertExchange('alternate', 'fanout', { durable: false });
  await channel.assertQueue('orders', { arguments: { 'x-max-length': 1000 } });
  await channel.assertQueue('quorum', { arguments: { 'x-queue-type': 'quorum' } });
  await channel.assertQueue('mine', { exclusive: true });
  await channel.bindQueue('orders', 'events', 'order.#');
  await channel.bindQueue('orders', 'amq.headers', '', { 'x-match': 'all', kind: 'order' });
  await channel.bindExchange('alternate', 'events', 'other');
  await setRules(managed);
  const confirming = await connection.createConfirmChannel();
  await confirming.prefetch(10);
  await confirming.consume('orders', (message) => message !== null && confirming.ack(message));
  confirming.publish('events', 'order.new', Buffer.from('x'), { mandatory: true, timestamp: 1_700_000_000 });
  confirming.publish('events', 'nothing', Buffer.from('x'), { mandatory: true });
  confirming.publish('', 'quorum', Buffer.from('x'), { persistent: true });
  confirming.publish('', 'mine', Buffer.from('x'));
  await confirming.waitForConfirms();
  await channel.get('quorum');
  await channel.get('mine', { noAck: true });
  await countedEverywhere(managed);
}

async function setRules(managed: Managed): Promise<void> {
  const definition = { 'max-length': 500 };
  await put(managed, 'policies/%2F/p', { pattern: '^orders', definition, priority: 1, 'apply-to': 'queues' });
  await put(managed, 'operator-policies/%2F/o', {
    pattern: '^orders',
    definition,
    priority: 1,
    'apply-to': 'queues',
  });
  await put(managed, 'vhost-limits/%2F/max-connections', { value: 100 });
  await put(managed, 'user-limits/guest/max-connections', { value: 100 });
  await put(managed, 'topic-permissions/%2F/guest', { exchange: 'events', write: '.*', read: '.*' });
  await put(managed, 'global-parameters/mine', { value: { a: 1 } });
}

/** Of each thing the figure that comes last. */
const COUNTED: readonly { readonly url: string; readonly path: string; readonly value: number }[] = [
  { url: 'queues/%2F/orders', path: 'message_stats.ack', value: 1 },
  { url: 'queues/%2F/quorum', path: 'messages_unacknowledged', value: 1 },
  { url: 'overview', path: 'message_stats.get_no_ack', value: 1 },
  { url: 'overview', path: 'churn_rates.queue_created', value: 3 },
  { url: 'connections', path: '0.channels', value: 2 },
  { url: 'channels', path: '1.message_stats.confirm', value: 4 },
  { url: 'exchanges/%2F/events', path: 'message_stats.publish_in', value: 2 },
];

/** RabbitMQ collects its figures now and then: there is nothing to wait for but that they are there. */
async function countedEverywhere(managed: Managed): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const answers = await Promise.all(COUNTED.map(({ url }) => get(managed, url)));
    const isCounted = COUNTED.every(({ path, value }, index) => valueAt(answers[index], path) === value);
    if (isCounted) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`${managed.server.product} has not counted what happened after 50 s`);
}

async function get({ httpUrl }: Managed, url: string): Promise<unknown> {
  const response = await fetch(`${httpUrl}/api/${url}`, { headers: HEADERS });
  return response.json();
}

async function put({ httpUrl, server }: Managed, url: string, body: unknown): Promise<void> {
  const response = await fetch(`${httpUrl}/api/${url}`, {
    method: 'PUT',
    headers: { ...HEADERS, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) {
    throw new Error(`${server.product}: PUT ${url}: ${response.status} ${await response.text()}`);
  }
}

const HEADERS = { authorization: `Basic ${btoa('guest:guest')}` };

function shapeOf(url: string, json: unknown): Shape {
  const shape: Shape = new Map();
  addShape(shape, url.replace(/\?.*/, ''), json);
  return shape;
}

/** The items of an array are at the path of the array: what one of them has is enough. */
function addShape(shape: Shape, path: string, json: unknown): void {
  if (Array.isArray(json)) {
    addType(shape, path, 'array');
    for (const item of json) if (typeof item === 'object') addShape(shape, path, item);
    return;
  }
  addType(shape, path, json === null ? 'null' : typeof json);
  if (typeof json !== 'object' || json === null || NAMED.test(path)) return;
  for (const [key, value] of Object.entries(json)) addShape(shape, `${path}.${key}`, value);
}

function addType(shape: Shape, path: string, type: string): void {
  shape.set(path, (shape.get(path) ?? new Set()).add(type));
}

function differencesOf(theirs: Shape, ours: Shape): string[] {
  const missing = [...theirs.keys()].filter((path) => !ours.has(path) && !matches(LEFT_OUT, path));
  const added = [...ours.keys()].filter((path) => !theirs.has(path) && !matches(ADDED, path));
  const other = [...ours].filter(([path, types]) => {
    const known = theirs.get(path);
    return known !== undefined && ![...types].some((type) => known.has(type));
  });
  return [
    ...missing.map((path) => `missing: ${path} (${[...(theirs.get(path) ?? [])].join(', ')})`),
    ...added.map((path) => `added: ${path}`),
    ...other.map(([path, types]) => `${path}: ${[...types]} here, ${[...(theirs.get(path) ?? [])]} there`),
  ];
}

function matches(patterns: readonly RegExp[], path: string): boolean {
  return patterns.some((pattern) => pattern.test(path));
}
