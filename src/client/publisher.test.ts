import { expect, test } from 'vitest';
import { Refused } from './client-failures.ts';
import { encodeMessage } from './outgoing-message.ts';
import { PendingPublish, Publisher } from './publisher.ts';
import type { Transport, TransportChannel, TransportChannelEvents, TransportMessage } from './transport.ts';

/** A broker that does what the test says. */
class ScriptedTransport implements Transport {
  readonly product = 'script';
  readonly handlerObserver: undefined;
  /** Ids of what was published, a list per channel. */
  readonly channels: string[][] = [];
  events: TransportChannelEvents | undefined;
  /** False after this many messages of a channel. */
  congestedAfter = Number.POSITIVE_INFINITY;

  async openChannel(events: TransportChannelEvents): Promise<TransportChannel> {
    const sent: string[] = [];
    this.channels.push(sent);
    this.events = events;
    const publish = ({ properties }: TransportMessage): boolean => {
      sent.push(properties.messageId ?? '');
      return sent.length < this.congestedAfter;
    };
    return { publish } as unknown as TransportChannel;
  }

  async close(): Promise<void> {}

  destroy(): void {}
}

interface Scene {
  readonly transport: ScriptedTransport;
  readonly publisher: Publisher;
  /** What has come of each message, by its id. */
  readonly outcomes: Map<string, Error | 'confirmed'>;
  publish(id: string, exchange?: string): PendingPublish;
}

async function openScene(unconfirmedMax = 10): Promise<Scene> {
  const transport = new ScriptedTransport();
  const publisher = new Publisher({ unconfirmedMax, onReturn: () => {} });
  await publisher.attach(transport);
  const outcomes = new Map<string, Error | 'confirmed'>();
  const publish = (id: string, exchange = ''): PendingPublish => {
    const message = encodeMessage({ exchange, routingKey: 'q', body: id }, id, false);
    const pending = new PendingPublish(message, (failure) => outcomes.set(id, failure ?? 'confirmed'));
    publisher.publish(pending);
    return pending;
  };
  return { transport, publisher, outcomes, publish };
}

function opened(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('no more than may be unconfirmed is sent, and nothing while the channel is congested', async () => {
  const { transport, publish, outcomes } = await openScene(3);
  for (const id of ['a', 'b', 'c', 'd', 'e']) publish(id);
  expect(transport.channels).toEqual([['a', 'b', 'c']]);
  transport.congestedAfter = 0;
  transport.events?.onConfirm(2, true, true);
  expect(transport.channels).toEqual([['a', 'b', 'c', 'd']]);
  transport.congestedAfter = Number.POSITIVE_INFINITY;
  transport.events?.onDrain();
  expect(transport.channels).toEqual([['a', 'b', 'c', 'd', 'e']]);
  transport.events?.onConfirm(0, true, true);
  expect([...outcomes.keys()]).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('what was not confirmed is sent again in its order, before what came later', async () => {
  const { transport, publisher, publish, outcomes } = await openScene();
  for (const id of ['a', 'b', 'c']) publish(id);
  transport.events?.onConfirm(2, false, true);
  publisher.detach();
  publish('d');
  const next = new ScriptedTransport();
  await publisher.attach(next);
  expect(next.channels).toEqual([['a', 'c', 'd']]);
  // an answer on the old channel means nothing any more
  transport.events?.onConfirm(3, true, true);
  expect([...outcomes.keys()]).toEqual(['b']);
});

test('what was given up is not sent again', async () => {
  const { publisher, publish, outcomes } = await openScene();
  const a = publish('a');
  publish('b');
  publisher.abandon(a, new Error('enough'));
  publisher.detach();
  const next = new ScriptedTransport();
  await publisher.attach(next);
  expect(next.channels).toEqual([['b']]);
  expect(outcomes.get('a')).toEqual(new Error('enough'));
});

test('a channel that is closed for an unknown message: one by one, and only the culprit is refused', async () => {
  const { transport, publish, outcomes } = await openScene();
  for (const id of ['a', 'culprit', 'b']) publish(id);
  const failure = { replyCode: 406, replyText: 'PRECONDITION_FAILED - something' };
  transport.events?.onClosed(failure);
  publish('later');
  await opened();
  expect(transport.channels[1]).toEqual(['a']);
  transport.events?.onConfirm(1, false, true);
  expect(transport.channels[1]).toEqual(['a', 'culprit']);
  transport.events?.onClosed(failure);
  await opened();
  expect(outcomes.get('culprit')).toBeInstanceOf(Refused);
  expect(outcomes.get('culprit')).toMatchObject({ replyCode: 406 });
  expect(transport.channels[2]).toEqual(['b']);
  transport.events?.onConfirm(1, false, true);
  expect(transport.channels[2]).toEqual(['b', 'later']);
});

test('when the broker names the exchange, only messages for it are sent one by one', async () => {
  const { transport, publish } = await openScene();
  publish('a');
  publish('culprit', 'missing');
  publish('b');
  publish('c');
  transport.events?.onClosed({ replyCode: 404, replyText: "NOT_FOUND - no exchange 'missing' in vhost '/'" });
  await opened();
  transport.events?.onConfirm(1, false, true);
  transport.events?.onClosed({ replyCode: 404, replyText: "NOT_FOUND - no exchange 'missing' in vhost '/'" });
  await opened();
  expect(transport.channels).toEqual([
    ['a', 'culprit', 'b', 'c'],
    ['a', 'culprit'],
    ['b', 'c'],
  ]);
});

test('a connection without a free channel fails what waits, and is asked again for what comes later', async () => {
  const transport = new ScriptedTransport();
  const publisher = new Publisher({ unconfirmedMax: 10, onReturn: () => {} });
  const openChannel = transport.openChannel.bind(transport);
  transport.openChannel = () => Promise.reject(new Error('no free channel'));
  await publisher.attach(transport);
  const outcomes: (Error | undefined)[] = [];
  const publish = (id: string): void =>
    publisher.publish(
      new PendingPublish(encodeMessage({ routingKey: 'q', body: id }, id, false), (failure) =>
        outcomes.push(failure),
      ),
    );
  publish('a');
  await opened();
  await opened();
  expect(outcomes).toEqual([new Error('no free channel')]);
  transport.openChannel = openChannel;
  publish('b');
  await opened();
  expect(transport.channels).toEqual([['b']]);
});
