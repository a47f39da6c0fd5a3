import { expect, test } from 'vitest';
import { ApiUnderTest } from './api-under-test.ts';

async function withQueues(...names: string[]): Promise<ApiUnderTest> {
  const api = await ApiUnderTest.start();
  const channel = await (await api.running.connect()).createChannel();
  for (const name of names) await channel.queueDeclare(name);
  return api;
}

const DECLARATION = { durable: false, autoDelete: false, exclusiveOwner: undefined, arguments: new Map() };

function names(items: { name: string }[]): string[] {
  return items.map(({ name }) => name);
}

test('a page says how much there is beside it', async () => {
  const api = await withQueues('c', 'a', 'b', 'other');
  const { json } = await api.get('/api/queues?page=2&page_size=1&name=%5E%5Babc%5D%24&use_regex=true');
  expect({ ...json, items: names(json.items) }).toEqual({
    items: ['b'],
    page: 2,
    page_size: 1,
    page_count: 3,
    item_count: 1,
    filtered_count: 3,
    total_count: 4,
  });
});

test('a page behind the last one is refused, and an empty first one is not', async () => {
  const api = await withQueues('a');
  expect(await api.get('/api/queues?page=3')).toMatchObject({
    status: 400,
    json: { error: 'page_out_of_range', reason: 'Page out of range, page: 3 page size: 100, len: 1' },
  });
  expect((await api.get('/api/queues?page=1&name=none')).json).toMatchObject({ items: [], page_count: 0 });
});

test('a pattern that is none is refused with what is wrong', async () => {
  const api = await withQueues('a');
  const answer = await api.get('/api/queues?page=1&name=%5B&use_regex=true');
  expect(answer).toMatchObject({ status: 400, json: { error: 'bad_request' } });
});

test('a list is sorted by vhost and name unless a column is asked for', async () => {
  const api = await withQueues('b', 'a', 'c');
  const channel = await (await api.running.connect()).createChannel();
  await channel.publish({ routingKey: 'b', body: new Uint8Array(1) });
  await api.running.settled();
  const order = async (query: string): Promise<string[]> =>
    names((await api.get(`/api/queues?${query}`)).json);
  expect(await order('')).toEqual(['a', 'b', 'c']);
  expect(await order('sort=')).toEqual(['a', 'b', 'c']);
  expect(await order('sort=name&sort_reverse=true')).toEqual(['c', 'b', 'a']);
  expect(await order('sort=messages')).toEqual(['a', 'c', 'b']);
  expect(await order('sort=message_stats.publish&sort_reverse=true')).toEqual(['b', 'c', 'a']);
  expect(await order('sort=__proto__.x')).toEqual(['a', 'b', 'c']);
});

test('only the columns that are asked for are shown', async () => {
  const api = await withQueues('a');
  expect((await api.get('/api/queues?columns=name,messages_details.rate')).json).toEqual([
    { name: 'a', messages_details: { rate: 0 } },
  ]);
  expect((await api.get('/api/queues/%2F/a?columns=name')).json).toEqual({ name: 'a' });
  expect((await api.get('/api/overview?columns=product_name')).json).toEqual({ product_name: 'RabbitMQ' });
});

test('disable_stats asks for what was declared, and with enable_queue_totals for the lengths', async () => {
  const api = await withQueues('a');
  const declared = {
    name: 'a',
    vhost: '/',
    type: 'classic',
    durable: false,
    auto_delete: false,
    exclusive: false,
    arguments: {},
    node: api.broker.settings.nodeName,
    state: 'running',
  };
  const totals = { messages: 0, messages_ready: 0, messages_unacknowledged: 0 };
  expect((await api.get('/api/queues?disable_stats=true')).json).toEqual([declared]);
  expect((await api.get('/api/queues?disable_stats=true&enable_queue_totals=true')).json).toEqual([
    { ...declared, ...totals },
  ]);
  expect((await api.get('/api/channels?disable_stats=true')).status).toBe(400);
});

test('samples are there when a range is asked for, the newest first', async () => {
  const api = await withQueues('a');
  const channel = await (await api.running.connect()).createChannel();
  for (let second = 0; second < 4; second++) {
    await channel.publish({ routingKey: 'a', body: new Uint8Array(1) });
    await api.running.clock.advance('5s');
  }
  const range = 'lengths_age=15&lengths_incr=5&msg_rates_age=15&msg_rates_incr=5';
  const { json } = await api.get(`/api/queues/%2F/a?${range}`);
  const { samples, rate, avg, avg_rate: avgRate } = json.messages_details;
  expect(samples.map(({ sample }: { sample: number }) => sample)).toEqual([4, 3, 2, 1]);
  expect(samples[0].timestamp - samples[1].timestamp).toBe(5000);
  expect({ rate, avg, avgRate }).toEqual({ rate: 0.2, avg: 2.5, avgRate: 0.2 });
  expect(json.message_stats.publish_details.samples).toHaveLength(4);
  expect(json.message_stats.publish).toBe(4);
});

