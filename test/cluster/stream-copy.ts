import { setTimeout as pause } from 'node:timers/promises';
import {
  type NatsConnection as Connection,
  createInbox,
  type Msg,
  RequestError,
} from '@nats-io/transport-node';
import type { NatsConnection } from '../../src/storage/jetstream/nats-connection.ts';

const ANSWER_MS = 10_000;
const PIECE_BYTES = 128 * 1024;

/** What `nats stream backup` writes into a folder. */
export interface StreamCopy {
  readonly stream: string;
  readonly config: unknown;
  readonly state: unknown;
  readonly pieces: readonly Uint8Array[];
}

/** As `nats stream backup STREAM` does it. */
export async function copyStream(connection: NatsConnection, stream: string): Promise<StreamCopy> {
  const { connection: nats } = await connection.link(ANSWER_MS);
  const inbox = createInbox();
  const pieces = collected(nats, inbox);
  const request = { deliver_subject: inbox, no_consumers: true, chunk_size: PIECE_BYTES };
  const { config, state } = await asked(nats, `$JS.API.STREAM.SNAPSHOT.${stream}`, request);
  return { stream, config, state, pieces: await pieces };
}

/** As `nats stream restore` does it. The stream must not be there. */
export async function restoreStream(
  connection: NatsConnection,
  { stream, config, state, pieces }: StreamCopy,
): Promise<void> {
  const { connection: nats } = await connection.link(ANSWER_MS);
  const subject = `$JS.API.STREAM.RESTORE.${stream}`;
  const { deliver_subject: target } = await asked(nats, subject, { config, state });
  let last: Msg | undefined;
  // An empty one is the end.
  for (const piece of [...pieces, new Uint8Array()]) last = await taken(nats, String(target), piece);
  refuse(last?.json() ?? {}, subject);
}

/** The servers may not have told each other yet where `target` is. */
async function taken(nats: Connection, target: string, piece: Uint8Array): Promise<Msg> {
  const untilMs = performance.now() + ANSWER_MS;
  for (;;) {
    try {
      return await nats.request(target, piece, { timeout: ANSWER_MS });
    } catch (error) {
      const isUnknown = error instanceof RequestError && error.isNoResponders();
      if (!isUnknown || performance.now() > untilMs) throw error;
      await pause(20);
    }
  }
}

async function asked(nats: Connection, subject: string, request: unknown): Promise<Record<string, unknown>> {
  const answer = await nats.request(subject, JSON.stringify(request), { timeout: ANSWER_MS });
  return refuse(answer.json(), subject);
}

function refuse(answer: Record<string, unknown>, subject: string): Record<string, unknown> {
  if (answer['error'] !== undefined) throw new Error(`${subject}: ${JSON.stringify(answer['error'])}`);
  return answer;
}

/** Each piece is answered, so that the next ones come; an empty one is the end. */
function collected(nats: Connection, inbox: string): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    const onMessage = (error: Error | null, message: Msg): void => {
      if (error !== null) reject(error);
      else if (message.data.length === 0) resolve(pieces);
      else {
        pieces.push(message.data.slice());
        message.respond();
      }
    };
    nats.subscribe(inbox, { callback: onMessage });
  });
}
