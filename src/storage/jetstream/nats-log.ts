import type { StreamInfo } from '@nats-io/jetstream';
import { StorageError, textOf } from '../file/storage-error.ts';
import { codeOfAnswer, STREAM_NOT_FOUND, saysSomebodyWasFirst, streamMissing } from './nats-answer.ts';
import type { NatsConnection, NatsLink } from './nats-connection.ts';
import { type LogKind, logSubject, streamName } from './nats-names.ts';
import { type EntrySource, readEntries } from './nats-reader.ts';
import type { AppendResult, ReplicatedLog, ReplicatedLogState } from './replicated-log.ts';

/** An append that is not answered for so long is in doubt. */
const APPEND_MS = 1_000;
const ANSWER_MS = 2_000;
/** Room for the headers of a message, of the `max_payload` of the server. */
const HEADER_BYTES = 1_024;
/** More than this in one message makes an append slow and not faster, whatever the server takes. */
const ENTRY_BYTES_MAX = (1 << 20) - HEADER_BYTES;

/** An account, the servers or a stream have reached a limit of bytes. */
const NO_ROOM: readonly number[] = [10_002, 10_023, 10_028, 10_047];
/** The store refused. Only the texts tell whether that was for want of room. */
const STORE_FAILED = 10_077;

/** Opens a log of `cluster`. Rejects with NATS_UNSAFE when there is no such stream, with NATS_UNREACHABLE when nobody answers. */
export async function openNatsLog(
  connection: NatsConnection,
  cluster: string,
  kind: LogKind,
): Promise<ReplicatedLog> {
  const log = new NatsLog(connection, streamName(cluster, kind), logSubject(cluster, kind));
  await log.state();
  return log;
}

class NatsLog implements ReplicatedLog {
  readonly name: string;
  readonly #connection: NatsConnection;
  readonly #stream: string;
  readonly #subject: string;

  constructor(connection: NatsConnection, stream: string, subject: string) {
    this.name = `stream ${stream}`;
    this.#connection = connection;
    this.#stream = stream;
    this.#subject = subject;
  }

  get entryBytesMax(): number {
    return Math.min(this.#connection.payloadBytesMax - HEADER_BYTES, ENTRY_BYTES_MAX);
  }

  async state(): Promise<ReplicatedLogState> {
    const { state } = await this.#ask(({ api }): Promise<StreamInfo> => api.streams.info(this.#stream));
    // A stream that nothing was ever put into begins with 0.
    return { first: Math.max(state.first_seq, 1), last: state.last_seq, storedBytes: state.bytes };
  }

  async append(sequence: number, bytes: Uint8Array): Promise<AppendResult> {
    const expect = { streamName: this.#stream, lastSequence: sequence - 1 };
    try {
      // The client copies the bytes before this returns to the event loop, and sends them to this server or to none.
      const answer = await this.#connection.ask(this.#subject, APPEND_MS, ({ jetstream }) =>
        jetstream.publish(this.#subject, bytes, { expect, timeout: APPEND_MS }),
      );
      return answer.seq === sequence && !answer.duplicate ? { kind: 'appended' } : { kind: 'refused' };
    } catch (error) {
      return appendResultOf(error);
    }
  }

  async entry(sequence: number): Promise<Uint8Array | undefined> {
    const found = await this.#ask(({ api }) => api.streams.getMessage(this.#stream, { seq: sequence }));
    return found?.data;
  }

  read(
    from: number,
    to: number,
    onEntry: (sequence: number, bytes: Uint8Array) => Promise<void> | void,
  ): Promise<void> {
    const source: EntrySource = {
      connection: this.#connection,
      stream: this.#stream,
      entry: (sequence) => this.entry(sequence),
      state: () => this.state(),
    };
    return readEntries(source, from, to, onEntry);
  }

  async trim(sequence: number): Promise<void> {
    await this.#ask(({ api }) => api.streams.purge(this.#stream, { seq: sequence }));
  }

  /** Asks the leader of the stream. */
  async #ask<T>(request: (link: NatsLink) => Promise<T>): Promise<T> {
    try {
      return await this.#connection.ask(this.name, ANSWER_MS, request);
    } catch (error) {
      throw this.#unanswered(error);
    }
  }

  #unanswered(error: unknown): Error {
    if (error instanceof StorageError) return error;
    const code = codeOfAnswer(error);
    if (code === STREAM_NOT_FOUND) return streamMissing(this.#stream);
    return new StorageError(
      'NATS_UNREACHABLE',
      `${this.name} does not answer at ${this.#connection.servers}: ${textOf(error)}. A majority of the servers must be there`,
      error,
    );
  }
}

function appendResultOf(error: unknown): AppendResult {
  const code = codeOfAnswer(error);
  const reason = code === undefined ? textOf(error) : `${textOf(error)} (${code})`;
  if (saysSomebodyWasFirst(error)) return { kind: 'refused' };
  if (code !== undefined && NO_ROOM.includes(code)) return { kind: 'full', reason };
  if (code === STORE_FAILED && /maximum (bytes|messages) exceeded/.test(reason))
    return { kind: 'full', reason };
  return { kind: 'unknown', reason };
}
