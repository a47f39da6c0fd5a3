import type { BrokerAddress } from '../../../src/client/client.ts';
import type { App, Unit } from '../../../src/services/services.ts';
import type { FaultOptions } from '../../../src/testing/injected-faults.ts';

/** A broker as the suite of services sees it. */
export interface StageFooting {
  readonly product: 'Leveret' | 'RabbitMQ';
  /** For one test. */
  open(faults: FaultOptions): Promise<Stage>;
  close(): Promise<void>;
}

/** Where the services of one test run. All instances of a service share its database. */
export interface Stage {
  /** For programs that are no services. */
  readonly address: BrokerAddress;
  run(units: readonly Unit[]): Promise<App>;
  /** Lets time pass until the condition holds; throws when it does not within thirty seconds. */
  until(what: string, condition: () => boolean | Promise<boolean>): Promise<void>;
  /** Lets time pass until the promise is settled. */
  whenDone<T>(promise: Promise<T>): Promise<T>;
  /** In the middle of things: what this footing does to the broker. */
  disturb(): Promise<void>;
  close(): Promise<void>;
}

export const PATIENCE_MS = 30_000;
