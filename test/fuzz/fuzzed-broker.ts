import { Broker } from '../../src/core/broker.ts';
import type { Connection } from '../../src/core/connection/connection.ts';
import type { Credentials } from '../../src/core/environment.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { HandScheduler } from '../core/hand-scheduler.ts';
import { joinBytes, methodFrame, publishFrames } from '../servers/frame-bytes.ts';
import { LOCAL_PEER, RecordingTransport } from '../servers/recording-transport.ts';
import { openingFrames, PROTOCOL_HEADER } from './session-frames.ts';

/** Turns after which a broker that still asks for turns goes round for ever. */
const TURNS_MAX = 10_000;
/** 2026-01-01, so that absolute times in the sessions mean something. */
const START_MS = 1_767_225_600_000;
const FRAME_MAX = 8192;

/** Hashing is not what is tested here. */
const PLAIN_PASSWORDS: Credentials = {
  hash: (password) => password,
  verify: (password, hash, done) => done(password === hash),
};

/** One client of the broker, made of memory. */
export interface FuzzedClient {
  readonly connection: Connection;
  readonly transport: RecordingTransport;
}

/** A whole broker without sockets and timers: nothing happens in it but what the test makes happen. */
export class FuzzedBroker {
  readonly broker: Broker;
  readonly store: MessageLog = new MessageLog(new MemoryEngine());
  readonly #clock = new VirtualClock(START_MS);
  readonly #scheduler = new HandScheduler();

  constructor(seed: number, credentials: Credentials = PLAIN_PASSWORDS) {
    this.broker = new Broker(
      {
        clock: this.#clock,
        random: new SeededRandom(seed),
        scheduler: this.#scheduler,
        store: this.store,
        credentials,
        onEvent: () => {},
      },
      { messageBytesMax: 1024 * 1024 },
    );
  }

  connect(): FuzzedClient {
    const transport = new RecordingTransport();
    return { transport, connection: this.broker.accept(transport, LOCAL_PEER) };
  }

  /** Runs turns until the broker asks for none. */
  settle(): void {
    for (let turns = 0; this.#scheduler.turnIsDue; turns++) {
      if (turns > TURNS_MAX) throw new Error(`the broker is not quiet after ${TURNS_MAX} turns`);
      this.#scheduler.turnIsDue = false;
      this.broker.turn();
    }
  }

  /** Moves the clock, and runs what is due in the order of its time. */
  advance(ms: number): void {
    const targetMs = this.#clock.nowMs() + ms;
    for (let count = 0; this.#scheduler.deadlineMs <= targetMs; count++) {
      if (count > TURNS_MAX) throw new Error(`${TURNS_MAX} deadlines within ${ms} ms`);
      this.#clock.moveTo(this.#scheduler.deadlineMs);
      this.#scheduler.deadlineMs = Number.POSITIVE_INFINITY;
      this.broker.turn();
      this.settle();
    }
    this.#clock.moveTo(targetMs);
  }

  /** A client that does everything right must be served as ever. Throws when it is not. */
  checkUsable(): void {
    const client = this.connect();
    const queue = 'usable';
    const steps = [
      PROTOCOL_HEADER,
      ...openingFrames(FRAME_MAX),
      methodFrame(1, 'channel.open'),
      methodFrame(1, 'confirm.select'),
      methodFrame(1, 'queue.declare', { queue, exclusive: true }),
      methodFrame(1, 'basic.consume', { queue }),
      joinBytes(publishFrames(1, { routingKey: queue }, {}, new Uint8Array(10))),
      methodFrame(0, 'connection.close', { replyCode: 200 }),
    ];
    for (const bytes of steps) {
      client.connection.receive(bytes, 0, bytes.length);
      this.settle();
    }
    client.connection.transportClosed();
    const got = client.transport.methods.join(' ');
    if (got !== USABLE_ANSWERS.join(' ')) throw new Error(`a client that did nothing wrong got: ${got}`);
  }

  /** Forgets all exchanges, queues and messages, as an operator would. */
  clear(): void {
    this.broker.deleteVhost('/');
    this.settle();
    this.broker.addVhost('/');
    this.broker.access.setPermission({ user: 'guest', vhost: '/', configure: '.*', write: '.*', read: '.*' });
  }
}

const USABLE_ANSWERS = [
  'connection.start',
  'connection.tune',
  'connection.open-ok',
  'channel.open-ok',
  'confirm.select-ok',
  'queue.declare-ok',
  'basic.consume-ok',
  'basic.deliver',
  'basic.ack',
  'connection.close-ok',
];
