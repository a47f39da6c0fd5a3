import { beforeEach, describe, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';
import type { Queue } from '../../core/queue/queue.ts';

const REPLAYS = '/v1/queues/%2F/dead/replays';

let api: ApiUnderTest;
let channel: DirectChannel;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('dead');
  const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
  for (const name of ['orders', 'mails']) {
    await channel.queueDeclare(name, { arguments: args });
    await channel.queueBind(name, 'amq.topic', { routingKey: `${name}.#` });
  }
});

function queue(name = 'dead'): Queue {
  return api.broker.vhosts.get('/')?.queues.get(name) as Queue;
}

/** Publishes messages to `queue` that its consumer rejects. */
async function reject(name: string, bodies: readonly string[], headers = {}): Promise<void> {
  for (const body of bodies) {
    await channel.publish({
      exchange: 'amq.topic',
      routingKey: `${name}.new`,
      body,
      properties: { headers },
    });
    const message = await channel.get(name);
    if (message !== undefined) channel.reject(message, { requeue: false });
  }
  await api.running.settled();
}

/** Every message that `queue` gets is rejected again. */
async function failAll(name: string): Promise<void> {
  await channel.consume(name, (message) => channel.reject(message, { requeue: false }));
}

async function start(body: object, user?: string) {
  const answer = await api.ask('POST', REPLAYS, body, user);
  expect([answer.status, answer.json.state], answer.text).toEqual([202, 'running']);
  expect(answer.headers['location']).toBe(`${REPLAYS}/${answer.json.id}`);
  return answer.json;
}

async function show(id: string) {
  return (await api.get(`${REPLAYS}/${id}`)).json;
}

/** Starts one, and waits for its end. */
async function replay(body: object) {
  const { id } = await start(body);
  await api.running.settled();
  const shown = await show(id);
  expect(shown.state).not.toBe('running');
  return shown;
}

async function payloads(name: string): Promise<string[]> {
  const { messages } = (await api.get(`/v1/queues/%2F/${name}/messages?limit=1000`)).json;
  return messages.map(({ payload }: { payload: string }) => payload);
}

function texts(count: number, name = 'm'): string[] {
  return Array.from({ length: count }, (_, index) => `${name}${index}`);
}

