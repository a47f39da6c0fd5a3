import { type ChannelModel, connect } from 'amqplib';
import { SeededRandom } from '../../src/testing/seeded-random.ts';

/** What a client of the kill test is told, as JSON in its first argument. */
export interface KillClientTask {
  /** AMQP URLs. When one does not answer, or breaks, the client goes on with the next. */
  readonly brokers: readonly string[];
  readonly seed: number;
  /** Names its messages and its ledgers. */
  readonly name: string;
  readonly ledgerDirectory: string;
  readonly queues: readonly string[];
  readonly connectionCount: number;
  /** A publisher's longest rest between two bursts. */
  readonly pauseMsMax: number;
  /** A consumer that is the only one of its queues, and gives nothing back: it gets all in order. */
  readonly isOnly: boolean;
}

export const KILL_EXCHANGE = 'kill';
/** Takes the messages whose confirms tell that older acks are durable. */
export const BARRIER_QUEUE = 'kill-barrier';
/** There is no event to wait for while the broker is away: ask again. */
const RETRY_MS = 15;
/** A handshake that stands still for longer is given up: what is sent to a machine that is cut off is not answered. */
const HANDSHAKE_MS = 5000;

/** Set by SIGTERM: the client finishes what is under way and ends. */
export const asked: { toStop: boolean } = { toStop: false };

export function readTask(): KillClientTask {
  process.on('SIGTERM', () => {
    asked.toStop = true;
  });
  return JSON.parse(process.argv[2] ?? '') as KillClientTask;
}

/**
 * Runs `session` on connection after connection until it returns: when it throws because the broker is gone, it is called
 * again with the next connection. `first`: which of the brokers is tried first.
 */
export async function overConnections(
  brokers: readonly string[],
  first: number,
  session: (connection: ChannelModel, lost: AbortSignal) => Promise<void>,
): Promise<void> {
  const next = inTurn(brokers, first);
  for (;;) {
    const connection = await connected(next);
    if (connection === undefined) return;
    const lost = new AbortController();
    // 'close' follows; without a listener the error would end the process
    connection.on('error', () => undefined);
    connection.on('close', () => lost.abort());
    try {
      await session(connection, lost.signal);
      await connection.close();
      return;
    } catch (error) {
      // whatever failed on a connection that is gone failed because of that
      if (!lost.signal.aborted) await closedOr(error, lost.signal);
    }
  }
}

/** Undefined when it was asked to stop while the broker was away. */
async function connected(next: () => string): Promise<ChannelModel | undefined> {
  while (!asked.toStop) {
    try {
      return await connect(next(), { noDelay: true, timeout: HANDSHAKE_MS });
    } catch {
      // refused, reset, or half a handshake: the broker is away
      await pause(RETRY_MS);
    }
  }
  return undefined;
}

function inTurn(brokers: readonly string[], first: number): () => string {
  let index = first;
  return () => brokers[index++ % brokers.length] as string;
}

/** A call may fail a moment before its connection is closed; an error without that is one of the test. */
async function closedOr(error: unknown, lost: AbortSignal): Promise<void> {
  await Promise.race([pause(1000), new Promise((resolve) => lost.addEventListener('abort', resolve))]);
  if (!lost.aborted) throw error;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whole numbers from 0 to `below` - 1. */
export class Dice {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  upTo(below: number): number {
    return this.#random.uint32() % below;
  }
}

/** The id, over and over: a body that belongs to another message, or ends too early, is seen. */
export function bodyOf(id: string, bytes: number): string {
  return `${id}:`.repeat(Math.ceil(bytes / (id.length + 1)));
}

/** The id of a body; undefined when it is none that was published. */
export function idOf(body: string): string | undefined {
  const id = body.slice(0, body.indexOf(':'));
  return id !== '' && bodyOf(id, body.length) === body ? id : undefined;
}
