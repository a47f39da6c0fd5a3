/** A small shop on a broker: several programs, each at its own speed, and what goes wrong among them. */
import { type Channel, type ChannelModel, type ConsumeMessage, connect, type Options } from 'amqplib';
import { BrokerApi } from './broker-api.ts';

export interface SceneTarget {
  readonly amqpUrl: string;
  readonly httpUrl: string;
}

/** With its password as its name. */
export const VIEWER = 'viewer';
/** A queue that nobody reads. */
export const STUCK_QUEUE = 'analytics.events';
export const DEAD_LETTER_QUEUE = 'orders.dead';
export const BUSY_QUEUE = 'orders.in';
/** A message id that has an outcome. */
export const FINISHED_JOB = 'export-1';

const LONG_NAME =
  'eu-west.warehouse.replenishment-forecast.recalculation-requests.of-seasonal-articles.high-priority.v2';
const TICK_MS = 100;
const MESSAGES_PER_TICK = 3;
const FAILS_ONE_IN = 20;
const KEYS = ['order.placed', 'order.paid', 'order.cancelled', 'order.shipped'];
const CUSTOMERS = ['Ada Lovelace', 'Grace Hopper', '林徽因', 'Edsger Dijkstra'];
const ERRORS = ['TimeoutError: the warehouse did not answer within 5 s', 'CardDeclined: insufficient funds'];

interface SceneQueue {
  readonly name: string;
  readonly key?: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

const QUEUES: readonly SceneQueue[] = [
  { name: BUSY_QUEUE, key: 'order.*', arguments: { 'x-dead-letter-exchange': 'shop.dead' } },
  { name: 'payments.in', key: 'order.placed', arguments: { 'x-dead-letter-exchange': 'shop.dead' } },
  { name: 'shipping.in', key: 'order.paid', arguments: { 'x-queue-type': 'quorum' } },
  { name: 'notifications.mail', key: '#', arguments: { 'x-message-ttl': 3_600_000 } },
  { name: STUCK_QUEUE, key: 'order.#', arguments: { 'x-max-length': 50_000 } },
  { name: 'exports.jobs', arguments: { 'x-outcome-ttl': 86_400_000 } },
  { name: 'carts.expiring', arguments: { 'x-dead-letter-exchange': 'shop.dead', 'x-message-ttl': 300 } },
  { name: 'reports.nightly' },
  { name: LONG_NAME, key: 'stock.#' },
];

/** Messages go on until it is closed. */
export class Scene {
  readonly api: BrokerApi;
  readonly #target: SceneTarget;
  readonly #connections: ChannelModel[] = [];
  #timer: NodeJS.Timeout | undefined;
  #published = 0;

  private constructor(target: SceneTarget) {
    this.#target = target;
    this.api = new BrokerApi(target.httpUrl);
  }

  static async start(target: SceneTarget): Promise<Scene> {
    const scene = new Scene(target);
    await scene.#addPeople();
    const web = await scene.#program('shop-web', '3.4.1');
    await declare(web);
    await scene.#addConsumers();
    await scene.#addJobs(web);
    await scene.#addScheduled();
    for (let i = 0; i < 40; i++) scene.#publish(web);
    scene.#timer = setInterval(() => {
      for (let i = 0; i < MESSAGES_PER_TICK; i++) scene.#publish(web);
    }, TICK_MS);
    return scene;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#connections.map((connection) => connection.close().catch(() => undefined)));
  }

  async #program(name: string, version: string): Promise<Channel> {
    const connection = await connect(this.#target.amqpUrl, {
      clientProperties: { connection_name: name, product: name, version, platform: 'Node.js' },
    });
    // a test closes connections on purpose
    connection.on('error', () => undefined);
    this.#connections.push(connection);
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    return channel;
  }

  async #addPeople(): Promise<void> {
    const { api } = this;
    await api.ask('PUT', '/api/vhosts/staging', { description: 'Before it goes live', tags: ['test'] });
    const all = { configure: '.*', write: '.*', read: '.*' };
    await api.ask('PUT', '/api/permissions/staging/guest', all);
    await api.ask('PUT', `/api/users/${VIEWER}`, { password: VIEWER, tags: 'monitoring' });
    await api.ask('PUT', `/api/permissions/%2F/${VIEWER}`, { configure: '', write: '', read: '.*' });
    await api.ask('PUT', '/api/users/deployer', { password: 'deployer', tags: 'policymaker' });
    await api.ask('PUT', '/api/permissions/%2F/deployer', all);
    await api.ask('PUT', '/api/users/shop', { password_hash: '', tags: '' });
    await api.ask('PUT', '/api/permissions/%2F/shop', {
      configure: '^shop\\..*',
      write: '^shop.*',
      read: '.*',
    });
    await api.ask('PUT', '/api/policies/%2F/keep-events-short', {
      pattern: '^analytics\\.',
      'apply-to': 'queues',
      priority: 5,
      definition: { 'message-ttl': 86_400_000, overflow: 'drop-head' },
    });
    await api.ask('PUT', '/api/policies/%2F/dead-letters-for-all', {
      pattern: '\\.in$',
      'apply-to': 'queues',
      definition: { 'dead-letter-exchange': 'shop.dead' },
    });
    await api.ask('PUT', '/api/vhost-limits/staging/max-queues', { value: 500 });
  }

  async #addConsumers(): Promise<void> {
    const orders = await this.#program('order-service', '2.0.7');
    await consume(orders, BUSY_QUEUE, 20, 30, (message) => {
      if (message.properties.headers?.['x-error'] === undefined) orders.ack(message);
      else orders.nack(message, false, false);
    });
    const payments = await this.#program('payment-service', '1.12.0');
    await consume(payments, 'payments.in', 5, 60, (message) => payments.ack(message));
    const shipping = await this.#program('shipping-service', '0.9.3');
    await consume(shipping, 'shipping.in', 10, 10, (message) => shipping.ack(message));
    const mailer = await this.#program('mailer', '4.1.0');
    await consume(mailer, 'notifications.mail', 50, 45, (message) => mailer.ack(message));
  }

  /** Jobs that say what became of them. */
  async #addJobs(web: Channel): Promise<void> {
    const worker = await this.#program('export-worker', '1.0.0');
    await consume(worker, 'exports.jobs', 1, 1, (message, count) => {
      const headers: Record<string, unknown> = { 'x-delivery-tag': message.fields.deliveryTag };
      if (count % 3 === 0) headers['x-error'] = 'the printer is on fire';
      const result = Buffer.from(JSON.stringify({ pages: 3 * count, file: `export-${count}.pdf` }));
      worker.publish('', 'leveret.result', result, { contentType: 'application/json', headers });
      worker.ack(message);
    });
    for (let i = 1; i <= 6; i++)
      web.sendToQueue('exports.jobs', Buffer.from('{}'), { messageId: `export-${i}`, persistent: true });
  }

  async #addScheduled(): Promise<void> {
    for (const [at, minutes] of [5, 45, 24 * 60].entries())
      await this.api.ask('POST', '/v1/queues/%2F/reports.nightly/messages', {
        payload: JSON.stringify({ report: ['stock', 'sales', 'returns'][at] }),
        delay_ms: minutes * 60_000,
        properties: { message_id: `report-${at}`, content_type: 'application/json' },
      });
  }

  #publish(web: Channel): void {
    const n = ++this.#published;
    const key = KEYS[n % KEYS.length] ?? '';
    web.publish('shop', key, orderBody(n), orderOptions(n));
    if (n % 25 === 0) web.sendToQueue('carts.expiring', orderBody(n), orderOptions(n));
  }
}

