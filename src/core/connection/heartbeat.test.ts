import { beforeEach, expect, test } from 'vitest';
import { RecordingTransport } from '../../../test/servers/recording-transport.ts';
import { Output } from '../output.ts';
import { Heartbeat } from './heartbeat.ts';
import { ReadingGate } from './reading-gate.ts';

let transport: RecordingTransport;
let output: Output;
let gate: ReadingGate;
let heartbeat: Heartbeat;
let writtenBytes: number;

beforeEach(() => {
  transport = new RecordingTransport();
  writtenBytes = 0;
  transport.write = (_bytes, end) => {
    writtenBytes += end;
    return true;
  };
  output = new Output(transport, () => {});
  gate = new ReadingGate(transport, output);
  heartbeat = new Heartbeat(10, output, gate);
});

/** Looks until the client is given up, at most ten times. Returns how often it was looked. */
function looksUntilGivenUp(beforeLook: () => void = () => {}): number {
  for (let looks = 1; looks <= 10; looks++) {
    beforeLook();
    if (!heartbeat.look()) return looks;
    output.flush();
  }
  return Number.POSITIVE_INFINITY;
}

test('it is looked at twice an interval, and never when the interval is 0', () => {
  expect(heartbeat.lookMs).toBe(5000);
  expect(new Heartbeat(0, output, gate).lookMs).toBe(Number.POSITIVE_INFINITY);
});

test('a heartbeat is sent when nothing was sent since the last look', () => {
  heartbeat.look();
  output.flush();
  expect(writtenBytes).toBe(8);
  output.writer().raw(new Uint8Array(3), 0, 3);
  output.flush();
  heartbeat.look();
  output.flush();
  expect(writtenBytes).toBe(11);
});

test('a client is given up two intervals after its last byte', () => {
  expect(looksUntilGivenUp()).toBe(5);
});

test('a client is kept by any byte', () => {
  expect(looksUntilGivenUp(() => heartbeat.onReceived())).toBe(Number.POSITIVE_INFINITY);
});

test('a client that an alarm has stopped is not judged', () => {
  gate.block();
  expect(looksUntilGivenUp()).toBe(Number.POSITIVE_INFINITY);
});

test('a client whose answer waits until something is durable is not judged', () => {
  gate.awaitDurable();
  expect(looksUntilGivenUp()).toBe(Number.POSITIVE_INFINITY);
  gate.durable();
  expect(looksUntilGivenUp()).toBeLessThan(Number.POSITIVE_INFINITY);
});

test.each([
  ['nothing', () => {}],
  ['an alarm', () => gate.block()],
  ['an answer that waits until something is durable', () => gate.awaitDurable()],
])('a client that does not read its answers is judged by what it takes, beside %s', (_reason, stop) => {
  output.unreadAnswerBytes = 2 * 1024 * 1024;
  gate.afterFlush();
  stop();
  const readSlowly = (): void => {
    transport.progressMark++;
  };
  expect(looksUntilGivenUp(readSlowly)).toBe(Number.POSITIVE_INFINITY);
  expect(looksUntilGivenUp()).toBe(4);
});
