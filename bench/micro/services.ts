/**
 * npm run bench:micro -- services: messages a second from `send` to the end of the handler, with 1000 calls of `send` under way, on
 * one core for program, services and broker together: without a database, with inbox and outbox in SQLite, and with a broker in
 * another process.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type App, command, event, run, service, type Unit } from '../../src/services/services.ts';
import { type LeveretServer, startLeveret } from '../../test/servers/leveret.ts';
import { markdownTable } from '../markdown-table.ts';
import { median } from '../statistics.ts';

const ROUNDS = 5;
const WINDOW = 1_000;
const PROJECT_ROOT = process.cwd();

interface Job {
  readonly id: string;
  readonly amount: number;
}

/** As cheap as a schema can be: what is measured is the toolkit. */
const jobSchema: StandardSchemaV1<Job> = {
  '~standard': {
    version: 1,
    vendor: 'bench',
    validate: (value) =>
      typeof (value as Job).id === 'string' ? { value: value as Job } : { issues: [{ message: 'no id' }] },
  },
};

const work = command('bench.work', jobSchema);
const done = event('bench.done', jobSchema);

/** Counts down, and tells when nothing is left. */
class Countdown {
  #left = 0;
  #over: () => void = () => {};

  from(count: number): Promise<void> {
    this.#left = count;
    return new Promise((resolve) => {
      this.#over = resolve;
    });
  }

  readonly one = (): void => {
    this.#left -= 1;
    if (this.#left === 0) this.#over();
  };
}

interface Contestant {
  readonly name: string;
  readonly messages: number;
  /** Handled for each message that is sent. */
  readonly handledEach: number;
  units(countdown: Countdown, folder: string): readonly Unit[];
}

const contestants: readonly Contestant[] = [
  {
    name: 'a handler',
    messages: 50_000,
    handledEach: 1,
    units: (countdown) => {
      const worker = service('worker');
      return [worker.with(worker.on(work, countdown.one, { concurrency: 200 }))];
    },
  },
  {
    name: 'a handler that publishes, and a subscriber',
    messages: 30_000,
    handledEach: 2,
    units: (countdown) => {
      const worker = service('worker');
      const watcher = service('watcher');
      const handler = worker.on(
        work,
        async (job, context) => {
          await context.publish(done, job);
          countdown.one();
        },
        { concurrency: 200 },
      );
      return [worker.with(handler), watcher.with(watcher.on(done, countdown.one, { concurrency: 200 }))];
    },
  },
  {
    name: 'the same with a row, inbox and outbox in SQLite',
    messages: 10_000,
    handledEach: 2,
    units: (countdown, folder) => {
      const worker = service('worker', {
        database: { url: `file:${join(folder, 'worker.db')}`, migrations: folder },
      });
      const watcher = service('watcher');
      const handler = worker.on(
        work,
        async (job, context) => {
          await context.database.run`insert into jobs (id, amount) values (${job.id}, ${job.amount})`;
          await context.publish(done, job);
          countdown.one();
        },
        { concurrency: 200 },
      );
      return [worker.with(handler), watcher.with(watcher.on(done, countdown.one, { concurrency: 200 }))];
    },
  },
];

/** Keeps `WINDOW` promises under way. */
function sendAll(app: App, count: number, prefix: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let confirmed = 0;
    const onConfirm = (): void => {
      confirmed += 1;
      if (confirmed === count) resolve();
      else if (sent < count) send();
    };
    const send = (): void => {
      sent += 1;
      app.send(work, { id: `${prefix}-${sent}`, amount: sent }).then(onConfirm, reject);
    };
    while (sent < Math.min(WINDOW, count)) send();
  });
}

async function measure(contestant: Contestant, broker: string | undefined): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'leveret-bench-'));
  const countdown = new Countdown();
  writeFileSync(join(folder, '1.sql'), 'create table jobs (id text primary key, amount integer not null)');
  const app = await run(contestant.units(countdown, folder), {
    ...(broker !== undefined && { broker }),
    onEvent: (event) => {
      if (event.type === 'failed' || event.type === 'trouble') console.error(event);
    },
  });
  try {
    const rates: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const handled = countdown.from(contestant.messages * contestant.handledEach);
      const startMs = performance.now();
      await sendAll(app, contestant.messages, `${round}`);
      await handled;
      // the first round warms up
      if (round > 0) rates.push((contestant.messages / (performance.now() - startMs)) * 1000);
    }
    return median(rates);
  } finally {
    await app.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function text(rate: number): string {
  return Math.round(rate).toLocaleString('en-US');
}

const only = process.env['BENCH_ONLY'];
const server: LeveretServer = await startLeveret({
  projectRoot: PROJECT_ROOT,
  args: ['--storage', 'memory'],
});
try {
  const rows: string[][] = [];
  for (const contestant of contestants.filter(({ name }) => only === undefined || name.includes(only))) {
    const inProcess = await measure(contestant, undefined);
    const overTcp = only === undefined ? await measure(contestant, server.amqpUrl) : 0;
    rows.push([contestant.name, text(inProcess), text(overTcp)]);
  }
  console.log(markdownTable(['service', 'broker in this process', 'broker in its own'], rows, 1));
} finally {
  await server.close();
}
