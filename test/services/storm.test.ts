import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { postgresInstalled, startPostgres } from '../servers/postgres.ts';
import { SERVICES, type StormReport, storm } from './storm/storm.ts';

const ORDERS = Number(process.env['LEVERET_STORM_ORDERS'] ?? 20_000);
/** Another one each time; in the title of the test, to have it again. */
const SEED = Number(process.env['LEVERET_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const TIMEOUT_MS = 3_600_000;

/**
 * 20 000 orders through the shop's services as processes of their own, every message handled twice and in any order, while
 * processes and broker are killed and connections cut. `LEVERET_STORM_ORDERS=1000 npm run test:storm` is a smaller one.
 */
describe(`a storm of ${ORDERS} orders, LEVERET_SEED=${SEED}`, () => {
  test('loses no order, charges none twice and sells nothing twice, on SQLite', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'leveret-storm-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const databases = new Map(SERVICES.map((name) => [name, `file:${join(directory, name)}.db`]));
    judge('SQLite', await storm({ databases, ...weather(1) }));
  });

  test.skipIf(!postgresInstalled())(
    'loses no order, charges none twice and sells nothing twice, on PostgreSQL',
    { timeout: TIMEOUT_MS },
    async () => {
      const server = await startPostgres();
      onTestFinished(() => server.close());
      const databases = new Map<string, string>();
      for (const name of SERVICES) databases.set(name, await server.createDatabase());
      judge('PostgreSQL', await storm({ databases, ...weather(2) }));
    },
  );
});

function weather(instances: number): {
  orderCount: number;
  blowCount: number;
  instances: number;
  seed: number;
} {
  return { orderCount: ORDERS, blowCount: Math.max(10, Math.round(ORDERS / 250)), instances, seed: SEED };
}

function judge(engine: string, { problems, shipped, cancelled, seconds, blows }: StormReport): void {
  const done = [...blows].map(([what, count]) => `${what} ${count} times`).join(', ');
  console.log(
    `${engine}: ${shipped} orders shipped, ${cancelled} cancelled in ${seconds.toFixed(1)} s (${Math.round(ORDERS / seconds)}/s); ${done}`,
  );
  expect(problems.slice(0, 20)).toEqual([]);
  expect(shipped + cancelled).toBe(ORDERS);
}
