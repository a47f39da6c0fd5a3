/** What the manifests and their page ask of a broker, asked of a real one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { type LeveretServer, startLeveret } from '../servers/leveret.ts';
import { deployText, type Manifest, manifestOf, ROOT } from './deploy-files.ts';
import { BROKER_IMAGE } from './docker-image.ts';

const BROKER = 'kubernetes/broker';
const template = (manifestOf(BROKER, 'StatefulSet', 'leveret') as unknown as IStatefulSet).spec?.template;
const administrator = { LEVERET_USER: 'ops', LEVERET_PASSWORD: 'a long secret' };
/** What the page takes from openssl. */
const passwords = new Map([
  ['worker_password', 'aaaa'],
  ['keda_password', 'bbbb'],
  ['shop_password', 'cccc'],
]);
const directory = mkdtempSync(join(tmpdir(), 'leveret-deploy-'));
let server: LeveretServer;

beforeAll(async () => {
  const { data } = manifestOf(BROKER, 'ConfigMap', 'leveret') as unknown as IConfigMap;
  const file = join(directory, 'leveret.json');
  writeFileSync(file, data?.['leveret.json'] ?? '');
  server = await startLeveret({
    environment: {
      LEVERET_CONFIG: file,
      LEVERET_DEFAULT_USER: administrator.LEVERET_USER,
      LEVERET_DEFAULT_PASSWORD: administrator.LEVERET_PASSWORD,
    },
  });
});

afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

it('answers what the probes, the health check of the image and Prometheus ask, without a log-in', async () => {
  const probes = template?.spec?.containers.flatMap(({ startupProbe, readinessProbe, livenessProbe }) =>
    [startupProbe, readinessProbe, livenessProbe].map((probe) => probe?.httpGet?.path),
  );
  const health = /15672\}(\/[\w/]+)/.exec(BROKER_IMAGE.healthCheck.at(-1) ?? '')?.[1];
  const scraped = template?.metadata?.annotations?.['prometheus.io/path'];
  const paths = [...(probes ?? []), health, scraped];
  expect(paths).toHaveLength(5);
  for (const path of paths) {
    const { status } = await fetch(`${server.httpUrl}${path}`);
    expect([path, status]).toEqual([path, 200]);
  }
});

it('does what the page says it does', async () => {
  const commands = [
    ...pageText().matchAll(/^(?:printf '%s\\n' "\$(\w+)" \| )?kubectl exec .*-- leveret (.*)$/gm),
  ];
  expect(commands).toHaveLength(11);
  for (const [line, variable, rest = ''] of commands) {
    const words = rest.split(' ').map((word) => word.replace(/^'(.*)'$/, '$1'));
    const input = variable === undefined ? '' : `${passwords.get(variable)}\n`;
    const { code, stderr } = await runCli(words, { url: server.httpUrl, environment: administrator, input });
    expect([line, code, stderr.includes('leveret:')]).toEqual([line, 0, false]);
  }
});

it('takes the messages of the page, and tells KEDA how many there are', async () => {
  const [, count, command = ''] = /'seq (\d+) \| leveret (.*)'$/m.exec(pageText()) ?? [];
  const input = Array.from({ length: Number(count) }, (_, index) => `${index}\n`).join('');
  const published = await runCli(command.split(' '), {
    url: server.httpUrl,
    environment: administrator,
    input,
  });
  expect(published.code).toBe(0);
  expect(await askedByKeda()).toMatchObject({ messages: Number(count), messages_unacknowledged: 0 });
});

it('tells KEDA how many messages wait for a service, without its dead letters', async () => {
  const cli = { url: server.httpUrl, environment: administrator };
  const queues = ['orders.in', 'orders.orders.place.7', 'orders.dead', 'orders-of-others.in', 'mails.in'];
  for (const queue of queues) {
    expect((await runCli(['queues', 'declare', queue], cli)).code).toBe(0);
    expect((await runCli(['publish', queue, 'hello'], cli)).code).toBe(0);
  }
  const counted = (await askedByKedaAbout('orders')) as {
    readonly items: readonly { readonly name: string; readonly messages: number }[];
  };
  expect(counted.items.map(({ name, messages }) => [name, messages])).toEqual([
    ['orders.in', 1],
    ['orders.orders.place.7', 1],
  ]);
});

it('feeds the worker, which finishes what it has at SIGTERM', async () => {
  const program = join(directory, 'orders-worker.mjs');
  const text = readFileSync(join(ROOT, 'deploy/kubernetes/worker/orders-worker.mjs'), 'utf8');
  writeFileSync(program, text.replace('/opt/leveret/', ROOT));
  const url = pageLiteral('orders-worker', 'url').replace('leveret:5672', `127.0.0.1:${server.port}`);
  const worker = new StartedProcess(process.execPath, [program], { environment: { AMQP_URL: url } });
  await worker.line(/^Done: 0$/);
  const exit = await worker.stop();
  expect([exit, worker.output]).toEqual([{ code: 0, signal: null }, worker.output]);
  const done = worker.lines.filter((line) => line.startsWith('Done: ')).length;
  expect(done).toBeGreaterThanOrEqual(10);
  expect(await askedByKeda()).toMatchObject({ messages: 1000 - done, messages_unacknowledged: 0 });
});

/** As KEDA's scaler for RabbitMQ does it: the host of the secret, and behind it the route of the queue. */
function askedByKeda(): Promise<unknown> {
  const { metadata } = triggerOf('kubernetes/worker', 'orders-worker');
  const names = [metadata['vhostName'], metadata['queueName']].map((name) => encodeURIComponent(name ?? ''));
  return askedWith('leveret-keda', `/api/queues/${names.join('/')}`);
}

/** With a pattern it takes a page of queues, and adds up the items. */
function askedByKedaAbout(service: string): Promise<unknown> {
  const { metadata } = triggerOf('kubernetes/services', service);
  expect(metadata).toMatchObject({ useRegex: 'true', operation: 'sum', mode: 'QueueLength' });
  const query = new URLSearchParams({
    page: '1',
    use_regex: 'true',
    pagination: 'false',
    name: metadata['queueName'] ?? '',
    page_size: '100',
  });
  return askedWith('shop-keda', `/api/queues/${encodeURIComponent(metadata['vhostName'] ?? '')}?${query}`);
}

interface KedaTrigger {
  readonly metadata: Readonly<Record<string, string>>;
}

function triggerOf(folder: string, name: string): KedaTrigger {
  const scaled = manifestOf(folder, 'ScaledObject', name) as Manifest & {
    readonly spec: { readonly triggers: readonly [KedaTrigger] };
  };
  return scaled.spec.triggers[0];
}

/** As the user in this secret. */
async function askedWith(secret: string, path: string): Promise<unknown> {
  const { username, password, pathname } = new URL(pageLiteral(secret, 'host').replace(/\$\{.*?\}/, 'x'));
  expect(pathname).toBe('/');
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const answer = await fetch(`${server.httpUrl}${path}`, { headers: { authorization } });
  expect(answer.status).toBe(200);
  return answer.json();
}

/** What the page puts into a secret, with the passwords of this test. */
function pageLiteral(secret: string, key: string): string {
  const found = new RegExp(`secret generic ${secret} .*--from-literal=${key}="(.*?)"$`, 'm').exec(
    pageText(),
  )?.[1];
  if (found === undefined) throw new Error(`the page makes no secret ${secret} with ${key}`);
  return found.replaceAll(/\$(\w+)/g, (_, name: string) => passwords.get(name) ?? '');
}

/** The page of deploy, each command in one line. */
function pageText(): string {
  return deployText('README.md').replaceAll(/\\\n */g, '');
}
