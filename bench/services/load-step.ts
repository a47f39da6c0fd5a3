/**
 * A load step of ten times under the supervisor of `leveret up`: how many instances it runs, and how long messages wait. Draws
 * docs/images/supervisor-load-step.svg. Takes about four minutes, most of which it goes back down, one instance in half a minute.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, connect } from '../../src/client/client.ts';
import { startBroker } from '../../src/daemon/start-broker.ts';
import { pause, systemClock } from '../../src/services/clock.ts';
import { type App, run } from '../../src/services/services.ts';
import type { Flow } from '../../src/services/supervisor/flow-meter.ts';
import type { InstanceProcess } from '../../src/services/supervisor/instance.ts';
import { Supervisor, type SupervisorEvent } from '../../src/services/supervisor/supervisor.ts';
import { inQueue } from '../../src/services/wire.ts';
import { type LineChart, lineChart } from '../line-chart.ts';
import { CONCURRENCY, HANDLER_MS, type Waited, work, workerUnit } from './load-step-service.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CHART_PATH = 'docs/images/supervisor-load-step.svg';
const SERVICE = workerUnit.name;
const TARGET = { min: 1, max: 8, delayMs: 2_000 };
/**
 * One instance can handle about 770 a second. While others start, which takes t, D grows to (P / c - 1) * t: whoever expects a
 * greater step than this one needs a greater `min`.
 */
const [LOW_PER_SECOND, HIGH_PER_SECOND] = [120, 1_200];
const [STEP_AT_MS, BACK_AT_MS, END_MAX_MS] = [15_000, 60_000, 330_000];
/** After the load has gone back: how long one instance is looked at before it ends. */
const LAST_MS = 10_000;
const TICK_MS = 20;

interface Moment {
  readonly atMs: number;
  readonly flow: Flow;
  readonly readyCount: number;
}

class LoadStep {
  readonly moments: Moment[] = [];
  /** The longest that messages waited, and when that was told. */
  readonly waits: { readonly atMs: number; readonly longestMs: number }[] = [];
  readonly #startedMs: number = systemClock.nowMs();
  readonly #app: App;
  readonly #client: Client;
  readonly #broker: string;
  readonly #supervisor: Supervisor;

