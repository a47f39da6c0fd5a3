import { expect, onTestFinished } from 'vitest';
import { ChannelClosedError, ConnectionClosedError } from '../../../src/client/client-errors.ts';
import type { Delivery, GottenMessage, Publication, TableInput } from '../../../src/client/delivery.ts';
import type { DirectChannel } from '../../../src/client/direct-channel.ts';
import type { DirectConnection, DirectConnectionOptions } from '../../../src/client/direct-connection.ts';
import { type FieldTable, plainTable } from '../../../src/codec/field-table.ts';
import type { Policy } from '../../../src/core/access/policies.ts';
import type { Queue } from '../../../src/core/queue/queue.ts';
import type { VirtualHost } from '../../../src/core/vhost/virtual-host.ts';
import type { MessageLog } from '../../../src/storage/message-log.ts';
import {
  startTestBroker,
  type TestBroker,
  type TestBrokerOptions,
} from '../../../src/testing/test-broker.ts';

/** What a test publishes: everything but the body may be left out. */
export type PublishOptions = Partial<Omit<Publication, 'body' | 'signal'>>;

/** A message as tests compare it. */
export interface Seen {
  readonly text: string;
  readonly redelivered: boolean;
  readonly deliveryTag: number;
  readonly message: Delivery | GottenMessage;
}

/** A test broker with a connection and a channel, closed when the test is over. */
export interface Scene {
  readonly broker: TestBroker;
  readonly connection: DirectConnection;
  readonly channel: DirectChannel;
  readonly vhost: VirtualHost;
  /** Another connection, as the default user unless told otherwise. */
  connect(options?: DirectConnectionOptions): Promise<DirectConnection>;
  /** Another channel on a connection of its own. */
  otherChannel(options?: DirectConnectionOptions): Promise<DirectChannel>;
  queue(name: string): Queue;
  advance(duration: number | string): Promise<void>;
  settled(): Promise<void>;
}

export async function startScene(options: TestBrokerOptions = {}): Promise<Scene> {
  const broker = await startTestBroker(options);
  onTestFinished(() => broker.close());
  const connection = await broker.connect();
  const channel = await connection.createChannel();
  const vhost = broker.broker.vhosts.get('/') as VirtualHost;
  return {
    broker,
    connection,
    channel,
    vhost,
    connect: (connectionOptions) => broker.connect(connectionOptions),
    otherChannel: async (connectionOptions) => (await broker.connect(connectionOptions)).createChannel(),
    queue: (name) => vhost.queues.get(name) as Queue,
    advance: (duration) => broker.clock.advance(duration),
    settled: () => broker.settled(),
  };
}

/** Publishes a text, to the default exchange unless told otherwise. */
export function publish(
  channel: DirectChannel,
  routingKey: string,
  text: string,
  options: PublishOptions = {},
): Promise<void> {
  return channel.publish({ routingKey, body: new TextEncoder().encode(text), ...options });
}

export async function publishAll(
  channel: DirectChannel,
  routingKey: string,
  texts: readonly string[],
): Promise<void> {
  for (const text of texts) await publish(channel, routingKey, text);
}

export function textOf(message: { readonly body: Uint8Array }): string {
  return new TextDecoder().decode(message.body);
}

/** Takes everything that is ready in the queue, and says what it was. */
export async function drain(channel: DirectChannel, queue: string): Promise<string[]> {
  return (await drainMessages(channel, queue)).map(textOf);
}

export async function drainMessages(channel: DirectChannel, queue: string): Promise<GottenMessage[]> {
  const messages: GottenMessage[] = [];
  for (
    let message = await channel.get(queue, { noAck: true });
    message;
    message = await channel.get(queue, { noAck: true })
  ) {
    messages.push(message);
  }
  return messages;
}

/** The next message, which must be there, unacked. */
export async function take(channel: DirectChannel, queue: string): Promise<GottenMessage> {
  const message = await channel.get(queue);
  if (message === undefined) throw new Error(`queue '${queue}' is empty, expected a message`);
  return message;
}

export interface CollectOptions {
  readonly noAck?: boolean;
  readonly exclusive?: boolean;
  readonly consumerTag?: string;
  readonly arguments?: TableInput;
  /** Acknowledge each message as it comes. */
  readonly ack?: boolean;
}

/** Consumes from the queue into the array that it returns. */
export async function collect(
  channel: DirectChannel,
  queue: string,
  options: CollectOptions = {},
): Promise<Seen[]> {
  const { ack = false, ...consumeOptions } = options;
  const seen: Seen[] = [];
  const handler = (message: Delivery): void => {
    const { redelivered, deliveryTag } = message;
    seen.push({ text: textOf(message), redelivered, deliveryTag, message });
    if (ack) channel.ack(message);
  };
  await channel.consume(queue, handler, consumeOptions);
  return seen;
}

export function texts(seen: readonly Seen[]): string[] {
  return seen.map(({ text }) => text);
}

/** A refusal as tests compare it. */
export interface Refusal {
  readonly level: 'channel' | 'connection';
  readonly code: number;
  readonly text: string;
}

/** The error that the broker answers with; fails when it does not. */
export async function refusal(attempt: Promise<unknown>): Promise<Refusal> {
  const outcome = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return refusalOf(outcome);
}

/** Why the broker closes the channel; for methods that have no answer of their own. */
export function closeReason(channel: DirectChannel): Promise<Refusal> {
  return new Promise((resolve, reject) => {
    channel.once('close', (reason) => {
      try {
        resolve(refusalOf(reason));
      } catch (error) {
        reject(error);
      }
    });
  });
}

function refusalOf(reason: unknown): Refusal {
  if (reason instanceof ChannelClosedError)
    return { level: 'channel', code: reason.replyCode, text: reason.replyText };
  if (reason instanceof ConnectionClosedError)
    return { level: 'connection', code: reason.replyCode, text: reason.replyText };
  throw new Error(`the broker did not refuse: the outcome was ${String(reason)}`);
}

/** The headers of a message as plain values. */
export function headersOf(message: {
  readonly properties: { readonly headers?: FieldTable | undefined };
}): Record<string, unknown> {
  return plainTable(message.properties.headers ?? new Map());
}

/** A policy for everything whose name matches, unless told otherwise. */
export function policy(
  name: string,
  pattern: string,
  definition: FieldTable,
  others: Partial<Policy> = {},
): Policy {
  return { name, vhost: '/', pattern, applyTo: 'all', priority: 0, definition, ...others };
}

/** Nothing is left behind: no queue holds a message, and the message store holds no bytes of any. */
export function expectNothingHeld(scene: Scene): void {
  expect(liveBytes(scene)).toBe(0);
}

/** Where the broker's messages are. */
export function storeOf(scene: Scene): MessageLog {
  return scene.broker.broker.runtime.store as MessageLog;
}

/** Bytes of message records that are still held by a queue or schedule. */
export function liveBytes(scene: Scene): number {
  return storeOf(scene).liveBytes;
}
