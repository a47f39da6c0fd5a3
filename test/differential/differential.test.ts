import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith, RABBITMQ } from '../interop/debian.ts';
import { TEST_REFERENCE } from '../servers/broker-under-test.ts';
import { startLeveret } from '../servers/leveret.ts';
import { startRabbitmq } from '../servers/rabbitmq.ts';
import type { Server } from '../servers/server.ts';
import { compare, describeDifference } from './compare.ts';
import { Driver } from './driver.ts';
import { generateOperations } from './generator.ts';
import type { Operation } from './operation.ts';
import { shrink } from './shrink.ts';

/** How many sequences are run: `LEVERET_SEEDS`. */
const SEEDS = Number(process.env['LEVERET_SEEDS'] ?? 250);
/** The first seed: `LEVERET_SEED`. One sequence alone: `LEVERET_SEED=7 LEVERET_SEEDS=1`. */
const FIRST_SEED = Number(process.env['LEVERET_SEED'] ?? 1);
const OPERATIONS = Number(process.env['LEVERET_OPERATIONS'] ?? 50);
/** RabbitMQ's queues are processes of their own, and rarely two of them race: a difference counts if it comes again. */
const REPEATS = 3;
const SHRINK_ATTEMPTS = 150;

describeWith(RABBITMQ, 'Leveret and RabbitMQ', () => {
  let servers: readonly [Server, Server];
  let drivers: readonly [Driver, Driver];

  beforeAll(async () => {
    servers = await Promise.all([TEST_REFERENCE ? startRabbitmq() : startLeveret(), startRabbitmq()]);
    const names = TEST_REFERENCE ? ['RabbitMQ once', 'RabbitMQ twice'] : ['Leveret', 'RabbitMQ'];
    drivers = [
      new Driver(names[0] as string, servers[0].port),
      new Driver(names[1] as string, servers[1].port),
    ];
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
  });

  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    test(`show the same to their clients in the sequence of seed ${seed}`, async () => {
      const operations = generateOperations(seed, OPERATIONS);
      if (!(await differs(operations))) return;
      const shortest = await shrink(operations, differs, SHRINK_ATTEMPTS);
      const difference = await compare(shortest, drivers);
      const told =
        difference &&
        describeDifference(
          difference,
          shortest,
          drivers.map(({ name }) => name),
        );
      const replay = `LEVERET_SEED=${seed} LEVERET_SEEDS=1 npm run test:differential`;
      expect.fail(
        `the brokers differ; replay: ${replay}\nthe shortest sequence that shows it:\n${told ?? '(gone)'}`,
      );
    });
  }

  async function differs(operations: readonly Operation[]): Promise<boolean> {
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      if ((await compare(operations, drivers)) === undefined) return false;
    }
    return true;
  }
});
