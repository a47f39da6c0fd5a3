import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveStream } from './live-stream.ts';

const opened: FakeSource[] = [];

class FakeSource extends EventTarget {
  static readonly OPEN = 1;
  readonly readyState = FakeSource.OPEN;
  isClosed = false;

  constructor() {
    super();
    opened.push(this);
  }

  close(): void {
    this.isClosed = true;
  }
}

beforeEach(() => {
  opened.length = 0;
  vi.useFakeTimers();
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('EventSource', FakeSource);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function watching(): { stream: LiveStream; told: string[] } {
  const told: string[] = [];
  const stream = new LiveStream({
    onAnswer: ({ path }) => told.push(path),
    onLoggedOut: () => told.push('logged out'),
    onLost: () => told.push('lost'),
  });
  stream.watch('/api/queues');
  vi.runOnlyPendingTimers();
  return { stream, told };
}

function end(reason: string): void {
  opened.at(-1)?.dispatchEvent(new MessageEvent('end', { data: JSON.stringify({ reason }) }));
}

it('tries again when the broker stops: the session may live on', () => {
  const { stream, told } = watching();
  end('stopped');
  expect(told).toEqual(['lost']);
  expect(stream.state).toBe('lost');
  vi.runOnlyPendingTimers();
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, false]);
});

it('is over when the session has ended', () => {
  const { stream, told } = watching();
  end('unauthorised');
  vi.runOnlyPendingTimers();
  expect(told).toEqual(['logged out']);
  expect(stream.state).toBe('lost');
  expect(opened).toHaveLength(1);
});

it('tells when it cannot be opened, each time that it is tried', () => {
  const { told } = watching();
  opened.at(-1)?.dispatchEvent(new Event('error'));
  vi.runOnlyPendingTimers();
  opened.at(-1)?.dispatchEvent(new Event('error'));
  expect(told).toEqual(['lost', 'lost']);
});
