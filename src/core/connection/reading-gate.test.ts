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
  gate.drained();
  expect(gate.takeHeldFrame()).toBeUndefined();
  gate.update();
  expect([transport.paused, gate.isUnread]).toEqual([false, false]);
});

test('each reason stops a client, whatever the other does', () => {
  gate.block();
  answerTooMuch();
  gate.unblock();
  expect(transport.paused).toBe(true);
  gate.block();
  output.drained();
  gate.drained();
  gate.update();
  expect(transport.paused).toBe(true);
  gate.awaitDurable();
  gate.unblock();
  expect([transport.paused, gate.awaitsDisk]).toEqual([true, true]);
  answerTooMuch();
  gate.durable();
  gate.update();
  expect([transport.paused, gate.awaitsDisk]).toEqual([true, false]);
  output.drained();
  gate.drained();
  gate.update();
  expect(transport.paused).toBe(false);
});

test('a client whose answer waits until something is durable is not read from until then', () => {
  gate.awaitDurable();
  expect(transport.paused).toBe(true);
  gate.afterFlush();
  gate.drained();
  gate.update();
  expect([transport.paused, gate.isUnread]).toEqual([true, false]);
  gate.durable();
  gate.update();
  expect(transport.paused).toBe(false);
});

test('held frames are copies, and come back once, in their order', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  gate.hold(1, 7, bytes, 1, 3);
  gate.hold(3, 8, bytes, 0, 0);
  bytes.fill(0);
  gate.hold(2, 9, bytes, 0, 1);
  expect(gate.takeHeldFrame()).toEqual({ type: 1, channelNumber: 7, payload: Uint8Array.of(2, 3) });
  expect(gate.takeHeldFrame()).toEqual({ type: 3, channelNumber: 8, payload: new Uint8Array(0) });
  gate.hold(1, 10, bytes, 0, 0);
  expect(gate.takeHeldFrame()?.channelNumber).toBe(9);
  expect(gate.takeHeldFrame()?.channelNumber).toBe(10);
  expect(gate.takeHeldFrame()).toBeUndefined();
  gate.hold(1, 11, bytes, 0, 0);
  expect(gate.takeHeldFrame()?.channelNumber).toBe(11);
});