describe('a replay', () => {
  test('puts all dead letters back where they died, as they were', async () => {
    await reject('orders', ['a', 'b'], { tenant: 't' });
    await reject('mails', ['c']);
    expect(await replay({ which: 'all' })).toMatchObject({
      state: 'done',
      which: 'all',
      to: null,
      total: 3,
      moved: 3,
      failed: 0,
      skipped: 0,
      skipped_because: null,
      rate_per_second: null,
      stop_on_failure: true,
      started_by: 'guest',
      started_at: '2026-01-01T00:00:00.000Z',
      ended_at: '2026-01-01T00:00:00.000Z',
      stop_reason: null,
    });
    expect([await payloads('orders'), await payloads('mails'), await payloads('dead')]).toEqual([
      ['a', 'b'],
      ['c'],
      [],
    ]);
    const message = await channel.get('orders');
    expect(message).toMatchObject({ exchange: 'amq.topic', routingKey: 'orders.new', redelivered: false });
    const { headers } = (await api.get('/v1/queues/%2F/orders/messages')).json.messages[0];
    expect(headers).toMatchObject({ tenant: 't', 'x-death': [{ queue: 'orders', count: 1 }] });
  });

  test('takes single messages out of the middle', async () => {
    await reject('orders', texts(5));
    const shown = await replay({ which: { positions: ['0-3', '0-1', '0-3', '0-77'] } });
    expect(shown).toMatchObject({
      state: 'done',
      which: 'positions',
      total: 4,
      moved: 2,
      skipped: 2,
      skipped_because: 'it was not ready any more',
    });
    expect([await payloads('orders'), await payloads('dead')]).toEqual([
      ['m3', 'm1'],
      ['m0', 'm2', 'm4'],
    ]);
  });

  test('takes those of a group, as the group says itself', async () => {
    for (const index of [0, 1, 2]) {
      await reject('orders', [`o${index}`], { 'x-error': index === 1 ? 'Timeout' : 'Full' });
      await reject('mails', [`m${index}`]);
    }
    const { groups } = (await api.get('/v1/queues/%2F/dead/dead-letters')).json;
    const {
      reason,
      queue: from,
      exchange,
      error,
    } = groups.find(({ error: each }: { error: string }) => each === 'Full');
    const shown = await replay({ which: { reason, queue: from, exchange, error } });
    expect(shown).toMatchObject({ state: 'done', total: null, moved: 2, which: { error: 'Full' } });
    expect([await payloads('orders'), await payloads('mails')]).toEqual([['o0', 'o2'], []]);
    expect(await replay({ which: { error: null } })).toMatchObject({ moved: 3 });
    expect(await payloads('dead')).toEqual(['o1']);
  });

  test('moves no more than it is told to', async () => {
    await reject('orders', texts(3));
    expect(await replay({ which: 'all', max: 2 })).toMatchObject({ state: 'done', total: 2, moved: 2 });
    expect(await payloads('dead')).toEqual(['m2']);
  });

  test('goes to a queue or an exchange of your choice', async () => {
    await reject('orders', ['a', 'b']);
    await channel.queueDeclare('trial');
    expect(await replay({ which: 'all', to: { queue: 'trial' }, max: 1 })).toMatchObject({ moved: 1 });
    const to = { exchange: 'amq.topic', routing_key: 'mails.again' };
    expect(await replay({ which: 'all', to })).toMatchObject({ moved: 1, to });
    expect([await payloads('trial'), await payloads('mails')]).toEqual([['a'], ['b']]);
  });

  test('takes all priorities, and nothing that comes after its start', async () => {
    await channel.queueDeclare('urgent', { arguments: { 'x-max-priority': 2 } });
    for (const priority of [0, 2, 0])
      for (const body of texts(70))
        await channel.publish({ routingKey: 'urgent', body, properties: { priority } });
    await channel.queueBind('urgent', 'amq.fanout');
    const url = '/v1/queues/%2F/urgent/replays';
    const body = { which: 'all', to: { exchange: 'amq.fanout' }, stop_on_failure: false, max: 1000 };
    const { id } = (await api.ask('POST', url, body)).json;
    await api.running.settled();
    expect((await api.get(`${url}/${id}`)).json).toMatchObject({ state: 'done', total: 210, moved: 210 });
    expect(queue('urgent').readyCount).toBe(210);
  });

  test('keeps its rate', async () => {
    await reject('orders', texts(10));
    const { id } = await start({ which: 'all', rate_per_second: 2 });
    await api.running.settled();
    const counts = [queue('orders').readyCount];
    for (let second = 0; second < 5; second++) {
      await api.running.clock.advance('1s');
      counts.push(queue('orders').readyCount);
    }
    expect(counts).toEqual([1, 3, 5, 7, 9, 10]);
    expect(await show(id)).toMatchObject({ state: 'done', ended_at: '2026-01-01T00:00:04.500Z' });
  });

  test('skips what does not say where it came from, and what came from a queue that is gone', async () => {
    await channel.publish({ routingKey: 'dead', body: 'x' });
    await reject('mails', ['m']);
    await reject('orders', ['o']);
    await channel.queueDelete('mails');
    const shown = await replay({ which: 'all' });
    expect(shown).toMatchObject({ state: 'done', moved: 1, skipped: 2 });
    expect(shown.skipped_because).toContain("name a queue or exchange in 'to'");
    expect(await payloads('dead')).toEqual(['x', 'm']);
  });

  test('that was stopped moves no more', async () => {
    await reject('orders', texts(5));
    const { id } = await start({ which: 'all', rate_per_second: 1 });
    await api.running.clock.advance('1s');
    const stopped = await api.ask('DELETE', `${REPLAYS}/${id}`);
    expect(stopped.json).toMatchObject({
      state: 'stopped',
      moved: 2,
      stop_reason: "user 'guest' stopped it",
    });
    await api.running.clock.advance('1m');
    expect(await show(id)).toEqual(stopped.json);
    expect(await payloads('dead')).toEqual(['m2', 'm3', 'm4']);
  });

  test('waits while publishers have to', async () => {
    await reject('orders', texts(2));
    const { id } = await start({ which: 'all', rate_per_second: 1 });
    await api.running.settled();
    api.broker.setAlarm('memory', true);
    await api.running.clock.advance('1m');
    expect(await show(id)).toMatchObject({ state: 'running', moved: 1 });
    expect((await api.ask('POST', REPLAYS, { which: 'all' })).status).toBe(503);
    api.broker.setAlarm('memory', false);
    await api.running.clock.advance('2s');
    expect(await show(id)).toMatchObject({ state: 'done', moved: 2 });
  });
});

