import { expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

interface Binding {
  readonly source: string;
  readonly destination: string;
  readonly routing_key: string;
}

async function withBindings(): Promise<ApiUnderTest> {
  const api = await ApiUnderTest.start();
  const channel = await (await api.running.connect()).createChannel();
  await channel.exchangeDeclare('x', 'headers');
  await channel.queueDeclare('q');
  await channel.queueBind('q', 'x', { routingKey: 'a.#' });
  await channel.queueBind('q', 'x', { routingKey: '', arguments: { 'x-match': 'any', one: 1 } });
  await channel.queueBind('q', 'x', { routingKey: '', arguments: { 'x-match': 'any', two: 2 } });
  await channel.exchangeBind('x', 'amq.fanout', { routingKey: '' });
  return api;
}

test('bindings are listed from either end, with those of the default exchange', async () => {
  const api = await withBindings();
  const ends = async (url: string): Promise<string[]> =>
    (await api.get(`/api/${url}`)).json.map(
      ({ source, destination, routing_key: key }: Binding) => `${source}>${destination}:${key}`,
    );
  const toQueue = ['x>q:', 'x>q:', 'x>q:a.#'];
  expect(await ends('bindings/%2F')).toEqual(['>q:q', 'amq.fanout>x:', ...toQueue]);
  expect(await ends('queues/%2F/q/bindings')).toEqual(['>q:q', ...toQueue]);
  expect(await ends('exchanges/%2F/x/bindings/source')).toEqual(toQueue);
  expect(await ends('exchanges/%2F/x/bindings/destination')).toEqual(['amq.fanout>x:']);
  expect(await ends('exchanges/%2F/amq.default/bindings/source')).toEqual(['>q:q']);
  expect(await ends('bindings/%2F/e/x/q/q')).toEqual(toQueue);
  expect(await ends('bindings/%2F/e/amq.fanout/e/x')).toEqual(['amq.fanout>x:']);
  expect(await ends('queues/%2F/none/bindings')).toEqual([]);
});

test('each binding is found by its properties_key, as it is and quoted', async () => {
  const api = await withBindings();
  const bindings = (await api.get('/api/bindings/%2F/e/x/q/q')).json;
  expect(new Set(bindings.map((each: { properties_key: string }) => each.properties_key)).size).toBe(3);
  for (const binding of bindings) {
    const { properties_key: key } = binding;
    for (const segment of [encodeURIComponent(key), key]) {
      expect((await api.get(`/api/bindings/%2F/e/x/q/q/${segment}`)).json).toEqual(binding);
    }
  }
  expect((await api.get('/api/bindings/%2F/e/x/q/q/none')).status).toBe(404);
  expect((await api.get('/api/bindings/%2F/e/x/z/q')).status).toBe(404);
});
