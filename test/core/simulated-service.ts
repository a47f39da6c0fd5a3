/**
 * A broker with one queue, a publisher, and consumers with a prefetch of 1 that take as long as they are told for each message:
 * the queue of the textbooks, on a virtual clock. All goes through AMQP frames, and everything is written into a ledger.
 */
import { ByteWriter } from '../../src/codec/byte-writer.ts';
import { Broker } from '../../src/core/broker.ts';
import type { Channel } from '../../src/core/channel/channel.ts';
import type { Connection } from '../../src/core/connection/connection.ts';
import type { Transport } from '../../src/core/environment.ts';
import type { Queue } from '../../src/core/queue/queue.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { methodFrame, publishFrames } from '../servers/frame-bytes.ts';
import { LOCAL_PEER } from '../servers/recording-transport.ts';
import { HandScheduler } from './hand-scheduler.ts';

const QUEUE = 'work';
const PUBLISHER = 1;
const START_MS = Date.UTC(2026, 0, 1);

/** A peer that reads everything and says nothing by itself. */
const READER: Transport = {
  write: () => true,
  progressMark: 0,
  pause: () => {},
  resume: () => {},
  close: () => {},
};

/** What happened, as the simulation knows it. */
export interface Ledger {
  /** When each message came, in ms; messages are settled in any order, but taken in this one. */
  readonly arrivedMs: number[];
  /** How long each settled message was in the system, in ms, in the order of settlement. */
  readonly tookMs: number[];
  /** When each was settled. */
  readonly settledMs: number[];
  /** Time that servers worked, in ms. */
  workedMs: number;
}

interface Server {
  readonly channel: Channel;
  readonly number: number;
  tag: number;
  message: number;
  doneMs: number;
}

export class SimulatedService {
  readonly broker: Broker;
  readonly queue: Queue;
  readonly ledger: Ledger = { arrivedMs: [], tookMs: [], settledMs: [], workedMs: 0 };
  readonly #clock = new VirtualClock(START_MS);
  readonly #scheduler = new HandScheduler();
  readonly #connection: Connection;
  readonly #servers: Server[];
  readonly #publish: Uint8Array;
  readonly #random: SeededRandom;
  readonly #serviceRate: number;
  readonly #arrivalRate: number;
  #nextArrivalMs: number;
  #taken = 0;

  /** Rates are per second. */
  constructor(options: { servers: number; arrivalRate: number; serviceRate: number; seed: number }) {
    this.#random = new SeededRandom(options.seed);
    this.#arrivalRate = options.arrivalRate;
    this.#serviceRate = options.serviceRate;
    const environment = {
      clock: this.#clock,
      random: new SeededRandom(options.seed + 1),
      scheduler: this.#scheduler,
      store: new MessageLog(new MemoryEngine()),
      credentials: {
        hash: (password: string) => password,
        verify: (password: string, hash: string | undefined, done: (matches: boolean) => void) =>
          done(password === hash),
      },
      onEvent: () => {},
    };
    this.broker = new Broker(environment, { heartbeatSeconds: 0 });
    this.#connection = this.broker.accept(READER, LOCAL_PEER);
    this.#logIn();
    this.#servers = Array.from({ length: options.servers }, (_, index) => this.#addServer(index + 2));
    this.queue = this.broker.vhosts.get('/')?.queues.get(QUEUE) as Queue;
    const frames = publishFrames(PUBLISHER, { routingKey: QUEUE }, {}, new Uint8Array(1));
    this.#publish = Uint8Array.from(frames.flatMap((frame) => [...frame]));
    this.#nextArrivalMs = this.#exponentialMs(this.#arrivalRate);
  }

  /** Milliseconds since the start. */
  get nowMs(): number {
    return this.#clock.nowMs();
  }

  /** When the broker wants to run next, whatever happens. */
  get deadlineMs(): number {
    return this.#scheduler.deadlineMs;
  }

