import { beforeEach, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import type { DirectChannel } from '../../client/direct-channel.ts';

let api: ApiUnderTest;
let channel: DirectChannel;

beforeEach(async () => {
  api = await ApiUnderTest.start();
  channel = await (await api.running.connect()).createChannel();
  await channel.queueDeclare('q');
});

async function ask(messageId: string, queue = 'q'): Promise<void> {
  const properties = { messageId, headers: { 'x-outcome-ttl': 60_000 } };
  await channel.publish({ routingKey: queue, body: 'work', properties });
}

/** Acknowledges the next message of the queue, with what came of it. */
async function finish(result: Uint8Array | string, queue = 'q'): Promise<void> {
  const message = await channel.get(queue);
  const headers = { 'x-delivery-tag': message?.deliveryTag, pages: 3 };
  await channel.publish({
    routingKey: 'leveret.result',
    body: result,
    properties: { contentType: 'text/plain', headers },
  });
  channel.ack(message?.deliveryTag as number);
  await api.running.settled();
}

test('an outcome is shown with its result', async () => {
  await ask('m');
  await api.running.clock.advance('2s');
  await finish('done');
  const answer = await api.get('/v1/outcomes/%2F/m');
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({
    message_id: 'm',
    outcomes: [
      {
        queue: 'q',
        status: 'completed',
        result: 'done',
        result_encoding: 'text',
        content_type: 'text/plain',
        headers: { pages: 3 },
        deliveries: 1,
        waiting_ms: 2000,
        working_ms: 0,
        settled_at: '2026-01-01T00:00:02.000Z',
      },
    ],
  });
});

test('a result that is no text is shown in base64', async () => {
  await ask('m');
  await finish(Uint8Array.of(0xff, 0xfe));
  const [outcome] = (await api.get('/v1/outcomes/%2F/m')).json.outcomes;
  expect(outcome).toMatchObject({ result: '//4=', result_encoding: 'base64' });
});

test('without an outcome the answer is 404, after the wait', async () => {
  expect((await api.get('/v1/outcomes/%2F/m')).status).toBe(404);
  let answered = false;
  const waiting = api.get('/v1/outcomes/%2F/m?wait=30s').then((answer) => {
    answered = true;
    return answer;
  });
  await api.running.clock.advance('29s');
  expect(answered).toBe(false);
  await api.running.clock.advance('1s');
  const answer = await waiting;
  expect(answer.status).toBe(404);
  expect(answer.json.detail).toContain("message 'm'");
});

test('who waits is answered when the outcome comes, of the queue that was asked for', async () => {
  await channel.queueDeclare('other');
  await ask('m');
  await ask('m', 'other');
  const waiting = api.get('/v1/outcomes/%2F/m?wait=1m&queue=q');
  await api.running.settled();
  await finish('other', 'other');
  await finish('q');
  const { outcomes } = (await waiting).json;
  expect(outcomes.map(({ result }: { result: string }) => result)).toEqual(['q']);
});

test('outcomes are shown of queues that the user may read, and awaited likewise', async () => {
  api.addUser('ann', ['management'], ['^$', '^$', '^mine$']);
  await channel.queueDeclare('mine');
  await ask('m');
  await ask('m', 'mine');
  await finish('secret');
  expect((await api.get('/v1/outcomes/%2F/m', 'ann:ann')).status).toBe(404);
  expect((await api.get('/v1/outcomes/%2F/m?queue=q', 'ann:ann')).status).toBe(403);
  const waiting = api.get('/v1/outcomes/%2F/m?wait=1m', 'ann:ann');
  await api.running.settled();
  await ask('m');
  await finish('secret again');
  await finish('open', 'mine');
  const answer = await waiting;
  expect(answer.json.outcomes).toMatchObject([{ queue: 'mine', result: 'open' }]);
});

test('a vhost that is not there, and one that the user may not enter, are refused', async () => {
  api.addUser('bob', ['administrator']);
  expect((await api.get('/v1/outcomes/missing/m')).status).toBe(404);
  expect((await api.get('/v1/outcomes/%2F/m', 'bob:bob')).status).toBe(403);
  expect((await api.get('/v1/outcomes/%2F/m', '')).status).toBe(401);
});

test.each(['wait=soon', 'wait=2h', 'wait=30', 'other=1', 'queue=a&queue=b'])(
  'the query %s is refused',
  async (query) => {
    expect((await api.get(`/v1/outcomes/%2F/m?${query}`)).status).toBe(400);
  },
);

test('who waits does not keep the API from stopping', async () => {
  const waiting = api.get('/v1/outcomes/%2F/m?wait=1h');
  await api.running.settled();
  await api.app.close();
  expect((await waiting).status).toBe(404);
});
