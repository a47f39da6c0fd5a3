import { ApiUnderTest } from '../api-under-test.ts';

/** A broker in which a bit of everything is there and happens, for tools to look at. */
export async function startBusyBroker(): Promise<ApiUnderTest> {
  const api = await ApiUnderTest.start();
  const connection = await api.running.connect();
  const channel = await connection.createChannel();
  await channel.exchangeDeclare('events', 'topic', { durable: true });
  await channel.queueDeclare('orders', { durable: true, arguments: { 'x-max-length': 1000 } });
  await channel.queueDeclare('invoices', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.queueDeclare('archive', { durable: true });
  await channel.queueBind('orders', 'events', { routingKey: 'order.#' });
  await channel.queueBind('orders', 'amq.headers', { arguments: { 'x-match': 'all', kind: 'order' } });
  await channel.confirmSelect();
  for (let count = 0; count < 5; count++) {
    await channel.publish({ exchange: 'events', routingKey: 'order.new', body: new Uint8Array(10) });
    await channel.publish({ routingKey: 'invoices', body: new Uint8Array(10) });
  }
  await channel.qos({ prefetchCount: 2 });
  await channel.consume('orders', () => {});
  await channel.get('invoices');
  const vhost = api.broker.vhosts.get('/');
  vhost?.setLimits({ maxQueues: 100 });
  api.broker.access.setUserLimits('guest', { maxConnections: 50 });
  vhost?.setPolicy({
    vhost: '/',
    name: 'orders',
    pattern: '^orders$',
    applyTo: 'queues',
    priority: 1,
    definition: new Map([['max-length', { tag: 'I', value: 500 }]]),
  });
  api.broker.access.setTopicPermission({
    user: 'guest',
    vhost: '/',
    exchange: 'events',
    write: '.*',
    read: '.*',
  });
  await api.running.clock.advance('6s');
  return api;
}
