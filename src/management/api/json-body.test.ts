import { beforeEach, expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';

let api: ApiUnderTest;

beforeEach(async () => {
  api = await ApiUnderTest.start();
});

function put(payload: string | Buffer, headers: Record<string, string>) {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  return api.app.inject({
    method: 'PUT',
    url: '/api/queues/%2F/orders',
    headers: { authorization, ...headers },
    payload,
  });
}

/** Pages of others are refused before a body is read. */
const OWN_ORIGIN = { host: 'localhost', origin: 'http://localhost' };

test.each([
  [{}],
  [{ 'content-type': 'application/json; charset=utf-8' }],
  [{ 'content-type': 'application/x-www-form-urlencoded' }],
  [{ 'content-type': 'application/json', ...OWN_ORIGIN }],
])('a JSON body is read with the headers %j', async (headers) => {
  expect((await put('{"durable":true}', headers)).statusCode).toBe(201);
  expect(api.broker.vhosts.get('/')?.queues.get('orders')?.durable).toBe(true);
});

test('no body is an empty object, also when it is said to be JSON', async () => {
  expect((await put('', { 'content-type': 'application/json' })).statusCode).toBe(201);
});

test.each([[OWN_ORIGIN], [{ 'sec-fetch-site': 'same-origin' }]])(
  'a page in a browser cannot send a form: %j',
  async (headers) => {
    const answer = await put('{}', { 'content-type': 'text/plain', ...headers });
    expect(answer.statusCode).toBe(415);
    expect(answer.json().reason).toContain('send application/json');
  },
);

test.each([
  ['nojson', 'not_json'],
  ['[1]', 'the body is an array, but must be a JSON object'],
  ['"x"', 'the body is the string x, but must be a JSON object'],
  ['null', 'the body is null, but must be a JSON object'],
  [Buffer.from([0x7b, 0xff, 0x7d]), 'no UTF-8'],
])('%j is refused with 400', async (body, reason) => {
  const answer = await put(body, { 'content-type': 'application/json' });
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ error: 'bad_request', reason: expect.stringContaining(reason) });
});

test('keys that every object has mean nothing', async () => {
  const answer = await put('{"__proto__":{"durable":true},"constructor":1,"arguments":{"__proto__":1}}', {});
  expect(answer.statusCode).toBe(201);
  const queue = api.broker.vhosts.get('/')?.queues.get('orders');
  expect(queue?.durable).toBe(false);
  expect([...(queue?.arguments.keys() ?? [])]).toEqual(['__proto__']);
});