  /** Lets everything happen up to `untilMs`. */
  run(untilMs: number): void {
    // Who has asked for the time has asked for a turn.
    this.#turn();
    for (;;) {
      const server = this.#nextDone();
      const doneMs = server?.doneMs ?? Number.POSITIVE_INFINITY;
      const nextMs = Math.min(doneMs, this.#nextArrivalMs);
      if (nextMs > untilMs) break;
      this.#moveTo(nextMs);
      if (server !== undefined && doneMs === nextMs) this.#settle(server);
      else this.#arrive();
      this.#turn();
      this.#startServers();
    }
    this.#moveTo(untilMs);
  }

  /** No message comes any more. */
  stopArrivals(): void {
    this.#nextArrivalMs = Number.POSITIVE_INFINITY;
  }

  #logIn(): void {
    this.#receive(Uint8Array.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]));
    const response = new TextEncoder().encode('\0guest\0guest');
    this.#receive(methodFrame(0, 'connection.start-ok', { mechanism: 'PLAIN', response, locale: 'en_US' }));
    this.#receive(methodFrame(0, 'connection.tune-ok', { channelMax: 2047, frameMax: 131_072 }));
    this.#receive(methodFrame(0, 'connection.open', { virtualHost: '/' }));
    this.#receive(methodFrame(PUBLISHER, 'channel.open'));
    this.#receive(methodFrame(PUBLISHER, 'queue.declare', { queue: QUEUE }));
  }

  #addServer(number: number): Server {
    this.#receive(methodFrame(number, 'channel.open'));
    this.#receive(methodFrame(number, 'basic.qos', { prefetchCount: 1 }));
    this.#receive(methodFrame(number, 'basic.consume', { queue: QUEUE }));
    const channel = this.#connection.channels.get(number) as Channel;
    return { channel, number, tag: 0, message: -1, doneMs: Number.POSITIVE_INFINITY };
  }

  #receive(bytes: Uint8Array): void {
    this.#connection.receive(bytes, 0, bytes.length);
    this.#turn();
  }

  #arrive(): void {
    const nowMs = this.nowMs;
    this.ledger.arrivedMs.push(nowMs);
    this.#connection.receive(this.#publish, 0, this.#publish.length);
    this.#nextArrivalMs = nowMs + this.#exponentialMs(this.#arrivalRate);
  }

  #settle(server: Server): void {
    const nowMs = this.nowMs;
    this.ledger.tookMs.push(nowMs - (this.ledger.arrivedMs[server.message] as number));
    this.ledger.settledMs.push(nowMs);
    server.doneMs = Number.POSITIVE_INFINITY;
    const ack = ackFrame(server.number, server.tag);
    this.#connection.receive(ack, 0, ack.length);
  }

  /** A server that got a message begins to work. */
  #startServers(): void {
    for (const server of this.#servers) {
      const { unacked } = server.channel.deliveries;
      if (unacked.count === 0 || server.doneMs !== Number.POSITIVE_INFINITY) continue;
      const serviceMs = this.#exponentialMs(this.#serviceRate);
      server.tag = unacked.oldest;
      server.message = this.#taken++;
      server.doneMs = this.nowMs + serviceMs;
      this.ledger.workedMs += serviceMs;
    }
  }

  #nextDone(): Server | undefined {
    let next: Server | undefined;
    for (const server of this.#servers) {
      if (server.doneMs < (next?.doneMs ?? Number.POSITIVE_INFINITY)) next = server;
    }
    return next;
  }

  /** Runs what falls due on the way. */
  #moveTo(untilMs: number): void {
    while (this.#scheduler.deadlineMs <= untilMs) {
      this.#clock.moveTo(this.#scheduler.deadlineMs);
      this.#scheduler.turnIsDue = true;
      this.#turn();
    }
    this.#clock.moveTo(untilMs);
  }

  #turn(): void {
    while (this.#scheduler.turnIsDue) {
      this.#scheduler.turnIsDue = false;
      this.broker.turn();
    }
  }

  #exponentialMs(ratePerSecond: number): number {
    return (-Math.log((this.#random.uint32() + 1) / (2 ** 32 + 1)) * 1000) / ratePerSecond;
  }
}

function ackFrame(channel: number, tag: number): Uint8Array {
  const writer = new ByteWriter(32);
  writer.u8(1);
  writer.u16(channel);
  writer.u32(13);
  writer.u16(60);
  writer.u16(80);
  writer.u32(Math.floor(tag / 2 ** 32));
  writer.u32(tag >>> 0);
  writer.u8(0);
  writer.u8(0xce);
  return writer.toBytes();
}
