import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrokerUnderTest } from '../servers/broker-under-test.ts';
import { StartedProcess } from '../servers/child-process.ts';
import type { Server } from '../servers/server.ts';
import { describeWith, PYTHON, pythonModule } from './debian.ts';

const DIRECTORY = fileURLToPath(new URL('./celery/', import.meta.url));
/** The worker's two processes take their time to start on a busy machine. */
const WORKER_START_MS = 40_000;

describeWith(pythonModule('celery', 'python3-celery'), 'Celery', () => {
  let server: Server;
  let worker: StartedProcess;

  beforeAll(async () => {
    server = await startBrokerUnderTest();
    const args = ['-m', 'celery', '-A', 'tasks', 'worker', '--concurrency', '2', '--loglevel', 'INFO'];
    worker = python(args);
    await worker.line(' ready.', { timeoutMs: WORKER_START_MS });
  });
  afterAll(async () => {
    await worker.stop();
    await server.close();
  });

  test('runs tasks in a worker and fetches their results', async () => {
    const output = await python(['-u', 'call.py', 'all']).succeeded(90_000);
    expect(output.split('\n')).toEqual([
      'add 5',
      "ping [{'ok': 'pong'}]",
      'retries 3',
      'fail no such luck',
      'eta 2 not early',
      'chain 10',
      `group [${Array.from({ length: 20 }, (_, i) => 2 * i).join(', ')}]`,
      'expired 2',
    ]);
  });

  test('goes on working after the broker restarted', async () => {
    const from = worker.lines.length;
    await server.restart();
    await worker.line('Connected to', { from, timeoutMs: WORKER_START_MS });
    expect(await python(['-u', 'call.py', 'one']).succeeded(60_000)).toBe('add 42');
  });

  function python(args: readonly string[]): StartedProcess {
    // PYTHONDONTWRITEBYTECODE: leaves no __pycache__ in the source tree. C_FORCE_ROOT: workers may run as root.
    const environment = { LEVERET_TEST_URL: server.amqpUrl, PYTHONDONTWRITEBYTECODE: '1', C_FORCE_ROOT: '1' };
    return new StartedProcess(PYTHON, args, { cwd: DIRECTORY, environment });
  }
});
