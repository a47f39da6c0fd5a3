import type { BrokerAddress } from '../../src/client/client.ts';

/** A broker as the client suite sees it, however the client gets there. */
export interface Footing {
  readonly product: 'Leveret' | 'RabbitMQ';
  /** What `connect` is given. */
  readonly address: BrokerAddress | (() => BrokerAddress);
  /** Cuts every connection, as a crashed machine or a firewall would. */
  cut(): void;
  /** Stops the broker, runs `whileGone`, and starts it again with what it had on disk. */
  restart(whileGone?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}
