/** The steps of deploy/Dockerfile, run in a directory: what they make works, as the user and with the rights that a container has. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../deploy/deploy-files.ts';
import { dockerContext } from '../deploy/docker-context.ts';
import { BROKER_IMAGE } from '../deploy/docker-image.ts';
import { freePort } from '../servers/free-port.ts';
import { ImageDirectory, imageHas } from './image-directory.ts';

const BUILD_MS = 300_000;
const LEVERET = '/usr/local/bin/leveret';

const image = new ImageDirectory({ image: BROKER_IMAGE, root: ROOT, context: dockerContext() });

beforeAll(() => image.build(), BUILD_MS);

afterAll(() => image.remove());

test('the image has what the broker needs, and nothing that builds or tests it', () => {
  const has = (path: string): boolean => imageHas(image, `/opt/leveret/${path}`);
  const nats = ['jetstream', 'kv', 'transport-node'].map(
    (name) => `node_modules/@nats-io/${name}/package.json`,
  );
  const needed = [
    'dist/cli/main.js',
    'dist/dashboard/index.html',
    'node_modules/fastify',
    'LICENSE',
    ...nats,
  ];
  for (const path of needed) expect([path, has(path)]).toEqual([path, true]);
  for (const path of ['src', 'dist/cli/main.test.js', 'node_modules/typescript', 'node_modules/vite']) {
    expect([path, has(path)]).toEqual([path, false]);
  }
});

test('the broker serves its clients, says whether it is ready, and ends with 0 at SIGTERM', async () => {
  const environment = {
    LEVERET_HOST: '127.0.0.1',
    LEVERET_AMQP_PORT: String(await freePort()),
    LEVERET_HTTP_PORT: String(await freePort()),
    LEVERET_DEFAULT_USER: 'ops',
    LEVERET_DEFAULT_PASSWORD: 'a long secret',
  };
  const httpUrl = `http://127.0.0.1:${environment.LEVERET_HTTP_PORT}`;
  const user = { LEVERET_URL: httpUrl, LEVERET_USER: 'ops', LEVERET_PASSWORD: 'a long secret' };
  expect(await image.health(environment)).toBe(1);

  const first = image.start(environment);
  await first.line('HTTP listening');
  expect(await image.health(environment)).toBe(0);
  expect((await fetch(`${httpUrl}/docs`)).status).toBe(200);
  await image.succeeds([LEVERET, 'queues', 'declare', 'orders'], user);
  await image.succeeds([LEVERET, 'publish', 'orders', 'kept'], user);
  image.terminate(first);
  expect([await first.exited, first.output]).toEqual([{ code: 0, signal: null }, first.output]);
  expect(await image.health(environment)).toBe(1);

  const second = image.start(environment);
  await second.line('HTTP listening');
  expect(await image.succeeds([LEVERET, 'get', 'orders'], user)).toContain('kept');
  image.terminate(second);
  expect((await second.exited).code).toBe(0);
});
