import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { type Client, connect, type IncomingDelivery } from '../../../src/client/client.ts';
import { deadQueue } from '../../../src/services/wire.ts';
import type { FaultOptions } from '../../../src/testing/injected-faults.ts';
import type { Stage, StageFooting } from './stage.ts';

let lastScene = 0;

/** A stage with names of its own, and what tests do on it. */
export class Scene {
  readonly stage: Stage;
  /** Ends all names of this scene. */
  readonly #suffix: string;
  #client: Promise<Client> | undefined;

  private constructor(stage: Stage, suffix: string) {
    this.stage = stage;
    this.#suffix = suffix;
  }

  static async open(footing: StageFooting, faults: FaultOptions = {}): Promise<Scene> {
    const stage = await footing.open(faults);
    lastScene += 1;
    const scene = new Scene(stage, `${process.pid}-${lastScene}`);
    onTestFinished(async () => {
      await (await scene.#client)?.close();
      await stage.close();
    });
    return scene;
  }

  /** A name that no other test of this process has. */
  name(text: string): string {
    return `${text}-${this.#suffix}`;
  }

  /** A client that knows nothing of services. */
  client(): Promise<Client> {
    this.#client ??= connect(this.stage.address, { reconnect: { minDelayMs: 5, maxDelayMs: 50 } });
    return this.#client;
  }

  /** Takes so many dead letters of a service. */
  async deadLetters(service: string, count: number): Promise<IncomingDelivery[]> {
    const letters = new Map<string, IncomingDelivery>();
    const consumer = await (await this.client()).consume(deadQueue(service), (delivery) => {
      letters.set(delivery.messageId ?? '', delivery);
    });
    await this.stage.until(`${count} dead letters of ${service}`, () => letters.size >= count);
    await this.stage.whenDone(consumer.cancel());
    return [...letters.values()];
  }
}

/** What most messages of the suite carry. */
export const numbered: z.ZodObject<{ id: z.ZodString; count: z.ZodNumber }> = z.object({
  id: z.string(),
  count: z.number(),
});

/** Promises that are settled by hand. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