describe('a message that fails again', () => {
  test('stops the replay', async () => {
    await reject('orders', texts(5));
    await failAll('orders');
    const { id } = await start({ which: 'all', rate_per_second: 1 });
    await api.running.clock.advance('10s');
    expect(await show(id)).toMatchObject({
      state: 'stopped',
      moved: 1,
      failed: 1,
      stop_reason: "a message came back to queue 'dead': it failed again",
    });
    expect(await payloads('dead')).toEqual(['m1', 'm2', 'm3', 'm4', 'm0']);
  });

  test('is only counted when that is what is asked for, also when the replay has ended', async () => {
    await reject('orders', texts(3));
    const shown = await replay({ which: 'all', stop_on_failure: false });
    expect(shown).toMatchObject({ state: 'done', moved: 3, failed: 0 });
    await failAll('orders');
    await api.running.settled();
    expect(await show(shown.id)).toMatchObject({ state: 'done', moved: 3, failed: 3 });
    expect(await show(shown.id)).toMatchObject({ failed: 3 });
  });

  test('is not mistaken for another one that dies meanwhile, even of the same text', async () => {
    await reject('orders', ['same', 'same']);
    const { id } = await start({ which: 'all', rate_per_second: 1 });
    await api.running.settled();
    await reject('mails', ['other', 'same']);
    await api.running.clock.advance('5s');
    expect(await show(id)).toMatchObject({ state: 'done', moved: 2, failed: 0 });
  });

  test('is known by its message-id when its consumer publishes it again itself', async () => {
    const properties = { messageId: 'id-1', headers: { 'x-error': 'first' } };
    await channel.publish({ routingKey: 'dead', body: 'a', properties });
    const { id } = await start({ which: 'all', to: { queue: 'orders' }, stop_on_failure: false });
    await api.running.settled();
    const again = { messageId: 'id-1', headers: { 'x-error': 'second', attempt: 2 } };
    await channel.publish({ routingKey: 'dead', body: 'a', properties: again });
    await channel.publish({ routingKey: 'dead', body: 'a', properties: { messageId: 'id-2' } });
    await api.running.settled();
    expect(await show(id)).toMatchObject({ failed: 1 });
  });
});

describe('a replay that cannot go on has failed', () => {
  test('when a queue is full, or the exchange leads nowhere', async () => {
    const short = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    await channel.queueDeclare('short', { arguments: short });
    await reject('orders', texts(3));
    const refused = await replay({ which: 'all', to: { queue: 'short' } });
    expect(refused).toMatchObject({ state: 'failed', moved: 1 });
    expect(refused.stop_reason).toContain('is full');
    const unroutable = await replay({ which: 'all', to: { exchange: 'amq.fanout' } });
    expect(unroutable).toMatchObject({ state: 'failed', moved: 0 });
    expect(unroutable.stop_reason).toContain('leads to no queue');
    expect(await payloads('dead')).toEqual(['m1', 'm2']);
  });

  /** Somebody starts one of a message a second, `change` happens, and it ends; returns why. */
  async function reasonAfter(change: () => unknown): Promise<string> {
    api.addUser('ann', [], ['', '.*', '.*']);
    await reject('orders', texts(9));
    const { id } = await start({ which: 'all', rate_per_second: 1 }, 'ann:ann');
    await api.running.settled();
    await change();
    await api.running.clock.advance('10s');
    const shown = await show(id);
    expect(shown).toMatchObject({ state: 'failed', moved: 1, started_by: 'ann' });
    return shown.stop_reason;
  }

  test('when its user may not do it any more', async () => {
    const permission = { user: 'ann', vhost: '/', configure: '' };
    const { access } = api.broker;
    expect(await reasonAfter(() => access.setPermission({ ...permission, write: '.*', read: '' }))).toContain(
      "read access to queue 'dead'",
    );
    expect(await reasonAfter(() => access.setPermission({ ...permission, write: '', read: '.*' }))).toContain(
      "write access to exchange 'amq.default'",
    );
  });

  test('when its user is deleted, although there is another one of that name', async () => {
    const reason = await reasonAfter(() => {
      api.broker.deleteUser('ann');
      api.addUser('ann', [], ['', '.*', '.*']);
    });
    expect(reason).toBe("user 'ann' was deleted or changed");
  });

  test('and ends with its queue', async () => {
    await reject('orders', texts(9));
    await start({ which: 'all', rate_per_second: 1 });
    await api.running.settled();
    await channel.queueDelete('dead');
    await channel.queueDeclare('dead');
    await api.running.clock.advance('10s');
    expect((await api.get(REPLAYS)).json).toEqual({ replays: [] });
    expect(queue('orders').readyCount).toBe(1);
  });

  test('and stops with the broker', async () => {
    await reject('orders', texts(9));
    await start({ which: 'all', rate_per_second: 1 });
    await api.running.settled();
    await api.app.close();
    await api.running.clock.advance('10s');
    expect(queue('orders').readyCount).toBe(1);
  });
});

