/** The steps of deploy/Dockerfile.service, run on what `leveret new` makes: each service runs from the image, as the user and with the rights of a container. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { ROOT } from '../deploy/deploy-files.ts';
import { dockerContext } from '../deploy/docker-context.ts';
import { SERVICE_IMAGE } from '../deploy/docker-image.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { freePort } from '../servers/free-port.ts';
import { type LeveretServer, startLeveret } from '../servers/leveret.ts';
import { ImageDirectory, imageHas } from './image-directory.ts';
import { asFromShell } from './process-walls.ts';

const BUILD_MS = 300_000;
const directory = mkdtempSync(join(tmpdir(), 'leveret-project-'));
const project = join(directory, 'shop');
const [imagePort] = SERVICE_IMAGE.says('EXPOSE').map(Number);
let port: number;
let image: ImageDirectory;
let broker: LeveretServer;

beforeAll(async () => {
  broker = await startLeveret();
  await makeProject();
  port = await freePort();
  image = new ImageDirectory({
    image: SERVICE_IMAGE,
    root: project,
    context: dockerContext('deploy/Dockerfile.service.dockerignore'),
    ports: new Map([[imagePort ?? 0, port]]),
  });
  await image.build();
}, BUILD_MS);

afterAll(async () => {
  await image?.remove();
  await broker?.close();
  rmSync(directory, { recursive: true });
}, BUILD_MS);

/** It takes the package as it would be published. */
async function makeProject(): Promise<void> {
  expect(await runCli(['new', project])).toMatchObject({ code: 0 });
  await run(['npm', 'pack', '--ignore-scripts', '--pack-destination', directory], ROOT);
  const packed = readdirSync(directory).find((file) => file.endsWith('.tgz')) ?? '';
  const file = join(project, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  manifest.dependencies.leveret = `file:${join(directory, packed)}`;
  writeFileSync(file, JSON.stringify(manifest));
  await run(['npm', 'install', '--prefer-offline'], project);
}

async function run(words: readonly string[], cwd: string): Promise<void> {
  const [program = '', ...args] = asFromShell(words);
  await new StartedProcess(program, args, { cwd }).succeeded(BUILD_MS);
}

test('the image has the services and what they need, and nothing that builds or tests them', () => {
  const has = (path: string): boolean => imageHas(image, `/opt/services/${path}`);
  for (const path of ['dist/services.js', 'dist/orders/migrations/001-orders.sql', 'node_modules/libsql']) {
    expect([path, has(path)]).toEqual([path, true]);
  }
  for (const path of [
    'src',
    'test',
    'dist/services.ts',
    'node_modules/typescript',
    'node_modules/@types/node',
  ]) {
    expect([path, has(path)]).toEqual([path, false]);
  }
});

test('a service becomes ready, tells its metrics, and ends with 0 at SIGTERM', async () => {
  const environment = { BROKER_URL: broker.amqpUrl };
  expect(await image.health(environment)).toBe(1);
  const orders = image.start(environment, ['orders']);
  await orders.line('health and metrics at');
  await expect.poll(() => image.health(environment), { timeout: 30_000, interval: 100 }).toBe(0);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toContain('leveret_service_up{service="orders"} 1');
  expect(metrics).not.toContain('service="mails"');
  image.terminate(orders);
  expect([await orders.exited, orders.output]).toEqual([{ code: 0, signal: null }, orders.output]);
});