test('a long list comes whole', async () => {
  const api = await ApiUnderTest.start();
  const vhost = api.broker.vhosts.get('/');
  for (let index = 0; index < 1000; index++) {
    vhost?.declareQueue({ ...DECLARATION, name: `queue-${String(index).padStart(4, '0')}` });
  }
  const { json, text } = await api.get('/api/queues');
  expect(text.length).toBeGreaterThan(500_000);
  expect(names(json)).toEqual(names(json).sort());
  expect(json).toHaveLength(1000);
  expect((await api.get('/api/bindings')).json).toHaveLength(1000);
});

test('the event loop runs while a long list is made', async () => {
  const api = await ApiUnderTest.start();
  const vhost = api.broker.vhosts.get('/');
  for (let index = 0; index < 3000; index++) vhost?.declareQueue({ ...DECLARATION, name: `queue-${index}` });
  let rounds = 0;
  let done = false;
  const round = (): void => {
    rounds++;
    if (!done) setImmediate(round);
  };
  setImmediate(round);
  await api.get('/api/queues');
  done = true;
  // A slice is 4 ms, and the list takes several times that.
  expect(rounds).toBeGreaterThan(5);
});

test('the event loop runs while the many consumers of one queue or channel are shown', async () => {
  const api = await withQueues('a');
  const channel = await (await api.running.connect()).createChannel();
  const consumers = Array.from({ length: 5000 }, (_, index) =>
    channel.consume('a', () => {}, { consumerTag: `c${index}` }),
  );
  await Promise.all(consumers);
  const [{ name }] = (await api.get('/api/consumers?columns=channel_details.name')).json.map(
    ({ channel_details: details }: { channel_details: { name: string } }) => details,
  );
  for (const url of ['/api/queues/%2F/a', `/api/channels/${encodeURIComponent(name)}`]) {
    let rounds = 0;
    const round = setInterval(() => rounds++, 0);
    const { json, headers } = await api.get(url);
    clearInterval(round);
    expect(json.consumer_details).toHaveLength(5000);
    expect(json.consumer_details[4999]).toMatchObject({ consumer_tag: 'c4999' });
    expect(headers['content-length']).toBeUndefined();
    expect(rounds).toBeGreaterThan(3);
  }
  const few = await api.get('/api/queues/%2F/a?columns=consumer_details.consumer_tag');
  expect(Object.keys(few.json)).toEqual(['consumer_details']);
  expect(few.json.consumer_details[1]).toEqual({ consumer_tag: 'c1' });
});

test('names from strangers do no harm as keys', async () => {
  const api = await ApiUnderTest.start();
  const channel = await (await api.running.connect()).createChannel();
  const args = Object.fromEntries([['__proto__', 'x']]);
  await channel.queueDeclare('__proto__', { arguments: args });
  const { text } = await api.get('/api/queues/%2F/__proto__?columns=name,arguments');
  expect(text).toBe('{"name":"__proto__","arguments":{"__proto__":"x"}}');
});

test('a HEAD request is answered without a body', async () => {
  const api = await withQueues('a');
  expect(await api.ask('HEAD', '/api/queues')).toMatchObject({ status: 200, text: '' });
  expect(await api.ask('HEAD', '/api/queues/%2F/none')).toMatchObject({ status: 404 });
});

test('what a path takes no request for is said with those that it takes', async () => {
  const api = await ApiUnderTest.start();
  for (const url of ['/api/overview', '/v1/flow']) {
    const allow = 'GET, HEAD, OPTIONS';
    const refused = await api.ask('PUT', url);
    expect([refused.status, refused.headers['allow']]).toEqual([405, allow]);
    const asked = await api.ask('OPTIONS', `${url}?x=1`);
    expect([asked.status, asked.headers['allow'], asked.text]).toEqual([200, allow, '']);
  }
  const { headers } = await api.ask('PUT', '/api/bindings/%2F/e/x/q/y/');
  expect(String(headers['allow']).split(', ').sort()).toEqual(['GET', 'HEAD', 'OPTIONS', 'POST']);
  expect((await api.ask('PUT', '/v1/flow')).json.type).toBe('/docs#problem-method-not-allowed');
  expect((await api.ask('OPTIONS', '/api/nothing')).status).toBe(404);
});

test('what there is no path for is said as RabbitMQ says it', async () => {
  const api = await ApiUnderTest.start();
  expect(await api.get('/api/nothing')).toMatchObject({
    status: 404,
    json: { error: 'Object Not Found', reason: 'Not Found' },
  });
});
