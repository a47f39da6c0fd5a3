import type { LedgerLine } from './kill-ledger.ts';

/** What the ledgers of all clients prove, once every queue is empty. */
export interface KillVerdict {
  readonly publishedCount: number;
  readonly confirmedCount: number;
  readonly deliveredCount: number;
  readonly settledCount: number;
  readonly committedCount: number;
  /** Deliveries of messages that had been delivered before. */
  readonly repeatedCount: number;
  /** Queues that must be there, and those that must not. */
  readonly declaredQueues: readonly string[];
  readonly deletedQueues: readonly string[];
  /** Each names the message and what is wrong. Empty: the broker kept its promises. */
  readonly violations: readonly string[];
}

export interface JudgeOptions {
  /**
   * A connection that broke without the broker's knowledge may hold messages for a while: they come back behind newer ones. Without
   * this, the only consumer of a queue gets everything in order.
   */
  readonly latecomersAllowed?: boolean;
}

interface Delivery {
  readonly redelivered: boolean;
  readonly ledger: number;
  readonly line: number;
  readonly connectedUs: number;
}

/** Where a message stands among those of its publisher's connection in its queue. */
interface Place {
  readonly row: string;
  readonly index: number;
}

interface MessageHistory {
  /** Undefined where no order is promised. */
  readonly place: Place | undefined;
  confirmed: boolean;
  acked: boolean;
  readonly deliveries: Delivery[];
  /** When its settlement was known to be durable first. */
  settled: { readonly ledger: number; readonly line: number; readonly atUs: number } | undefined;
}

/** Violations that are kept: what is wrong once is mostly wrong often. */
const VIOLATIONS_MAX = 50;

/** A ledger per connection of a consumer, and per publisher, declarer and so on. */
export function judge(
  ledgers: readonly (readonly LedgerLine[])[],
  { latecomersAllowed = false }: JudgeOptions = {},
): KillVerdict {
  const evidence = new Evidence(latecomersAllowed);
  for (const [index, lines] of ledgers.entries()) evidence.readPublisher(lines, index);
  for (const [index, lines] of ledgers.entries()) evidence.readConsumer(lines, index);
  return evidence.verdict();
}

class Evidence {
  readonly #latecomersAllowed: boolean;
  readonly #messages = new Map<string, MessageHistory>();
  /** Transactions, with how many messages they have. */
  readonly #begun = new Map<string, number>();
  readonly #committed = new Set<string>();
  readonly #declared = new Set<string>();
  /** Asked to be deleted: it may be there or not. */
  readonly #deleting = new Set<string>();
  readonly #deleted = new Set<string>();
  readonly #violations: string[] = [];

  constructor(latecomersAllowed: boolean) {
    this.#latecomersAllowed = latecomersAllowed;
  }

  readPublisher(lines: readonly LedgerLine[], ledger: number): void {
    let connection = 0;
    for (const [line, [kind, id = '', word]] of lines.entries()) {
      if (kind === 'connected') connection += 1;
      else if (kind === 'published')
        this.#publish(id, { row: `${ledger} ${connection} ${word}`, index: line });
      else if (kind === 'confirmed') this.#confirm(id);
      else if (kind === 'returned') this.#violations.push(`${id}: returned as unroutable: a binding is lost`);
      else if (kind === 'began') this.#begin(id, Number(word));
      else if (kind === 'committed') this.#commit(id);
      else if (kind === 'declared') this.#declared.add(id);
      else if (kind === 'deleting') this.#deleting.add(id);
      else if (kind === 'deleted') this.#deleted.add(id);
    }
  }

