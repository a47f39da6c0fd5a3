import { fileURLToPath } from 'node:url';
import type { SeededRandom } from '../../../src/testing/seeded-random.ts';
import { type Exit, StartedProcess } from '../../servers/child-process.ts';

const PROGRAM = fileURLToPath(new URL('service-process.ts', import.meta.url));
/** A service that starts while the broker is away waits for it. */
const READY_MS = 60_000;

export interface ShopProcessesOptions {
  readonly brokerUrl: string;
  /** By the name of the service. */
  readonly databases: ReadonlyMap<string, string>;
  readonly instances: number;
  readonly random: SeededRandom;
}

/** The services of the shop, each as processes of its own, which are started again when they are killed. */
export class ShopProcesses {
  readonly #options: ShopProcessesOptions;
  /** By service and instance. */
  readonly #running: Map<string, StartedProcess> = new Map();
  /** What services wrote, and ends that nobody asked for. */
  readonly problems: string[] = [];
  #isStopping = false;

  constructor(options: ShopProcessesOptions) {
    this.#options = options;
  }

  /** Resolves when all are ready. */
  async start(): Promise<void> {
    const { databases, instances } = this.#options;
    for (const service of databases.keys()) {
      for (let instance = 1; instance <= instances; instance += 1) this.#launch(service, instance);
    }
    const ready = [...this.#running.values()].map((each) => each.line('ready', { timeoutMs: READY_MS }));
    await Promise.all(ready);
  }

  /** SIGKILL for one of them. */
  async killOne(): Promise<string> {
    const names = [...this.#running.keys()];
    const name = names[this.#options.random.uint32() % names.length] as string;
    await this.#running.get(name)?.kill();
    return name;
  }

  /** SIGTERM: each has to end by itself, with 0. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(
      [...this.#running].map(async ([name, running]) => {
        const exit = await running.stop(60_000);
        if (exit?.code !== 0)
          this.problems.push(`${name} did not end as asked: ${textOf(exit)}\n${running.output}`);
      }),
    );
  }

  /** Ends all, whatever they do. */
  async destroy(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#running.values()].map((running) => running.kill()));
  }

  #launch(service: string, instance: number): void {
    const { brokerUrl, databases, random } = this.#options;
    const args = [service, brokerUrl, databases.get(service) as string, String(random.uint32())];
    const running = new StartedProcess(process.execPath, ['--import', 'tsx', PROGRAM, ...args], {
      // the money of an order and the end of its time come at the same time
      environment: { SHOP_PAYMENT_MS: '8000', SHOP_SLOW_BANK_MS: '8000' },
    });
    const name = `${service}.${instance}`;
    this.#running.set(name, running);
    void running.exited.then((exit) => {
      for (const line of running.lines)
        if (line.startsWith('dead letter')) this.problems.push(`${name}: ${line}`);
      if (this.#isStopping) return;
      if (exit.signal !== 'SIGKILL') this.problems.push(`${name} ended: ${textOf(exit)}\n${running.output}`);
      this.#launch(service, instance);
    });
  }
}

function textOf(exit: Exit | undefined): string {
  return exit === undefined ? 'not at all' : `with ${exit.code ?? exit.signal}`;
}