async function declare(channel: Channel): Promise<void> {
  await channel.assertExchange('shop', 'topic', { durable: true });
  await channel.assertExchange('shop.dead', 'fanout', { durable: true });
  await channel.assertExchange('shop.unrouted', 'fanout', { durable: true });
  await channel.assertExchange('shop.partners', 'headers', {
    durable: true,
    alternateExchange: 'shop.unrouted',
  });
  await channel.assertQueue(DEAD_LETTER_QUEUE, { durable: true });
  await channel.bindQueue(DEAD_LETTER_QUEUE, 'shop.dead', '');
  await channel.bindExchange('shop.partners', 'shop', 'order.shipped');
  for (const { name, key, arguments: given = {} } of QUEUES) {
    await channel.assertQueue(name, { durable: true, arguments: { ...given } });
    if (key !== undefined) await channel.bindQueue(name, 'shop', key);
  }
  await channel.bindQueue('reports.nightly', 'shop.partners', '', { 'x-match': 'all', region: 'eu' });
}

/** Each message takes `ms`, one after the other. */
async function consume(
  channel: Channel,
  queue: string,
  prefetch: number,
  ms: number,
  settle: (message: ConsumeMessage, count: number) => void,
): Promise<void> {
  let count = 0;
  let readyAt = 0;
  await channel.prefetch(prefetch);
  await channel.consume(queue, (message) => {
    if (message === null) return;
    readyAt = Math.max(readyAt, Date.now()) + ms;
    setTimeout(() => settleOpen(channel, () => settle(message, ++count)), readyAt - Date.now());
  });
}

/** A message may come back when the channel is closed already: the scene has ended, or its connection was closed. */
function settleOpen(channel: Channel, settle: () => void): void {
  try {
    settle();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'IllegalOperationError') throw error;
    channel.removeAllListeners();
  }
}

function orderBody(n: number): Buffer {
  return Buffer.from(
    JSON.stringify({
      orderId: `o-${n}`,
      customer: { id: n % 97, name: CUSTOMERS[n % CUSTOMERS.length] },
      items: [{ sku: `sku-${n % 13}`, count: 1 + (n % 4), price: 19.9 }],
      total: 12.5 + (n % 100),
    }),
  );
}

function orderOptions(n: number): Options.Publish {
  return {
    persistent: true,
    messageId: `m-${n}`,
    contentType: 'application/json',
    timestamp: Math.floor(Date.now() / 1000),
    appId: 'shop-web',
    headers: { 'x-tenant': `tenant-${n % 5}`, attempt: n % 3, ...errorOf(n) },
  };
}

/** As libraries do it that try again: the message says what went wrong the last time. */
function errorOf(n: number): Record<string, string> {
  const error = ERRORS[(n / FAILS_ONE_IN) % ERRORS.length];
  return error === undefined ? {} : { 'x-error': error };
}

/** What the scene itself says in English, wherever it is shown. */
export const sceneWords: readonly string[] = [
  ...ERRORS,
  ...CUSTOMERS,
  'Before it goes live',
  'the printer is on fire',
];
