import { Readable } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { beforeEach, expect, test } from 'vitest';
import { admitInnerRequests, askInside, type InnerAnswer } from './inner-request.ts';
import { isEncrypted, peerOf } from './request-peer.ts';

let app: FastifyInstance;
let closedCount: number;

beforeEach(() => {
  closedCount = 0;
  app = fastify();
  admitInnerRequests(app);
  app.get('/who', (request, reply) => {
    reply.raw.on('close', () => closedCount++);
    const { url, headers } = request;
    return { peer: peerOf(request), encrypted: isEncrypted(request), url, headers };
  });
  app.get('/never', () => new Promise(() => {}));
  app.get('/broken', (_request, reply) => reply.send(Readable.from(broken())));
  app.get('/text', () => 'two\nlines');
  app.get('/nothing', (_request, reply) => reply.code(204).send());
  app.get('/closed', { config: { isWatchable: false } }, () => ({ open: true }));
});

/** What a request gets that is asked while another one is open, which comes encrypted from another machine. */
async function inside(path: string, signal = new AbortController().signal): Promise<InnerAnswer | undefined> {
  let answer: InnerAnswer | undefined;
  app.get('/outer', async (request: FastifyRequest) => {
    Object.assign(request.raw.socket, { encrypted: true });
    answer = await askInside(request, path, signal);
    return '';
  });
  const headers = { cookie: 'a=b', authorization: 'Basic eA==', connection: 'keep-alive', host: 'broker' };
  await app.inject({ url: '/outer', remoteAddress: '10.0.0.7', headers });
  return answer;
}

test('is from whoever sent the one that is open, over the same connection', async () => {
  const answer = await inside('/who?x=%2F');
  expect(answer).toMatchObject({ status: 200, isUnauthorised: false });
  expect(JSON.parse(answer?.json ?? '')).toEqual({
    peer: expect.objectContaining({ remoteAddress: '10.0.0.7', loopback: false }),
    encrypted: true,
    url: '/who?x=%2F',
    headers: { cookie: 'a=b', authorization: 'Basic eA==', host: 'broker', 'x-requested-with': 'watch' },
  });
  expect(closedCount).toBe(1);
});

test('is no request that anybody else could send', async () => {
  expect(await inside('/closed')).toMatchObject({ status: 400 });
  const outside = await app.inject({ url: '/closed', headers: { 'x-requested-with': 'watch' } });
  expect(outside.statusCode).toBe(200);
});

test('has an answer of one line, whatever the route says', async () => {
  expect((await inside('/text'))?.json).toBe('"two\\nlines"');
});

test('has an answer when there is nothing to say, or nobody to say it', async () => {
  expect(await inside('/nothing')).toMatchObject({ status: 204, json: 'null' });
});

test('has an answer that says so when the one of the route breaks off', async () => {
  const answer = await inside('/broken');
  expect(answer?.status).toBe(500);
  expect(JSON.parse(answer?.json ?? '')).toMatchObject({ type: '/docs#problem-defect', instance: '/broken' });
});

function* broken(): Generator<string> {
  yield 'begin';
  throw new Error('broken');
}

test('is given up together with the one that is open', async () => {
  const abort = new AbortController();
  setImmediate(() => abort.abort());
  expect(await inside('/never', abort.signal)).toBeUndefined();
});