  readConsumer(lines: readonly LedgerLine[], ledger: number): void {
    let connectedUs = 0;
    let connections = 0;
    let order: DeliveryOrder | undefined;
    let unacked = new Set<string>();
    let acked: string[] = [];
    for (const [line, [kind, id = '', word]] of lines.entries()) {
      if (kind === 'connected') {
        connectedUs = Number(id);
        order = new DeliveryOrder(word === 'only', this.#latecomersAllowed ? connections : 0);
        connections += 1;
        unacked = new Set();
        acked = [];
      } else if (kind === 'delivered') {
        if (unacked.has(id)) this.#violations.push(`${id}: delivered again to the consumer that holds it`);
        unacked.add(id);
        this.#deliver(id, { redelivered: word === '1', ledger, line, connectedUs });
        this.#judgeOrder(id, word === '1', order);
      } else if (kind === 'requeued') {
        unacked.delete(id);
      } else if (kind === 'acked') {
        unacked.delete(id);
        acked.push(id);
        this.#ack(id);
      } else if (kind === 'settled') {
        for (const each of acked.splice(0, Number(id)))
          this.#settle(each, { ledger, line, atUs: Number(word) });
      } else if (kind === 'corrupt') {
        this.#violations.push(`a body that nobody published: ${id}`);
      }
    }
  }

  verdict(): KillVerdict {
    for (const [id, message] of this.#messages) this.#judgeMessage(id, message);
    for (const [group, count] of this.#begun) this.#judgeTransaction(group, count);
    const messages = [...this.#messages.values()];
    const deliveredCount = messages.reduce((sum, { deliveries }) => sum + deliveries.length, 0);
    return {
      publishedCount: messages.length,
      confirmedCount: messages.filter(({ confirmed }) => confirmed).length,
      deliveredCount,
      settledCount: messages.filter(({ settled }) => settled !== undefined).length,
      committedCount: this.#committed.size,
      repeatedCount: deliveredCount - messages.filter(({ deliveries }) => deliveries.length > 0).length,
      declaredQueues: [...this.#declared].filter((name) => !this.#deleting.has(name)),
      deletedQueues: [...this.#deleted],
      violations: this.#violations.slice(0, VIOLATIONS_MAX),
    };
  }

  #publish(id: string, place?: Place): void {
    this.#messages.set(id, { place, confirmed: false, acked: false, deliveries: [], settled: undefined });
  }

  #begin(group: string, count: number): void {
    this.#begun.set(group, count);
    for (let index = 0; index < count; index++) this.#publish(`${group}.${index}`);
  }

  #confirm(id: string): void {
    const message = this.#messages.get(id);
    if (message === undefined) this.#violations.push(`${id}: confirmed, and was not published`);
    else message.confirmed = true;
  }

  #commit(group: string): void {
    this.#committed.add(group);
    for (let index = 0; index < (this.#begun.get(group) ?? 0); index++) this.#confirm(`${group}.${index}`);
  }

  #deliver(id: string, delivery: Delivery): void {
    const message = this.#messages.get(id);
    if (message === undefined) this.#violations.push(`${id}: delivered, and was never published`);
    else message.deliveries.push(delivery);
  }

  #judgeOrder(id: string, redelivered: boolean, order: DeliveryOrder | undefined): void {
    const place = this.#messages.get(id)?.place;
    if (place !== undefined && order?.add(place, redelivered) === false)
      this.#violations.push(`${id}: delivered behind a message that was published later`);
  }

  #ack(id: string): void {
    const message = this.#messages.get(id);
    if (message !== undefined) message.acked = true;
  }

  #settle(id: string, settled: NonNullable<MessageHistory['settled']>): void {
    const message = this.#messages.get(id);
    if (message !== undefined) message.settled ??= settled;
  }

  #judgeMessage(id: string, { confirmed, acked, deliveries, settled }: MessageHistory): void {
    if (confirmed && !acked && !id.startsWith('t')) {
      const seen = deliveries.length === 0 ? 'never delivered' : 'not delivered again after it was not acked';
      this.#violations.push(`${id}: confirmed and lost: ${seen}`);
    }
    const firstTimes = deliveries.filter(({ redelivered }) => !redelivered).length;
    if (firstTimes > 1) {
      this.#violations.push(`${id}: delivered ${firstTimes} times without being marked as redelivered`);
    }
    if (settled !== undefined && deliveries.some((delivery) => isBehind(delivery, settled))) {
      this.#violations.push(`${id}: delivered again after its ack was durable`);
    }
  }

  /** Its queues have no consumer until the last restart: what is there then was durable. */
  #judgeTransaction(group: string, count: number): void {
    const ids = Array.from({ length: count }, (_, index) => `${group}.${index}`);
    const there = ids.filter((id) => (this.#messages.get(id)?.deliveries.length ?? 0) > 0).length;
    if (there !== 0 && there !== count) {
      this.#violations.push(`${group}: ${there} of the ${count} messages of the transaction are there`);
    }
  }
}

/** The order in which one connection of a consumer gets the messages of each publisher from each queue. */
class DeliveryOrder {
  readonly #isOnly: boolean;
  readonly #returnsMax: number;
  readonly #newest = new Map<string, number>();
  readonly #newestFresh = new Map<string, number>();
  readonly #returns = new Map<string, number>();

  /** `returnsMax`: how often older messages may come back together. */
  constructor(isOnly: boolean, returnsMax: number) {
    this.#isOnly = isOnly;
    this.#returnsMax = returnsMax;
  }

  /** False when it should have come before. */
  add({ row, index }: Place, redelivered: boolean): boolean {
    const isFresh = redelivered || index > (this.#newestFresh.get(row) ?? -1);
    if (!redelivered) this.#newestFresh.set(row, index);
    return isFresh && (!this.#isOnly || this.#addOnly(row, index));
  }

  #addOnly(row: string, index: number): boolean {
    const isNext = index > (this.#newest.get(row) ?? -1);
    this.#newest.set(row, index);
    if (isNext) return true;
    const returns = (this.#returns.get(row) ?? 0) + 1;
    this.#returns.set(row, returns);
    return returns <= this.#returnsMax;
  }
}

/** Surely later: on a connection that began to consume afterwards, or further down in the same ledger. */
function isBehind(delivery: Delivery, settled: NonNullable<MessageHistory['settled']>): boolean {
  return delivery.ledger === settled.ledger
    ? delivery.line > settled.line
    : delivery.connectedUs > settled.atUs;
}
