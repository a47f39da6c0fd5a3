/**
 * npm run bench:micro -- statistics: what statistics add to the time that core spends on a message. Two brokers in this process, one
 * with statistics and one without, get the same batches in turn, thousands of times: what else the machine does meets both alike,
 * and the fastest twentieth of the batches is hardly touched by it.
 */
import { Broker } from '../../src/core/broker.ts';
import type { Connection } from '../../src/core/connection/connection.ts';
import type { Peer, Scheduler, Transport } from '../../src/core/environment.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { methodFrame, publishFrames } from '../../test/servers/frame-bytes.ts';

const BATCH = 2000;
const SECONDS = 20;
const WARM_UP_BATCHES = 200;
const QUEUE = 'bench';
const ACK_TAG_AT = 11;
const PEER: Peer = {
  remoteAddress: 'bench',
  remotePort: 0,
  localAddress: 'bench',
  localPort: 0,
  loopback: true,
};
/** Takes everything and forgets it. */
const SINK: Transport = {
  write: () => true,
  progressMark: 0,
  pause: () => {},
  resume: () => {},
  close: () => {},
};

/** Workloads A and C of docs/performance.md, without sockets and disk. */
type Workload = 'A: auto-ack' | 'C: confirms and acks';

class WaitingScheduler implements Scheduler {
  isDue = false;
  atMs: number = Number.POSITIVE_INFINITY;

  requestTurn(): void {
    this.isDue = true;
  }

  requestTurnAt(atMs: number): void {
    this.atMs = atMs;
  }
}

/** A broker with a publisher and a consumer, and how long each batch took. */
class MeasuredBroker {
  readonly nanosecondsEach: number[] = [];
  readonly #scheduler = new WaitingScheduler();
  readonly #broker: Broker;
  readonly #publisher: Connection;
  readonly #consumer: Connection;
  readonly #batch: Uint8Array;
  readonly #acks: Uint8Array | undefined;
  #acked = 0;

  constructor(workload: Workload, statistics: boolean) {
    const environment = {
      clock: { nowMs: () => performance.now(), wallMs: () => Date.now() },
      random: { uint32: () => Math.floor(Math.random() * 2 ** 32) },
      scheduler: this.#scheduler,
      store: new MessageLog(new MemoryEngine()),
      credentials: {
        hash: () => '',
        verify: (_password: string, _hash: string | undefined, done: (matches: boolean) => void) =>
          done(true),
      },
      onEvent: () => {},
    };
    this.#broker = new Broker(environment, { heartbeatSeconds: 0, statistics });
    const acks = workload === 'C: confirms and acks';
    this.#publisher = this.#connect();
    this.#consumer = this.#connect();
    this.#receive(this.#publisher, methodFrame(1, 'queue.declare', { queue: QUEUE, durable: true }));
    if (acks) {
      this.#receive(this.#publisher, methodFrame(1, 'confirm.select'));
      this.#receive(this.#consumer, methodFrame(1, 'basic.qos', { prefetchCount: BATCH }));
    }
    this.#receive(this.#consumer, methodFrame(1, 'basic.consume', { queue: QUEUE, noAck: !acks }));
    const properties = acks ? { deliveryMode: 2 } : {};
    const message = publishFrames(1, { routingKey: QUEUE }, properties, new Uint8Array(16));
    this.#batch = repeated(Uint8Array.from(message.flatMap((frame) => [...frame])));
    this.#acks = acks ? repeated(methodFrame(1, 'basic.ack', { deliveryTag: 1 })) : undefined;
  }

  /** Publishes a batch, and has it delivered and settled. */
  run(): void {
    const startedMs = performance.now();
    this.#receive(this.#publisher, this.#batch);
    if (this.#acks !== undefined) this.#receive(this.#consumer, this.#nextAcks(this.#acks));
    this.nanosecondsEach.push(((performance.now() - startedMs) * 1e6) / BATCH);
  }

  #connect(): Connection {
    const connection = this.#broker.accept(SINK, PEER);
    const response = new TextEncoder().encode('\0guest\0guest');
    this.#receive(connection, Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1));
    this.#receive(connection, methodFrame(0, 'connection.start-ok', { mechanism: 'PLAIN', response }));
    this.#receive(connection, methodFrame(0, 'connection.tune-ok', { channelMax: 10, frameMax: 131_072 }));
    this.#receive(connection, methodFrame(0, 'connection.open', { virtualHost: '/' }));
    this.#receive(connection, methodFrame(1, 'channel.open'));
    return connection;
  }

  #receive(connection: Connection, bytes: Uint8Array): void {
    connection.receive(bytes, 0, bytes.length);
    const scheduler = this.#scheduler;
    if (performance.now() >= scheduler.atMs) scheduler.isDue = true;
    while (scheduler.isDue) {
      scheduler.isDue = false;
      this.#broker.turn();
    }
  }

  /** The frames with the tags that come next. */
  #nextAcks(acks: Uint8Array): Uint8Array {
    const view = new DataView(acks.buffer);
    const frameBytes = acks.length / BATCH;
    for (let index = 0; index < BATCH; index++)
      view.setBigUint64(index * frameBytes + ACK_TAG_AT, BigInt(++this.#acked));
    return acks;
  }
}

function repeated(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(frame.length * BATCH);
  for (let index = 0; index < BATCH; index++) bytes.set(frame, index * frame.length);
  return bytes;
}

/** What a share of the batches took less than. */
function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

function compare(workload: Workload): void {
  const [on, off] = [new MeasuredBroker(workload, true), new MeasuredBroker(workload, false)];
  for (const broker of [on, off]) {
    for (let batch = 0; batch < WARM_UP_BATCHES; batch++) broker.run();
    broker.nanosecondsEach.length = 0;
  }
  const endMs = performance.now() + SECONDS * 1000;
  for (let round = 0; performance.now() < endMs; round++)
    for (const broker of round % 2 === 0 ? [on, off] : [off, on]) broker.run();
  for (const share of [0.05, 0.5]) {
    const [withThem, without] = [quantile(on.nanosecondsEach, share), quantile(off.nanosecondsEach, share)];
    const added = ((withThem / without - 1) * 100).toFixed(1);
    console.log(
      `${workload}, quantile ${share}: ${without.toFixed(1)} ns a message without, ${withThem.toFixed(1)} with: ${added} %`,
    );
  }
}

compare('A: auto-ack');
compare('C: confirms and acks');
