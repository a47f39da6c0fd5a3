import { beforeEach, expect, test } from 'vitest';
import { RecordingTransport } from '../../../test/servers/recording-transport.ts';
import { Output } from '../output.ts';
import { ReadingGate } from './reading-gate.ts';

const TOO_MUCH = 1024 * 1024 + 1;

let transport: RecordingTransport;
let output: Output;
let gate: ReadingGate;

beforeEach(() => {
  transport = new RecordingTransport();
  transport.write = () => !transport.congested;
  output = new Output(transport, () => {});
  gate = new ReadingGate(transport, output);
});

function answerTooMuch(): void {
  transport.congested = true;
  output.writer().raw(new Uint8Array(TOO_MUCH), 0, TOO_MUCH);
  output.flush();
  gate.afterFlush();
}

test('a client is read from until an alarm stops it, and again afterwards', () => {
  gate.afterFlush();
  expect(transport.paused).toBe(false);
  gate.block();
  expect([transport.paused, gate.isBlocked]).toEqual([true, true]);
  gate.unblock();
  expect([transport.paused, gate.isBlocked]).toEqual([false, false]);
});

test('a client that does not read its answers is not read from until it has', () => {
  answerTooMuch();
  expect([transport.paused, gate.isUnread]).toEqual([true, true]);
  output.drained();
  expect(gate.takeHeldFrames()).toEqual([]);
  gate.update();
  expect([transport.paused, gate.isUnread]).toEqual([false, false]);
});

test('each reason stops a client, whatever the other does', () => {
  gate.block();
  answerTooMuch();
  gate.unblock();
  expect(transport.paused).toBe(true);
  gate.block();
  gate.takeHeldFrames();
  gate.update();
  expect(transport.paused).toBe(true);
});

test('held frames are copies, and come back once, in their order', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  gate.hold(1, 7, bytes, 1, 3);
  gate.hold(3, 8, bytes, 0, 0);
  bytes.fill(0);
  expect(gate.takeHeldFrames()).toEqual([
    { type: 1, channelNumber: 7, payload: Uint8Array.of(2, 3) },
    { type: 3, channelNumber: 8, payload: new Uint8Array(0) },
  ]);
  expect(gate.takeHeldFrames()).toEqual([]);
});
