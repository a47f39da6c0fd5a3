/**
 * npm run bench:micro -- queue: what core spends on messages without sockets. One iteration publishes a batch through one
 * connection and delivers it to the consumer of another; divide the time by the size of the batch.
 */
import { bench, group, run } from 'mitata';
import { ByteWriter } from '../../src/codec/byte-writer.ts';
import { encodeUtf8 } from '../../src/codec/bytes.ts';
import { writeMethodFrame } from '../../src/codec/method-codec.ts';
import { writeContentFrames, writeContentHeaderFrame } from '../../src/codec/properties.ts';
import { Broker } from '../../src/core/broker.ts';
import type { Connection } from '../../src/core/connection/connection.ts';
import type { Credentials, Peer, Scheduler, Transport } from '../../src/core/environment.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { MessageLog } from '../../src/storage/message-log.ts';

const BATCH = 1000;
const CHANNEL = 1;
const FRAME_MAX = 131_072;
const PROTOCOL_HEADER = Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1);
const PEER: Peer = {
  remoteAddress: 'bench',
  remotePort: 0,
  localAddress: 'bench',
  localPort: 0,
  loopback: true,
};

/** Takes everything and forgets it. */
const sink: Transport = {
  write: () => true,
  progressMark: 0,
  pause: () => {},
  resume: () => {},
  close: () => {},
};

/** Runs turns when the benchmark says so. */
class WaitingScheduler implements Scheduler {
  isDue = false;

  requestTurn(): void {
    this.isDue = true;
  }

  requestTurnAt(): void {}
}

const allowAll: Credentials = { hash: () => '', verify: (_password, _hash, done) => done(true) };

/** A broker with a publishing connection and a queue that a second connection may consume. */
class BenchBroker {
  readonly #scheduler = new WaitingScheduler();
  readonly #broker: Broker;
  readonly #publisher: Connection;
  #acked = 0;

  constructor() {
    let count = 0;
    this.#broker = new Broker({
      clock: { nowMs: () => performance.now(), wallMs: () => Date.now() },
      random: { uint32: () => (count += 0x9e37_79b9) >>> 0 },
      scheduler: this.#scheduler,
      store: new MessageLog(new MemoryEngine()),
      credentials: allowAll,
      onEvent: () => {},
    });
    this.#publisher = this.#open();
    this.#send(this.#publisher, (writer) =>
      writeMethodFrame(writer, CHANNEL, 'queue.declare', {
        queue: 'bench',
        passive: false,
        durable: false,
        exclusive: false,
        autoDelete: false,
        noWait: false,
        arguments: new Map(),
      }),
    );
  }

  publish(batch: Uint8Array): void {
    this.#publisher.receive(batch, 0, batch.length);
    this.#runTurns();
  }

  consume(noAck: boolean): Connection {
    const consumer = this.#open();
    const args = { queue: 'bench', consumerTag: '', noLocal: false, noAck, exclusive: false, noWait: false };
    this.#send(consumer, (writer) =>
      writeMethodFrame(writer, CHANNEL, 'basic.consume', { ...args, arguments: new Map() }),
    );
    return consumer;
  }

  /** Acks the next batch of deliveries. */
  ack(consumer: Connection): void {
    this.#acked += BATCH;
    this.#send(consumer, (writer) =>
      writeMethodFrame(writer, CHANNEL, 'basic.ack', { deliveryTag: this.#acked, multiple: true }),
    );
  }

  #open(): Connection {
    const connection = this.#broker.accept(sink, PEER);
    connection.receive(PROTOCOL_HEADER, 0, PROTOCOL_HEADER.length);
    this.#send(connection, (writer) => {
      writeMethodFrame(writer, 0, 'connection.start-ok', {
        clientProperties: new Map(),
        mechanism: 'PLAIN',
        response: encodeUtf8('\0guest\0guest'),
        locale: 'en_US',
      });
      writeMethodFrame(writer, 0, 'connection.tune-ok', { channelMax: 1, frameMax: FRAME_MAX, heartbeat: 0 });
      writeMethodFrame(writer, 0, 'connection.open', { virtualHost: '/' });
      writeMethodFrame(writer, CHANNEL, 'channel.open', {});
    });
    return connection;
  }

  #send(connection: Connection, encode: (writer: ByteWriter) => void): void {
    const writer = new ByteWriter();
    encode(writer);
    connection.receive(writer.bytes, 0, writer.position);
    this.#runTurns();
  }

  #runTurns(): void {
    while (this.#scheduler.isDue) {
      this.#scheduler.isDue = false;
      this.#broker.turn();
    }
  }
}

function publishBatch(bodyBytes: number): Uint8Array {
  const writer = new ByteWriter();
  const body = new Uint8Array(bodyBytes);
  const args = { exchange: '', routingKey: 'bench', mandatory: false, immediate: false };
  for (let i = 0; i < BATCH; i += 1) {
    writeMethodFrame(writer, CHANNEL, 'basic.publish', args);
    writeContentHeaderFrame(writer, CHANNEL, bodyBytes, { deliveryMode: 1 });
    writeContentFrames(writer, CHANNEL, FRAME_MAX, body);
  }
  return writer.toBytes();
}

for (const bodyBytes of [16, 1024]) {
  const batch = publishBatch(bodyBytes);
  group(`${BATCH} messages of ${bodyBytes} bytes`, () => {
    const autoAck = new BenchBroker();
    autoAck.consume(true);
    bench('publish and deliver, auto-ack', () => autoAck.publish(batch)).gc('inner');

    const acked = new BenchBroker();
    const consumer = acked.consume(false);
    bench('publish, deliver and ack', () => {
      acked.publish(batch);
      acked.ack(consumer);
    }).gc('inner');
  });
}

await run();