describe('the replays of a queue', () => {
  test('are listed, the newest first, until they have ended for an hour', async () => {
    await reject('orders', texts(3));
    const first = await replay({ which: 'all', max: 1 });
    const second = await replay({ which: 'all', max: 1 });
    expect((await api.get(REPLAYS)).json).toEqual({ replays: [second, first] });
    expect((await api.get('/v1/queues/%2F/orders/replays')).json).toEqual({ replays: [] });
    expect((await api.get(`/v1/queues/%2F/orders/replays/${first.id}`)).status).toBe(404);
    await api.running.clock.advance('1h');
    expect((await api.get(REPLAYS)).json).toEqual({ replays: [] });
    expect((await api.get(`${REPLAYS}/${first.id}`)).status).toBe(404);
  });

  test('are no more than may run at a time, and those that have ended make room', async () => {
    await reject('orders', texts(200));
    const body = { which: 'all', rate_per_second: 1 };
    for (let count = 0; count < 70; count++) await replay({ which: 'all', max: 1 });
    expect((await api.get(REPLAYS)).json.replays).toHaveLength(64);
    for (let count = 0; count < 32; count++) await start(body);
    const answer = await api.ask('POST', REPLAYS, body);
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '5']);
    expect((await api.get(REPLAYS)).json.replays).toHaveLength(64);
  });

  test('are noted in the audit log when they are started and stopped', async () => {
    const { id } = await start({ which: 'all' });
    await api.ask('DELETE', `${REPLAYS}/${id}`);
    const { entries } = (await api.get('/v1/audit?limit=2')).json;
    expect(entries.map(({ operation }: { operation: string }) => operation)).toEqual([
      'DELETE /v1/queues/:vhost/:queue/replays/:id',
      'POST /v1/queues/:vhost/:queue/replays',
    ]);
  });

  test('need the permission to read the queue, and to write where the messages go', async () => {
    api.addUser('reader', [], ['', '', '.*']);
    api.addUser('writer', [], ['', '.*', '']);
    await channel.queueDeclare('trial');
    for (const to of [undefined, { queue: 'trial' }, { exchange: 'amq.topic' }])
      for (const user of ['reader:reader', 'writer:writer'])
        expect((await api.ask('POST', REPLAYS, { which: 'all', to }, user)).status).toBe(403);
    expect((await api.get(REPLAYS, 'writer:writer')).status).toBe(403);
    const { id } = await start({ which: 'all' });
    expect((await api.ask('DELETE', `${REPLAYS}/${id}`, undefined, 'writer:writer')).status).toBe(403);
  });

  test.each<[object | undefined, string]>([
    [undefined, 'body'],
    [{}, 'body/which'],
    [{ which: 'some' }, 'body/which'],
    [{ which: {} }, 'body/which'],
    [{ which: { positions: ['0-1'], reason: 'expired' } }, 'body/which'],
    [{ which: { positions: [] } }, 'body/which/positions'],
    [{ which: { positions: ['0-1', 'x'] } }, 'body/which/positions/1'],
    [{ which: { reason: 7 } }, 'body/which/reason'],
    [{ which: { colour: 'red' } }, 'body/which/colour'],
    [{ which: 'all', to: {} }, 'body/to'],
    [{ which: 'all', to: { queue: 'dead' } }, 'body/to/queue'],
    [{ which: 'all', to: { queue: 'a', routing_key: 'b' } }, 'body/to/routing_key'],
    [{ which: 'all', rate_per_second: 0 }, 'body/rate_per_second'],
    [{ which: 'all', max: 0 }, 'body/max'],
    [{ which: 'all', stop_on_failure: 1 }, 'body/stop_on_failure'],
  ])('are not started by %j', async (body, at) => {
    const answer = await api.ask('POST', REPLAYS, body);
    expect([answer.status, answer.json.detail]).toEqual([400, expect.stringContaining(at)]);
  });
});