  constructor(broker: string, app: App, client: Client) {
    this.#broker = broker;
    this.#app = app;
    this.#client = client;
    this.#supervisor = new Supervisor({
      services: [{ name: SERVICE, queues: [inQueue(SERVICE)], scale: TARGET }],
      clock: systemClock,
      random: Math.random,
      spawn: () => this.#spawn(),
      readyCount: async (queue) => (await this.#client.inspect(queue))?.messageCount,
      onEvent: (event) => this.#onEvent(event),
    });
  }

  async run(): Promise<void> {
    this.#supervisor.start();
    while (this.moments.length === 0) await pause(systemClock, TICK_MS);
    let sentMs = this.#nowMs();
    for (let owed = 0; !this.#isOver(); owed %= 1) {
      await pause(systemClock, TICK_MS);
      const beforeMs = sentMs;
      sentMs = this.#nowMs();
      const isHigh = sentMs >= STEP_AT_MS && sentMs < BACK_AT_MS;
      owed += ((isHigh ? HIGH_PER_SECOND : LOW_PER_SECOND) * (sentMs - beforeMs)) / 1000;
      for (let index = 1; index <= owed; index += 1) {
        void this.#app.publish(work, { sentAtMs: systemClock.nowMs() });
      }
    }
    await this.#supervisor.stop(10_000);
  }

  #nowMs(): number {
    return systemClock.nowMs() - this.#startedMs;
  }

  /** Some time after it is back where it began. */
  #isOver(): boolean {
    const nowMs = this.#nowMs();
    if (nowMs < BACK_AT_MS) return false;
    const late = this.moments.filter(({ atMs }) => atMs >= nowMs - LAST_MS);
    return nowMs > END_MAX_MS || late.every(({ readyCount }) => readyCount <= TARGET.min);
  }

  #spawn(): InstanceProcess {
    const main = join(ROOT, 'dist/cli/main.js');
    const entry = fileURLToPath(new URL('./load-step-service.js', import.meta.url));
    const child = spawn(process.execPath, [main, 'start', SERVICE, '--entry', entry, '--log-level', 'warn'], {
      env: { ...process.env, LEVERET_BROKER: this.#broker },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child.on('message', (message: Waited) => {
      if (message.type === 'waited') this.waits.push({ atMs: this.#nowMs(), longestMs: message.longestMs });
    });
    return child;
  }

  #onEvent(event: SupervisorEvent): void {
    if (event.type === 'sampled') {
      const { flow, readyCount } = event;
      this.moments.push({ atMs: event.atMs - this.#startedMs, flow, readyCount });
    }
    if (event.type === 'scaled') {
      const second = (this.#nowMs() / 1000).toFixed(1).padStart(6);
      process.stdout.write(`${second} s  ${event.from} -> ${event.to} instances\n`);
    }
  }
}

interface Figures {
  readonly delayMaxMs: number;
  /** For how long D was above its target, in all. */
  readonly aboveMs: number;
  readonly waitMaxMs: number;
  readonly instancesMax: number;
  readonly instancesLast: number;
  readonly capacityPerSecond: number;
}

function figuresOf({ moments, waits }: LoadStep): Figures {
  const delays = moments.map(({ atMs, flow }) => ({ atMs, delayMs: delayOf(flow) }));
  const aboveMs = delays.reduce((sum, { atMs, delayMs }, index) => {
    const beforeMs = delays[index - 1]?.atMs ?? atMs;
    return delayMs > TARGET.delayMs ? sum + atMs - beforeMs : sum;
  }, 0);
  return {
    delayMaxMs: Math.max(...delays.map(({ delayMs }) => delayMs)),
    aboveMs,
    waitMaxMs: Math.max(...waits.map(({ longestMs }) => longestMs)),
    instancesMax: Math.max(...moments.map(({ readyCount }) => readyCount)),
    instancesLast: moments.at(-1)?.readyCount ?? 0,
    capacityPerSecond: Math.max(...moments.map(({ flow }) => flow.capacityPerSecond ?? 0)),
  };
}

/** Nothing has left yet: as long as the whole wait so far is not known, it is taken for none. */
function delayOf({ delayMs = 0 }: Flow): number {
  return delayMs;
}

function chartOf(step: LoadStep, figures: Figures): LineChart {
  const points = (value: (moment: Moment) => number) =>
    step.moments.map((moment) => ({ x: moment.atMs / 1000, y: value(moment) }));
  const waits = step.waits.map(({ atMs, longestMs }) => ({ x: atMs / 1000, y: longestMs / 1000 }));
  return {
    title: 'A load step of ten times under leveret up',
    subtitle: `scale: { min: ${TARGET.min}, max: ${TARGET.max}, delayMs: ${TARGET.delayMs} }; a handler of ${HANDLER_MS} ms, ${CONCURRENCY} at a time: ${Math.round(figures.capacityPerSecond)} messages a second for each instance`,
    xTitle: 'seconds',
    panels: [
      {
        title: 'messages a second',
        lines: [
          { name: 'P: come in', points: points(({ flow }) => flow.arrivalsPerSecond) },
          { name: 'C: handled', points: points(({ flow }) => flow.handledPerSecond) },
        ],
      },
      { title: 'Q: messages that wait', lines: [{ name: 'Q', points: points(({ flow }) => flow.queued) }] },
      {
        title: 'seconds of delay',
        lines: [
          { name: 'D = Q / C', points: points(({ flow }) => delayOf(flow) / 1000) },
          { name: 'the longest that a message did wait', points: waits },
        ],
        bound: { name: 'target', y: TARGET.delayMs / 1000 },
      },
      {
        title: 'instances',
        lines: [{ name: 'instances', points: points(({ readyCount }) => readyCount), isStepped: true }],
      },
    ],
    footer: [
      textOf(figures),
      `${cpus().length} processors, broker, producer and all instances on one machine.`,
    ],
  };
}

function textOf({ delayMaxMs, aboveMs, waitMaxMs, instancesMax }: Figures): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const above =
    aboveMs === 0 ? 'D stayed below its target' : `D was above its target for ${seconds(aboveMs)}`;
  return `${above}; the largest D ${seconds(delayMaxMs)}; the longest wait of a message ${seconds(waitMaxMs)}; at most ${instancesMax} instances.`;
}

await using broker = await startBroker({ amqpPort: 0 });
const url = broker.url ?? '';
await using app = await run([], { broker: url });
await using client = await connect(url);
const step = new LoadStep(url, app, client);
await step.run();
const figures = figuresOf(step);
writeFileSync(join(ROOT, CHART_PATH), lineChart(chartOf(step, figures)));
process.stdout.write(`${textOf(figures)}\nWrote ${CHART_PATH}.\n`);
if (figures.aboveMs > 0 || figures.instancesLast > TARGET.min || figures.instancesMax < 2) {
  process.stdout.write(
    `FAILED: D was above its target, or there were not enough instances, or not back at ${TARGET.min}\n`,
  );
  process.exitCode = 1;
}
