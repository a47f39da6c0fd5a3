import type { LeveretServer } from '../../test/servers/leveret.ts';
import { RawClient } from '../../test/servers/raw-client.ts';
import { cpuSeconds } from '../process-cpu.ts';
import { microsecondsEach } from '../report.ts';
import { atLeast, type Check } from './check.ts';
import { HttpGenerator } from './http-load.ts';
import type { LimitsBench } from './limits-bench.ts';

const QUEUE = 'bench-http';
const BODY = 'x'.repeat(100);
/** So that no backlog is measured, however long it takes. */
const QUEUE_LENGTH_MAX = 100_000;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 6_000;
/** While some wait for the disk, others send. */
const CONNECTION_COUNT = 64;
const BATCH_CONNECTION_COUNT = 8;
const BATCH_MESSAGES = 500;
const EXCHANGE_PATH = '/v1/exchanges/%2F/amq.default/messages';

interface Way {
  readonly what: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
  readonly messagesPerRequest: number;
  readonly connectionCount: number;
  readonly goal: number;
}

const MESSAGE = { routing_key: QUEUE, payload: BODY };
const ONE = { messagesPerRequest: 1, connectionCount: CONNECTION_COUNT, goal: 15_000 };
const MANY = {
  path: `${EXCHANGE_PATH}/batch`,
  messagesPerRequest: BATCH_MESSAGES,
  connectionCount: BATCH_CONNECTION_COUNT,
  goal: 150_000,
};

const WAYS: readonly Way[] = [
  {
    ...ONE,
    what: 'one as JSON per request',
    path: EXCHANGE_PATH,
    contentType: 'application/json',
    body: JSON.stringify(MESSAGE),
  },
  {
    ...ONE,
    what: 'one raw body per request',
    path: `/v1/queues/%2F/${QUEUE}/messages`,
    contentType: 'text/plain',
    body: BODY,
  },
  {
    ...MANY,
    what: `${BATCH_MESSAGES} as an array per request`,
    contentType: 'application/json',
    body: JSON.stringify(new Array(BATCH_MESSAGES).fill(MESSAGE)),
  },
  {
    ...MANY,
    what: `${BATCH_MESSAGES} as lines per request`,
    contentType: 'application/x-ndjson',
    body: new Array(BATCH_MESSAGES).fill(JSON.stringify(MESSAGE)).join('\n'),
  },
];

/** Publishing persistent messages over HTTP/1.1 with keep-alive, answered when they are safe. The generator takes a core of its own. */
export async function measureHttpPublish(bench: LimitsBench): Promise<Check[]> {
  const checks: Check[] = [];
  for (const storage of ['memory', 'file'] as const) {
    await bench.withBroker(storage, async (server) => {
      await declareQueue(server);
      for (const way of WAYS) checks.push(...(await measureWay(server, way, storage)));
    });
  }
  return checks;
}

async function declareQueue(server: LeveretServer): Promise<void> {
  const client = await RawClient.connect(server);
  const channel = await client.openChannel(1);
  const limit = new Map([['x-max-length', { tag: 'I', value: QUEUE_LENGTH_MAX } as const]]);
  await channel.call('queue.declare', { queue: QUEUE, durable: true, arguments: limit });
  await client.close();
}

async function measureWay(server: LeveretServer, way: Way, storage: string): Promise<Check[]> {
  const generator = new HttpGenerator({ ...way, httpUrl: server.httpUrl });
  generator.start();
  await pause(WARM_UP_MS);
  const before = { ms: performance.now(), cpu: cpuSeconds(server.pid), answered: generator.answeredCount };
  await pause(MEASURED_MS);
  const seconds = (performance.now() - before.ms) / 1000;
  const messages = (generator.answeredCount - before.answered) * way.messagesPerRequest;
  const cpuMicroseconds = microsecondsEach(before.cpu, cpuSeconds(server.pid), messages) ?? Number.NaN;
  generator.stop();
  if (generator.failure !== undefined) throw new Error(`${way.what}: ${generator.failure}`);
  const what = `${storage}: ${way.what}`;
  return [
    { part: 'http', what, value: messages / seconds, unit: 'messages/s', target: atLeast('goal', way.goal) },
    { part: 'http', what: `${what}, CPU each`, value: cpuMicroseconds, unit: 'us CPU' },
  ];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
