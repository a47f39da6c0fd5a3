import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { parseListQuery } from './list-query.ts';
import { answerList, type Listing } from './listing.ts';
import { View } from './view.ts';

/** An application with a list of numbers, and what it was told of defects. */
async function serve(listing: Listing<number>, count: number) {
  const app = fastify({ forceCloseConnections: true });
  const defects: Error[] = [];
  app.get('/list', (request, reply) =>
    answerList(reply, listing, Array(count).keys(), parseListQuery(request.query), (error) => {
      defects.push(error);
    }),
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  const { port } = app.server.address() as { port: number };
  return { defects, url: `http://127.0.0.1:${port}/list` };
}

/** Makes items of a kilobyte. */
function kilobytes(failAt = -1): Listing<number> {
  const view = new View<number>({
    number: (number) => number,
    filling: (number) => {
      if (number === failAt) throw new Error(`no ${number}`);
      return 'x'.repeat(1000);
    },
  });
  return { view, sortedBy: ['number'] };
}

test('a short list has its length in the header', async () => {
  const { url } = await serve(kilobytes(), 10);
  const response = await fetch(url);
  expect(response.headers.get('content-length')).toBe(String((await response.arrayBuffer()).byteLength));
});

test('a long list is sent as it is made', async () => {
  const { url } = await serve(kilobytes(), 2000);
  const response = await fetch(url);
  expect(response.headers.get('content-length')).toBeNull();
  const numbers = ((await response.json()) as { number: number }[]).map(({ number }) => number);
  expect(numbers).toEqual([...Array(2000).keys()]);
});

test('a defect in the middle cuts the answer off, and is reported', async () => {
  const { url, defects } = await serve(kilobytes(1000), 2000);
  const response = await fetch(url);
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
  expect(defects.map(({ message }) => message)).toEqual(['no 1000']);
});

test('a defect at the beginning is an error like any other', async () => {
  const { url, defects } = await serve(kilobytes(1), 2000);
  expect((await fetch(url)).status).toBe(500);
  expect(defects).toEqual([]);
});

test('who stops reading is no defect', async () => {
  const { url, defects } = await serve(kilobytes(), 100_000);
  const aborting = new AbortController();
  const response = await fetch(url, { signal: aborting.signal });
  await response.body?.getReader().read();
  aborting.abort();
  expect((await fetch(`${url}?columns=number`)).status).toBe(200);
  expect(defects).toEqual([]);
});
