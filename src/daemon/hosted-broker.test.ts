import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { ManagementHost, NodeFacts } from '../management/management-host.ts';
import { StorageError } from '../storage/file/storage-error.ts';
import { brokerSettings } from './broker-settings.ts';
import { openBrokerStorage } from './broker-storage.ts';
import { HostedBroker, type HostedBrokerOptions } from './hosted-broker.ts';
import { checkOptions } from './read-options.ts';

const values = checkOptions({ storage: 'memory' });
const LOST = new StorageError('OWNERSHIP_LOST', 'another node took over');

function optionsOf(changes: Partial<HostedBrokerOptions> = {}): HostedBrokerOptions {
  const nothing = (): void => {};
  const listeners = { onEvent: nothing, onFailure: nothing, onHalt: nothing };
  return {
    values,
    settings: brokerSettings(values),
    tokens: undefined,
    messageTracer: undefined,
    ...listeners,
    ...changes,
  };
}

function open(changes?: Partial<HostedBrokerOptions>): Promise<HostedBroker> {
  return HostedBroker.open(optionsOf(changes), (events) => openBrokerStorage(values, events));
}

function hostOf({ broker }: HostedBroker): ManagementHost {
  const node = (): NodeFacts => ({ version: '1.2.3' }) as NodeFacts;
  return { broker, node, listeners: () => [], certificates: () => [] };
}

/** What an answer is known by here: whether it was cut off. */
class Answer extends EventEmitter {
  isCut = false;
  writableEnded = false;

  destroy(): void {
    this.isCut = true;
    this.emit('close');
  }
}

function ask(hosted: HostedBroker): Answer {
  const answer = new Answer();
  hosted.onRequest(new EventEmitter() as IncomingMessage, answer as unknown as ServerResponse);
  return answer;
}

test('a storage that fails while it is opened is not begun with, and is let go of', async () => {
  let isClosed = false;
  const opened = HostedBroker.open(optionsOf(), async (events) => {
    const { storage } = await openBrokerStorage(values, events);
    events.onFailure(LOST);
    const close = (): Promise<void> => {
      isClosed = true;
      return storage.close();
    };
    return { storage: { ...storage, close }, image: undefined };
  });
  await expect(opened).rejects.toBe(LOST);
  expect(isClosed).toBe(true);
});

test('an HTTP application that is ready after the end is closed, and answers nobody', async () => {
  const hosted = await open();
  const ready = hosted.openApi(hostOf(hosted));
  hosted.fail(LOST);
  await ready;
  expect(ask(hosted).isCut).toBe(true);
});

test('a broker that is halted by whoever ends it tells of it once, and is at its end', async () => {
  const told: string[] = [];
  const hosted = await open({
    onHalt: () => void told.push('halted'),
    onFailure: () => void told.push('failed'),
  });
  hosted.halt(new Error('no port'));
  hosted.halt(LOST);
  expect(told).toEqual(['halted']);
  expect(hosted.failure).toEqual(new Error('no port'));
  await hosted.whenHalted();
});

test('what is not done in a turn may not be done either once the lease is over', async () => {
  let holds = true;
  const failures: string[] = [];
  const hosted = await open({ mayRun: () => holds, onFailure: ({ code }) => void failures.push(code) });
  expect(hosted.mayGoOn()).toBe(true);
  holds = false;
  expect(hosted.mayGoOn()).toBe(false);
  expect(hosted.isHalted).toBe(true);
  holds = true;
  expect(hosted.mayGoOn()).toBe(false);
  expect(failures).toEqual(['OWNERSHIP_LOST']);
});
