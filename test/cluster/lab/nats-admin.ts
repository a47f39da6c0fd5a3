import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { pause } from '../../crash/kill-client.ts';

const ANSWER_MS = 2000;
const RETRY_MS = 100;
const GIVE_UP_MS = 60_000;

/** Asks the NATS servers from outside, as an operator would. */
export class NatsAdmin {
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;

  private constructor(connection: NatsConnection, manager: JetStreamManager) {
    this.#connection = connection;
    this.#manager = manager;
  }

  static async open(servers: readonly string[]): Promise<NatsAdmin> {
    const connection = await connect({
      servers: [...servers],
      maxReconnectAttempts: -1,
      reconnectTimeWait: RETRY_MS,
      pingInterval: ANSWER_MS,
      ignoreClusterUpdates: true,
    });
    const manager = await jetstreamManager(connection, { timeout: ANSWER_MS, checkAPI: false });
    return new NatsAdmin(connection, manager);
  }

  get manager(): JetStreamManager {
    return this.#manager;
  }

  /** The name of the server that leads a stream. */
  leaderOf(stream: string): Promise<string> {
    return this.#untilAnswered(`who leads ${stream}`, async () => {
      const { cluster } = await this.#manager.streams.info(stream);
      return cluster?.leader === '' ? undefined : cluster?.leader;
    });
  }

  /** Its leader gives up, and the replicas choose another one. What nobody hears is not repeated. */
  async stepDown(stream: string): Promise<void> {
    try {
      await this.#connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`, '', { timeout: ANSWER_MS });
    } catch {
      // there is no leader at this moment: it was on its way already
    }
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #untilAnswered<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
    const startedMs = performance.now();
    for (let failure: unknown; ; await pause(RETRY_MS)) {
      try {
        const answer = await ask();
        if (answer !== undefined) return answer;
      } catch (error) {
        failure = error;
      }
      if (performance.now() - startedMs > GIVE_UP_MS)
        throw new Error(`NATS did not say ${what} within ${GIVE_UP_MS} ms`, { cause: failure });
    }
  }
}
