/** A broker in a process of its own, as the suites see it. */
export interface Server {
  readonly product: 'Leveret' | 'RabbitMQ';
  readonly version: string;
  readonly host: string;
  readonly port: number;
  /** With the default user and vhost: `amqp://guest:guest@127.0.0.1:PORT`. */
  readonly amqpUrl: string;
  /** The process that does the work (for RabbitMQ the Erlang machine), for measurements. Changes with a restart. */
  readonly pid: number;
  /** Stops the broker as an operator would and starts it again on the same port. */
  restart(): Promise<void>;
  close(): Promise<void>;
}
