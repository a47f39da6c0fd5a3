/** A broker in which everything that has a name, or says anything, is full of markup. */
import { type ChannelModel, connect } from 'amqplib';
import { BrokerApi } from './broker-api.ts';
import type { SceneTarget } from './scene.ts';

/** Sets a flag in every way that a browser knows to run a script of a text. */
export const MARKUP =
  '<img src=x onerror="window.ran=1"><script>window.ran=1</script><svg onload=window.ran=1>"\'`{{7*7}}</td></style>&lt;b&gt;';

const of = (what: string): string => `${what} ${MARKUP}`;
const segment = encodeURIComponent;

/** What it is called, for the addresses of its pages. */
export const NAMES = {
  vhost: of('vhost'),
  queue: of('queue'),
  deadLetters: of('dead letters'),
  exchange: of('exchange'),
  user: of('user'),
  policy: of('policy'),
  messageId: of('job'),
} as const;

/** Returns the connection, which is to be closed. */
export async function declareMarkup({ amqpUrl, httpUrl }: SceneTarget): Promise<ChannelModel> {
  const api = new BrokerApi(httpUrl);
  const vhost = segment(NAMES.vhost);
  const all = { configure: '.*', write: '.*', read: '.*' };
  await api.ask('PUT', `/api/vhosts/${vhost}`, { description: of('description'), tags: [of('tag')] });
  await api.ask('PUT', `/api/permissions/${vhost}/guest`, all);
  await api.ask('PUT', `/api/users/${segment(NAMES.user)}`, { password: 'x', tags: 'management' });
  await api.ask('PUT', `/api/permissions/${vhost}/${segment(NAMES.user)}`, all);
  await api.ask('PUT', `/api/policies/${vhost}/${segment(NAMES.policy)}`, {
    pattern: '^queue <',
    'apply-to': 'queues',
    definition: { 'dead-letter-exchange': NAMES.exchange, 'outcome-ttl': 600_000 },
  });
  const connection = await connect(`${amqpUrl}/${vhost}`, {
    clientProperties: {
      connection_name: of('connection'),
      product: of('product'),
      version: MARKUP,
      [MARKUP]: { [MARKUP]: MARKUP },
    },
  });
  await fill(connection);
  await api.ask('POST', `/v1/queues/${vhost}/${segment(NAMES.queue)}/messages`, {
    payload: MARKUP,
    delay_ms: 3_600_000,
    properties: { message_id: MARKUP },
  });
  return connection;
}

async function fill(connection: ChannelModel): Promise<void> {
  const channel = await connection.createChannel();
  await channel.assertExchange(NAMES.exchange, 'topic', { durable: true });
  await channel.assertQueue(NAMES.queue, { durable: true });
  await channel.assertQueue(NAMES.deadLetters, { durable: true, arguments: { [MARKUP]: MARKUP } });
  await channel.bindQueue(NAMES.deadLetters, NAMES.exchange, '#');
  await channel.bindQueue(NAMES.queue, NAMES.exchange, of('key'), { [MARKUP]: MARKUP });
  for (const contentType of ['application/json', 'text/html'])
    channel.sendToQueue(NAMES.queue, Buffer.from(JSON.stringify({ [MARKUP]: [MARKUP] })), {
      ...{ contentType, contentEncoding: MARKUP, messageId: NAMES.messageId, type: MARKUP, appId: MARKUP },
      ...{ correlationId: MARKUP, replyTo: MARKUP },
      headers: { [MARKUP]: MARKUP, table: { [MARKUP]: [MARKUP] } },
    });
  const first = await channel.get(NAMES.queue);
  if (first === false) throw new Error('the message that was published is not in its queue');
  channel.publish('', 'leveret.result', Buffer.from(MARKUP), {
    contentType: MARKUP,
    headers: { 'x-delivery-tag': first.fields.deliveryTag, 'x-error': MARKUP },
  });
  channel.nack(first, false, false);
  await channel.prefetch(1);
  await channel.consume(NAMES.deadLetters, () => undefined, {
    consumerTag: of('consumer'),
    arguments: { [MARKUP]: 1 },
  });
  channel.sendToQueue(NAMES.queue, Buffer.from(MARKUP), { messageId: MARKUP });
  await channel.checkQueue(NAMES.queue);
}
