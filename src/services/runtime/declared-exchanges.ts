import type { Client } from '../../client/amqp-client.ts';

/** Exchanges of contracts that this process sends: each is declared once, so that an event may have no subscriber yet. */
export class DeclaredExchanges {
  readonly #client: Client;
  readonly #declared: Set<string> = new Set();
  readonly #underWay: Map<string, Promise<void>> = new Map();

  constructor(client: Client) {
    this.#client = client;
  }

  /** Undefined when it is there: this runs per message. */
  ensure(exchange: string): Promise<void> | undefined {
    if (exchange === '' || this.#declared.has(exchange)) return undefined;
    let declaring = this.#underWay.get(exchange);
    if (declaring === undefined) {
      declaring = this.#declare(exchange).finally(() => this.#underWay.delete(exchange));
      this.#underWay.set(exchange, declaring);
    }
    return declaring;
  }

  /** Somebody deleted it. */
  forget(exchange: string): void {
    this.#declared.delete(exchange);
  }

  async #declare(exchange: string): Promise<void> {
    await this.#client.declare({ exchanges: [{ exchange, type: 'topic' }] });
    this.#declared.add(exchange);
  }
}
