import type { FieldTable } from '../../src/codec/field-table.ts';
import { field, tableOf } from '../../src/codec/field-table.ts';
import type { Random } from '../../src/core/environment.ts';
import { methodFrame, publishFrames } from '../servers/frame-bytes.ts';
import type { BrokerRun } from './broker-run.ts';
import { BODY_BYTES_MIN, makeBody, readBody } from './message-body.ts';
import { type Received, WorkloadClient } from './workload-client.ts';
import {
  type Copy,
  DEDUPLICATING_EXCHANGE,
  type RecoveredBroker,
  type Removal,
  type Transaction,
  type WorkloadLedger,
} from './workload-ledger.ts';

const NEVER = Number.POSITIVE_INFINITY;
/** No run of a workload takes as long. */
const OUTCOME_TTL_MS = 2 ** 32 - 1;
const NOT_FOUND = 404;

interface QueueKind {
  readonly durable: boolean;
  readonly arguments: FieldTable;
  /** Messages leave it by themselves, or in another order: the ledger only knows that they exist. */
  readonly isLoose?: true;
  readonly deadLetterQueue?: string;
}

function deadLettersTo(queue: string): Record<string, string> {
  return { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': queue };
}

/** Every queue that a workload may declare. The dead letters of each go to a queue of their own. */
const QUEUES: Readonly<Record<string, QueueKind>> = {
  plain: { durable: true, arguments: tableOf({}) },
  buried: { durable: true, arguments: tableOf(deadLettersTo('buried-dead')), deadLetterQueue: 'buried-dead' },
  counted: {
    durable: true,
    arguments: tableOf({ 'x-queue-type': 'quorum', ...deadLettersTo('counted-dead') }),
    deadLetterQueue: 'counted-dead',
  },
  'buried-dead': { durable: true, arguments: tableOf({}) },
  'counted-dead': { durable: true, arguments: tableOf({}) },
  priority: { durable: true, arguments: tableOf({ 'x-max-priority': 2 }), isLoose: true },
  expiring: {
    durable: true,
    arguments: new Map([['x-message-ttl', field.int(40)], ...tableOf(deadLettersTo('expired'))]),
    isLoose: true,
  },
  expired: { durable: true, arguments: tableOf({}), isLoose: true },
  short: {
    durable: true,
    arguments: new Map([['x-max-length', field.int(3)], ...tableOf(deadLettersTo('expired'))]),
    isLoose: true,
  },
  transient: { durable: false, arguments: tableOf({}) },
};

/** Queues whose messages move when they are ready again after a start: there may be more of them than the limit allows. */
export const TRIMMED_QUEUES: ReadonlySet<string> = new Set(['short', 'expired']);

interface ExchangeKind {
  readonly type: string;
  readonly durable: boolean;
  readonly arguments: FieldTable;
  readonly isLoose?: true;
}

const EXCHANGES: Readonly<Record<string, ExchangeKind>> = {
  fan: { type: 'fanout', durable: true, arguments: tableOf({}) },
  pick: { type: 'direct', durable: true, arguments: tableOf({}) },
  once: { type: 'fanout', durable: true, arguments: tableOf({ 'x-message-deduplication': true }) },
  passing: { type: 'fanout', durable: false, arguments: tableOf({}) },
  hash: { type: 'x-consistent-hash', durable: true, arguments: tableOf({}), isLoose: true },
  late: {
    type: 'x-delayed-message',
    durable: true,
    arguments: tableOf({ 'x-delayed-type': 'fanout' }),
    isLoose: true,
  },
};

const QUEUE_NAMES = Object.keys(QUEUES);
const EXCHANGE_NAMES = Object.keys(EXCHANGES);
const ROUTING_KEYS = ['1', '2'] as const;

/** A message that a client got and has not settled. */
interface Unsettled {
  readonly deliveryTag: number;
  readonly copy: Copy | undefined;
  /** The result that the client gave, if it settles the message as it is. */
  readonly resultId?: number | undefined;
}

/** A client with one channel. */
interface Session {
  readonly client: WorkloadClient;
  /** Takes the answer that the session waits for: it sends nothing meanwhile. */
  onAnswer: ((received: Received) => void) | undefined;
  unsettled: Unsettled[];
}

/** A published message that waits for its confirm. */
interface Unconfirmed {
  readonly tag: number;
  readonly copies: readonly Copy[];
}

/** What a transaction does once it is committed; each returns the copies that it is about. */
interface OpenTransaction {
  readonly publishes: (() => readonly Copy[])[];
  readonly settlements: Unsettled[];
}

/** Numbers that go on over restarts. */
export interface WorkloadNumbers {
  nextId: number;
  nextOrder: number;
}

/** What the properties of a message make of its copies. */
type CopyKind = Pick<Copy, 'persistent' | 'wantsOutcome'>;

type Action = readonly [weight: number, run: () => void];

/**
 * Clients that do something different for each seed, and what a broker must have made of it (the ledger). They know where
 * each message goes, because they declare everything themselves.
 */
export class Workload {
  readonly #run: BrokerRun;
  readonly #ledger: WorkloadLedger;
  readonly #random: Random;
  readonly #numbers: WorkloadNumbers;
  #publisher: Session;
  #transactor: Session;
  #consumer: Session;
  #nextPublishTag = 1;
  #unconfirmed: Unconfirmed[] = [];
  #transaction: OpenTransaction = { publishes: [], settlements: [] };
  readonly #queues: Set<string>;
  readonly #exchanges: Set<string>;
  /** As `exchange|queue|routing key`. */
  readonly #bindings: Set<string>;
  /** Messages that the exchange that deduplicates has routed: it routes none of them again. */
  #onceIds: Set<number>;

  constructor(run: BrokerRun, ledger: WorkloadLedger, random: Random, numbers: WorkloadNumbers) {
    this.#run = run;
    this.#ledger = ledger;
    this.#random = random;
    this.#numbers = numbers;
    this.#queues = namesOf(run.recovered.objects, 'queue');
    this.#exchanges = namesOf(run.recovered.objects, 'exchange');
    this.#bindings = namesOf(run.recovered.objects, 'binding');
    this.#onceIds = rememberedIds(run.recovered);
    this.#publisher = this.#open('confirm.select');
    this.#transactor = this.#open('tx.select');
    this.#consumer = this.#open(undefined);
    run.afterTurn = () => this.#read();
  }

  /** Does one thing, if a client is free to. */
  step(): void {
    const free = [this.#publisherActions(), this.#transactorActions(), this.#consumerActions()]
      .filter((_, index) => this.#sessions[index]?.onAnswer === undefined)
      .flat();
    const actions = [...free, ...this.#operatorActions()];
    let left = this.#below(actions.reduce((sum, [weight]) => sum + weight, 0));
    const action = actions.find(([weight]) => (left -= weight) < 0);
    action?.[1]();
    this.#read();
  }

  /** A queue and an exchange to begin with. */
  begin(): void {
    this.#declareQueue(this.#publisher, 'plain');
  }

  #read(): void {
    for (const { client } of this.#sessions) client.read();
  }

  get #sessions(): readonly Session[] {
    return [this.#publisher, this.#transactor, this.#consumer];
  }

  // ---- what there is to do ----

  #publisherActions(): Action[] {
    const session = this.#publisher;
    return [
      [30, () => this.#publishSome(1)],
      [6, () => this.#publishSome(2 + this.#below(6))],
      [10, () => this.#publishOnce()],
      [14, () => this.#declareQueue(session, this.#pick(QUEUE_NAMES))],
      [6, () => this.#declareExchange(this.#pick(EXCHANGE_NAMES))],
      [12, () => this.#bind()],
      [3, () => this.#unbind()],
      [2, () => this.#deleteExchange()],
      [2, () => this.#deleteQueue()],
      [1, () => this.#reopenPublisher()],
    ];
  }

  #transactorActions(): Action[] {
    return [
      [8, () => this.#publishInTransaction()],
      [3, () => this.#get(this.#transactor, false)],
      [5, () => this.#settleInTransaction()],
      [6, () => this.#commit()],
      [1, () => this.#rollback()],
      [1, () => this.#reopenTransactor()],
    ];
  }

  #consumerActions(): Action[] {
    return [
      [14, () => this.#get(this.#consumer, false)],
      [3, () => this.#get(this.#consumer, true)],
      [20, () => this.#ack()],
      [4, () => this.#ackAll()],
      [8, () => this.#reject(true)],
      [8, () => this.#reject(false)],
      [5, () => this.#consume()],
      [2, () => this.#purge()],
      [2, () => this.#reopenConsumer()],
    ];
  }

  #operatorActions(): Action[] {
    return [
      [2, () => this.#putUser()],
      [1, () => this.#deleteUser()],
      [2, () => this.#setPolicy()],
      [1, () => this.#deletePolicy()],
      [3, () => this.#run.advance(1 + this.#below(60))],
    ];
  }

  // ---- publishing ----

  #publishSome(count: number): void {
    for (let index = 0; index < count; index++) this.#publishTo(this.#anyExchange());
  }

  /** To the exchange that deduplicates, or what is needed for that. */
  #publishOnce(): void {
    if (!this.#exchanges.has('once')) this.#declareExchange('once');
    else if (this.#targets('once', '').size === 0) this.#bind('once');
    else this.#publishTo('once');
  }

  #publishTo(exchange: string): void {
    const { frames, route } = this.#publication(exchange);
    this.#publisher.client.send(...frames);
    this.#unconfirmed.push({ tag: this.#nextPublishTag++, copies: route() });
  }

  #publishInTransaction(): void {
    const { frames, route } = this.#publication();
    this.#transactor.client.send(...frames);
    this.#transaction.publishes.push(route);
  }

  /** A new message, and what brings it into the ledger once it is routed. */
  #publication(exchange = this.#anyExchange()): {
    frames: readonly Uint8Array[];
    route: () => readonly Copy[];
  } {
    const routingKey = exchange === '' ? this.#pick(QUEUE_NAMES) : this.#pick(ROUTING_KEYS);
    const persistent = this.#below(8) !== 0;
    const id = this.#newOrRepeatedId(exchange);
    const wantsOutcome = this.#below(3) === 0;
    const headers = new Map([['x-deduplication-header', field.string(String(id))]]);
    if (exchange === 'late') headers.set('x-delay', field.int(1 + this.#below(50)));
    if (wantsOutcome) headers.set('x-outcome-ttl', field.long(OUTCOME_TTL_MS));
    const properties = {
      deliveryMode: persistent ? 2 : 1,
      priority: this.#below(3),
      messageId: `m${id}`,
      headers,
    };
    const body = makeBody(id, this.#bodyBytes());
    return {
      frames: publishFrames(1, { exchange, routingKey }, properties, body),
      route: () => this.#routeOnce(id, exchange, routingKey, { persistent, wantsOutcome }),
    };
  }

  #anyExchange(): string {
    return this.#below(3) === 0 ? this.#pick([...this.#exchanges, '']) : '';
  }

  /** To the exchange that deduplicates a message is sent again now and then. */
  #newOrRepeatedId(exchange: string): number {
    const isRepeated = exchange === 'once' && this.#onceIds.size > 0 && this.#below(2) === 0;
    return isRepeated ? this.#pick([...this.#onceIds]) : this.#numbers.nextId++;
  }

  /** Mostly small; sometimes larger than a page. */
  #bodyBytes(): number {
    const kind = this.#below(16);
    if (kind === 0) return 2500 + this.#below(3000);
    if (kind < 4) return 200 + this.#below(800);
    return BODY_BYTES_MIN + this.#below(60);
  }

  #routeOnce(id: number, exchange: string, routingKey: string, kind: CopyKind): readonly Copy[] {
    if (exchange !== 'once') return this.#route(id, exchange, routingKey, kind);
    if (this.#onceIds.has(id) || this.#targets(exchange, routingKey).size === 0) return [];
    const copies = this.#route(id, exchange, routingKey, kind);
    this.#onceIds.add(id);
    if (kind.persistent) this.#ledger.remember({ id, copies, sentAt: this.#now, endedAt: NEVER });
    return copies;
  }

  #route(id: number, exchange: string, routingKey: string, kind: CopyKind): readonly Copy[] {
    if (EXCHANGES[exchange]?.isLoose) this.#ledger.addLoose(id);
    const copies: Copy[] = [];
    for (const queue of this.#targets(exchange, routingKey)) {
      if (QUEUES[queue]?.isLoose || EXCHANGES[exchange]?.isLoose) this.#ledger.addLoose(id);
      else copies.push(this.#addCopy(id, queue, kind));
    }
    return copies;
  }

  #targets(exchange: string, routingKey: string): ReadonlySet<string> {
    if (exchange === '') return new Set(this.#queues.has(routingKey) ? [routingKey] : []);
    const targets = new Set<string>();
    for (const binding of this.#bindings) {
      const [source, queue, key] = binding.split('|') as [string, string, string];
      if (source === exchange && (EXCHANGES[exchange]?.type !== 'direct' || key === routingKey))
        targets.add(queue);
    }
    return targets;
  }

  #addCopy(id: number, queue: string, { persistent, wantsOutcome }: CopyKind): Copy {
    const copy: Copy = {
      id,
      queue,
      persistent: persistent && QUEUES[queue]?.durable === true,
      order: this.#numbers.nextOrder++,
      sentAt: this.#now,
      promisedAt: NEVER,
      removal: undefined,
      wantsOutcome,
      wasGone: false,
      deliveredAt: NEVER,
      state: 'ready',
    };
    this.#ledger.add(copy);
    return copy;
  }

  #onConfirm(tag: number, multiple: boolean): void {
    for (const { tag: published, copies } of this.#unconfirmed) {
      if (published === tag || (multiple && published < tag)) this.#promise(copies);
    }
    this.#unconfirmed = this.#unconfirmed.filter(
      ({ tag: published }) => published !== tag && !(multiple && published < tag),
    );
  }

  #promise(promised: readonly { promisedAt: number }[]): void {
    for (const each of promised) each.promisedAt = Math.min(each.promisedAt, this.#now);
  }

  // ---- queues, exchanges, bindings ----

  #declareQueue(session: Session, queue: string): void {
    const { durable, arguments: args } = QUEUES[queue] as QueueKind;
    const frame = methodFrame(1, 'queue.declare', { queue, durable, arguments: args });
    const changes = durable && !this.#queues.has(queue) ? [this.#change(`queue ${queue}`, true)] : [];
    this.#queues.add(queue);
    this.#call(session, frame, () => this.#promise(changes));
  }

  #deleteQueue(): void {
    const queue = this.#pickMaybe(this.#queues);
    if (queue === undefined) return;
    const changes = QUEUES[queue]?.durable ? [this.#change(`queue ${queue}`, false)] : [];
    changes.push(...this.#forgetBindings((binding) => binding.split('|')[1] === queue));
    this.#queues.delete(queue);
    this.#ledger.dropQueue(queue, this.#now);
    const removed = this.#removeCopies(queue, (copy) => copy.state !== 'gone');
    this.#call(this.#publisher, methodFrame(1, 'queue.delete', { queue }), () => {
      this.#promise(changes);
      for (const removal of removed) removal.durableAt = this.#now;
    });
  }

  #declareExchange(exchange: string): void {
    const { type, durable, arguments: args } = EXCHANGES[exchange] as ExchangeKind;
    const frame = methodFrame(1, 'exchange.declare', { exchange, type, durable, arguments: args });
    const changes =
      durable && !this.#exchanges.has(exchange) ? [this.#change(`exchange ${exchange}`, true)] : [];
    this.#exchanges.add(exchange);
    this.#call(this.#publisher, frame, () => this.#promise(changes));
  }

  #deleteExchange(): void {
    const exchange = this.#pickMaybe(this.#exchanges);
    // A transaction that publishes to it would fail.
    if (exchange === undefined || this.#transaction.publishes.length > 0) return;
    const changes = EXCHANGES[exchange]?.durable ? [this.#change(`exchange ${exchange}`, false)] : [];
    changes.push(...this.#forgetBindings((binding) => binding.split('|')[0] === exchange));
    this.#exchanges.delete(exchange);
    if (exchange === 'once') {
      this.#onceIds.clear();
      this.#ledger.forgetRemembered(this.#now);
    }
    this.#call(this.#publisher, methodFrame(1, 'exchange.delete', { exchange }), () =>
      this.#promise(changes),
    );
  }

  #bind(exchange = this.#pickMaybe(this.#exchanges)): void {
    const queue = this.#pickMaybe(this.#queues);
    if (exchange === undefined || queue === undefined) return;
    // A message and its dead letter would be in one queue, and the ledger could not tell them apart.
    if (queue.endsWith('-dead')) return;
    const routingKey = this.#pick(ROUTING_KEYS);
    const binding = `${exchange}|${queue}|${routingKey}`;
    const isNew = isDurable(binding) && !this.#bindings.has(binding);
    const changes = isNew ? [this.#change(`binding ${binding}`, true)] : [];
    this.#bindings.add(binding);
    const frame = methodFrame(1, 'queue.bind', { queue, exchange, routingKey });
    this.#call(this.#publisher, frame, () => this.#promise(changes));
  }

  #unbind(): void {
    const binding = this.#pickMaybe(this.#bindings);
    if (binding === undefined) return;
    const [exchange, queue, routingKey] = binding.split('|') as [string, string, string];
    const changes = this.#forgetBindings((each) => each === binding);
    const frame = methodFrame(1, 'queue.unbind', { queue, exchange, routingKey });
    this.#call(this.#publisher, frame, () => this.#promise(changes));
  }

  #forgetBindings(matches: (binding: string) => boolean): { promisedAt: number }[] {
    const gone = [...this.#bindings].filter(matches);
    for (const binding of gone) this.#bindings.delete(binding);
    return gone.filter(isDurable).map((binding) => this.#change(`binding ${binding}`, false));
  }

  #purge(): void {
    const queue = this.#pickMaybe(this.#queues);
    if (queue === undefined) return;
    // Dead letters that are on their way would come after the purge.
    this.#run.runTurns();
    this.#ledger.dropQueue(queue, this.#now);
    const removed = this.#removeCopies(queue, (copy) => copy.state === 'ready');
    for (const removal of removed) this.#settleWhenDurable(removal);
    this.#call(this.#consumer, methodFrame(1, 'queue.purge', { queue }), () => {});
  }

  #removeCopies(queue: string, applies: (copy: Copy) => boolean): Removal[] {
    return this.#ledger.copies
      .filter((copy) => copy.queue === queue && applies(copy))
      .map((copy) => this.#remove(copy, undefined));
  }

  #remove(copy: Copy, movedTo: Copy | undefined, resultId?: number): Removal {
    const removal: Removal = { sentAt: this.#now, durableAt: NEVER, movedTo, resultId };
    if (copy.state !== 'gone') {
      copy.state = 'gone';
      copy.removal = removal;
    }
    return removal;
  }

  #settleWhenDurable(removal: Removal): void {
    this.#run.whenDurable(() => {
      removal.durableAt = this.#now;
    });
  }

  // ---- getting and settling ----

  #get(session: Session, noAck: boolean): void {
    const queue = this.#pickMaybe(this.#queues);
    if (queue === undefined) return;
    const frame = methodFrame(1, 'basic.get', { queue, noAck });
    const askedAt = this.#now;
    if (noAck) {
      this.#getWithoutAck(session, queue, frame);
      return;
    }
    this.#call(session, frame, ({ method, body }) => {
      if (method.name === 'basic.get-ok')
        this.#keepUnsettled(session, method.deliveryTag, this.#onGotten(queue, body, askedAt));
    });
  }

  /** Until the answer comes nobody knows which message is gone: a crash may come first. */
  #getWithoutAck(session: Session, queue: string, frame: Uint8Array): void {
    const removal: Removal = { sentAt: this.#now, durableAt: NEVER, movedTo: undefined };
    const atRisk = this.#ledger.copies.filter((copy) => copy.queue === queue && copy.state === 'ready');
    for (const copy of atRisk) copy.removal = removal;
    this.#call(session, frame, ({ method, body }) => {
      for (const copy of atRisk) if (copy.removal === removal) copy.removal = undefined;
      const copy = method.name === 'basic.get-ok' ? this.#onGotten(queue, body, removal.sentAt) : undefined;
      if (copy === undefined) return;
      copy.state = 'gone';
      copy.removal = removal;
      this.#settleWhenDurable(removal);
    });
  }

  /** `askedAt`: of a message that was asked for. */
  #onGotten(queue: string, body: Uint8Array, askedAt: number = NEVER): Copy | undefined {
    const copy = this.#readyCopy(queue, body, askedAt);
    if (copy !== undefined) copy.deliveredAt = Math.min(copy.deliveredAt, this.#now);
    return copy;
  }

  #keepUnsettled(session: Session, deliveryTag: number, copy: Copy | undefined): void {
    if (copy !== undefined) copy.state = 'unacked';
    session.unsettled.push({ deliveryTag, copy });
  }

  /** The message in the ledger; undefined where the ledger does not follow. Throws for one that cannot be there. */
  #readyCopy(queue: string, body: Uint8Array, askedAt: number): Copy | undefined {
    const id = readBody(body, 0, body.length);
    if (id === undefined) throw new Error(`queue ${queue} delivered a damaged body`);
    // Before a restart that knew nothing of it, it may have been there already.
    const copy = this.#ledger.copies.findLast((each) => each.id === id && each.queue === queue);
    if (copy === undefined && this.#ledger.isLoose(id)) return undefined;
    // The answer was on its way when somebody purged or deleted the queue.
    if (copy?.state === 'gone' && (copy.removal?.sentAt ?? 0) >= askedAt) return undefined;
    if (copy?.state !== 'ready') {
      throw new Error(
        `queue ${queue} delivered message ${id}, which is ${copy?.state ?? 'none of its messages'}`,
      );
    }
    return copy;
  }

  #consume(): void {
    const queue = this.#pickMaybe(this.#queues);
    if (queue === undefined) return;
    const consumerTag = `${queue} ${this.#numbers.nextId++}`;
    const prefetch = methodFrame(1, 'basic.qos', { prefetchCount: 1 + this.#below(4), global: false });
    const consume = methodFrame(1, 'basic.consume', { queue, consumerTag });
    const cancel = (): void =>
      this.#call(this.#consumer, methodFrame(1, 'basic.cancel', { consumerTag }), () => {});
    this.#call(this.#consumer, prefetch, () => {
      // The consumer stays until the next restart, or goes after its first deliveries.
      if (!this.#queues.has(queue)) return;
      this.#call(this.#consumer, consume, () => {
        if (this.#below(2) === 0) cancel();
      });
    });
  }

  #ack(): void {
    const unsettled = this.#takeUnsettled(this.#consumer);
    if (unsettled === undefined) return;
    const { deliveryTag, copy } = unsettled;
    const resultId = this.#giveResult(this.#consumer, deliveryTag);
    this.#consumer.client.send(methodFrame(1, 'basic.ack', { deliveryTag }));
    if (copy !== undefined) this.#settleWhenDurable(this.#remove(copy, undefined, resultId));
  }

  /** Before the settlement, now and then. Returns the id of the result. */
  #giveResult({ client }: Session, deliveryTag: number): number | undefined {
    if (this.#below(3) !== 0) return undefined;
    const resultId = this.#numbers.nextId++;
    const headers = new Map([['x-delivery-tag', field.long(deliveryTag)]]);
    const address = { exchange: '', routingKey: 'leveret.result' };
    client.send(...publishFrames(1, address, { headers }, makeBody(resultId, this.#bodyBytes())));
    return resultId;
  }

  #ackAll(): void {
    const { unsettled, client } = this.#consumer;
    if (unsettled.length === 0) return;
    client.send(methodFrame(1, 'basic.ack', { deliveryTag: 0, multiple: true }));
    for (const { copy } of unsettled.splice(0)) {
      if (copy !== undefined) this.#settleWhenDurable(this.#remove(copy, undefined));
    }
  }

  #reject(requeue: boolean): void {
    const unsettled = this.#takeUnsettled(this.#consumer);
    if (unsettled === undefined) return;
    const { deliveryTag, copy } = unsettled;
    this.#consumer.client.send(methodFrame(1, 'basic.nack', { deliveryTag, requeue }));
    if (copy === undefined || copy.state === 'gone') return;
    if (requeue) copy.state = 'ready';
    else this.#bury(copy);
  }

  /** To the dead letters of its queue, if they have a queue. */
  #bury(copy: Copy): void {
    const { deadLetterQueue } = QUEUES[copy.queue] as QueueKind;
    if (deadLetterQueue === undefined) {
      this.#settleWhenDurable(this.#remove(copy, undefined));
    } else if (this.#queues.has(deadLetterQueue)) {
      this.#remove(copy, this.#addCopy(copy.id, deadLetterQueue, copy));
    } else {
      this.#remove(copy, undefined);
    }
  }

  #takeUnsettled(session: Session): Unsettled | undefined {
    const { unsettled } = session;
    return unsettled.splice(this.#below(unsettled.length), 1)[0];
  }

  // ---- transactions ----

  #settleInTransaction(): void {
    const unsettled = this.#takeUnsettled(this.#transactor);
    if (unsettled === undefined) return;
    const { deliveryTag } = unsettled;
    const resultId = this.#giveResult(this.#transactor, deliveryTag);
    this.#transactor.client.send(methodFrame(1, 'basic.ack', { deliveryTag }));
    this.#transaction.settlements.push({ ...unsettled, resultId });
  }

  #commit(): void {
    const { publishes, settlements } = this.#takeTransaction();
    const published = publishes.flatMap((route) => route());
    const settled: Copy[] = [];
    const removals: Removal[] = [];
    for (const { copy, resultId } of settlements) {
      if (copy === undefined || copy.state === 'gone') continue;
      settled.push(copy);
      removals.push(this.#remove(copy, undefined, resultId));
    }
    const transaction: Transaction = { sentAt: this.#now, promisedAt: NEVER, published, settled };
    this.#ledger.addTransaction(transaction);
    this.#call(this.#transactor, methodFrame(1, 'tx.commit'), () => {
      this.#promise([transaction, ...published]);
      for (const removal of removals) removal.durableAt = this.#now;
    });
  }

  /** What was acked in it is unacked again. */
  #rollback(): void {
    this.#takeBackSettlements();
    this.#call(this.#transactor, methodFrame(1, 'tx.rollback'), () => {});
  }

  /** The results that were given are gone, too. */
  #takeBackSettlements(): void {
    const { settlements } = this.#takeTransaction();
    this.#transactor.unsettled.push(...settlements.map(({ deliveryTag, copy }) => ({ deliveryTag, copy })));
  }

  #takeTransaction(): OpenTransaction {
    const transaction = this.#transaction;
    this.#transaction = { publishes: [], settlements: [] };
    return transaction;
  }

  // ---- operators ----

  #putUser(): void {
    const name = `user-${this.#below(3)}`;
    const change = this.#change(`user ${name}`, true);
    this.#run.broker.putUser(name, `password-${this.#numbers.nextId++}`);
    this.#run.whenDurable(() => this.#promise([change]));
  }

  #deleteUser(): void {
    const name = `user-${this.#below(3)}`;
    const change = this.#change(`user ${name}`, false);
    this.#run.broker.deleteUser(name);
    this.#run.whenDurable(() => this.#promise([change]));
  }

  #setPolicy(): void {
    const name = `policy-${this.#below(2)}`;
    const change = this.#change(`policy ${name}`, true);
    this.#run.broker.vhosts.get('/')?.setPolicy({
      name,
      vhost: '/',
      pattern: '^nothing',
      applyTo: 'queues',
      priority: this.#below(5),
      definition: new Map([['max-length', field.int(this.#below(100))]]),
    });
    this.#run.whenDurable(() => this.#promise([change]));
  }

  #deletePolicy(): void {
    const name = `policy-${this.#below(2)}`;
    const change = this.#change(`policy ${name}`, false);
    this.#run.broker.vhosts.get('/')?.deletePolicy(name);
    this.#run.whenDurable(() => this.#promise([change]));
  }

  // ---- sessions ----

  #open(mode: 'confirm.select' | 'tx.select' | undefined): Session {
    const client = new WorkloadClient(this.#run.broker, (received) => this.#onReceived(session, received));
    const session: Session = { client, onAnswer: undefined, unsettled: [] };
    client.send(methodFrame(1, 'channel.open'));
    if (mode !== undefined) client.send(methodFrame(1, mode));
    return session;
  }

  /** The connection of `session` breaks: what it got and did not settle is ready again. */
  #close(session: Session): void {
    session.client.reset();
    for (const { copy } of session.unsettled) if (copy?.state === 'unacked') copy.state = 'ready';
    session.unsettled = [];
  }

  #reopenPublisher(): void {
    this.#close(this.#publisher);
    this.#unconfirmed = [];
    this.#nextPublishTag = 1;
    this.#publisher = this.#open('confirm.select');
  }

  #reopenTransactor(): void {
    this.#takeBackSettlements();
    this.#close(this.#transactor);
    this.#transactor = this.#open('tx.select');
  }

  #reopenConsumer(): void {
    this.#close(this.#consumer);
    this.#consumer = this.#open(undefined);
  }

  #call(session: Session, frame: Uint8Array, onAnswer: (received: Received) => void): void {
    session.onAnswer = onAnswer;
    session.client.send(frame);
  }

  #onReceived(session: Session, received: Received): void {
    const { method, channel, body } = received;
    switch (method.name) {
      case 'basic.deliver':
        this.#keepUnsettled(session, method.deliveryTag, this.#onGotten(queueOf(method.consumerTag), body));
        return;
      case 'basic.ack':
        this.#onConfirm(method.deliveryTag, method.multiple);
        return;
      case 'basic.nack':
        throw new Error('the broker refused a message, and no queue may');
      case 'basic.cancel':
        return;
      case 'channel.close':
        this.#onChannelClosed(session, method.replyCode, method.replyText);
        return;
      case 'connection.close':
        throw new Error(`the broker sent ${method.name}: ${method.replyCode} ${method.replyText}`);
      default:
        if (channel === 1 && !OPENING_ANSWERS.has(method.name)) this.#onAnswer(session, received);
    }
  }

  /** A basic.get may wait for the disk, and find its queue deleted when it goes on. */
  #onChannelClosed(session: Session, replyCode: number, replyText: string): void {
    if (replyCode === NOT_FOUND && session === this.#consumer) this.#reopenConsumer();
    else if (replyCode === NOT_FOUND && session === this.#transactor) this.#reopenTransactor();
    else throw new Error(`the broker sent channel.close: ${replyCode} ${replyText}`);
  }

  #onAnswer(session: Session, received: Received): void {
    const { onAnswer } = session;
    if (onAnswer === undefined)
      throw new Error(`the broker sent ${received.method.name}, which nobody asked for`);
    session.onAnswer = undefined;
    onAnswer(received);
  }

  // ---- inside ----

  get #now(): number {
    return this.#run.now;
  }

  #change(key: string, isPresent: boolean): { promisedAt: number } {
    return this.#ledger.changeObject(key, isPresent, this.#now);
  }

  #below(end: number): number {
    return end === 0 ? 0 : this.#random.uint32() % end;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)] as T;
  }

  #pickMaybe<T>(choices: ReadonlySet<T>): T | undefined {
    return choices.size === 0 ? undefined : this.#pick([...choices]);
  }
}

const OPENING_ANSWERS: ReadonlySet<string> = new Set([
  'channel.open-ok',
  'confirm.select-ok',
  'tx.select-ok',
]);

function isDurable(binding: string): boolean {
  const [exchange, queue] = binding.split('|') as [string, string];
  return EXCHANGES[exchange]?.durable === true && QUEUES[queue]?.durable === true;
}

/** A consumer is named for its queue. */
function queueOf(consumerTag: string): string {
  return consumerTag.split(' ')[0] as string;
}

/** An exchange that is gone remembers nothing. */
function rememberedIds({ keys, objects }: RecoveredBroker): Set<number> {
  if (!objects.has(DEDUPLICATING_EXCHANGE)) return new Set();
  return new Set([...keys].map((key) => Number(key.split(' ').at(-1))));
}

/** `queue plain` is the queue plain. */
function namesOf(objects: ReadonlySet<string>, kind: string): Set<string> {
  const prefix = `${kind} `;
  const named = [...objects].filter((key) => key.startsWith(prefix));
  return new Set(named.map((key) => key.slice(prefix.length)));
}
