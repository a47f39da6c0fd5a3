import type { GottenMessage } from '../client/delivery.ts';
import type { DirectChannel } from '../client/direct-channel.ts';
import type { DirectConnection } from '../client/direct-connection.ts';
import { type HeaderValue, headerValues } from '../client/header-values.ts';
import { deadQueue, HEADER } from '../services/wire.ts';

/** A message that a service gave up. */
export interface DeadLetter {
  readonly messageId: string | undefined;
  /** The name of its contract. */
  readonly contract: string | undefined;
  /** As it was sent; undefined when it is no JSON. */
  readonly payload: unknown;
  /** The text of the error. */
  readonly error: string;
  readonly attempts: number;
}

/** Headers that are about the failure: a message that is tried once more goes without. */
const FAILURE_HEADERS = /^x-(?:death$|first-death-|last-death-|retry-)/;
const TOOLKIT_HEADERS: ReadonlySet<string> = new Set([
  HEADER.error,
  HEADER.stack,
  HEADER.service,
  HEADER.attempts,
  HEADER.firstFailed,
]);

/** What is in the dead letters of a service. They stay there. */
export async function readDeadLetters(
  connection: DirectConnection,
  service: string,
): Promise<readonly DeadLetter[]> {
  const channel = await connection.createChannel();
  const messages: GottenMessage[] = [];
  for await (const message of taken(channel, service)) messages.push(message);
  // what is not acknowledged goes back to its place
  await channel.close();
  return messages.map(deadLetterOf);
}

/** Gives the dead letters of a service to the handlers that failed, once more. Resolves with how many there were. */
export async function replayDeadLetters(connection: DirectConnection, service: string): Promise<number> {
  const channel = await connection.createChannel();
  await channel.confirmSelect();
  let count = 0;
  for await (const message of taken(channel, service)) {
    await replay(channel, message);
    count += 1;
  }
  await channel.close();
  return count;
}

async function* taken(channel: DirectChannel, service: string): AsyncGenerator<GottenMessage> {
  for (;;) {
    const message = await channel.get(deadQueue(service));
    if (message === undefined) return;
    yield message;
  }
}

async function replay(channel: DirectChannel, message: GottenMessage): Promise<void> {
  const { headers = new Map(), ...properties } = message.properties;
  const kept = [...headers].filter(([name]) => !FAILURE_HEADERS.test(name) && !TOOLKIT_HEADERS.has(name));
  await channel.publish({
    routingKey: queueThatFailed(headerValues(headers)),
    body: message.body,
    properties: { ...properties, headers: new Map(kept) },
    mandatory: true,
  });
  channel.ack(message);
}

function queueThatFailed(headers: ReadonlyMap<string, HeaderValue>): string {
  const queue = headers.get('x-first-death-queue');
  if (typeof queue === 'string') return queue;
  throw new Error(
    `a dead letter does not say which queue it came from: found ${String(queue)} in x-first-death-queue, expected the name of a queue`,
  );
}

function deadLetterOf({ properties, body }: GottenMessage): DeadLetter {
  const headers = headerValues(properties.headers ?? new Map());
  return {
    messageId: properties.messageId,
    contract: properties.type,
    payload: parsed(body),
    error: String(headers.get(HEADER.error) ?? ''),
    attempts: Number(headers.get(HEADER.attempts) ?? 0),
  };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
