import type { Client } from '../../client/amqp-client.ts';
import { Refused } from '../../client/client-failures.ts';
import type { OutgoingRecord } from '../store/store.ts';
import type { Instruments } from '../telemetry/instruments.ts';
import type { DeclaredExchanges } from './declared-exchanges.ts';
import { envelopeOf, messageOf } from './outgoing.ts';

/** Publishes what services send, with confirms. */
export class MessageSender {
  readonly #client: Client;
  readonly #exchanges: DeclaredExchanges;
  readonly #instruments: Instruments;
  #underWayCount = 0;
  #idle: (() => void)[] = [];

  constructor(client: Client, exchanges: DeclaredExchanges, instruments: Instruments) {
    this.#client = client;
    this.#exchanges = exchanges;
    this.#instruments = instruments;
  }

  /** Resolves when the broker has it. Rejects with `Returned` when nobody can get a command. */
  async send(record: OutgoingRecord): Promise<void> {
    const envelope = envelopeOf(record);
    this.#underWayCount += 1;
    try {
      const declaring = this.#exchanges.ensure(record.exchange);
      if (declaring !== undefined) await declaring;
      await this.#client.publish(messageOf(record, envelope), envelope.isCommand ? MANDATORY : {});
      this.#instruments.sent(envelope.type, 1);
    } catch (reason) {
      if (reason instanceof Refused && reason.replyCode === 404) this.#exchanges.forget(record.exchange);
      throw reason;
    } finally {
      this.#underWayCount -= 1;
      if (this.#underWayCount === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }

  /** Resolves when nothing is on its way. */
  idle(): Promise<void> {
    return this.#underWayCount === 0 ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }
}

const MANDATORY = { mandatory: true };
