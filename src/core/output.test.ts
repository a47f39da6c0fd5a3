import { beforeEach, expect, test } from 'vitest';
import type { Transport } from './environment.ts';
import { Output } from './output.ts';

/** Keeps what is written as texts. While `congested` it holds on to the bytes, as a socket does. */
class RecordingTransport implements Transport {
  readonly progressMark = 0;
  readonly texts: string[] = [];
  readonly held: { readonly bytes: Uint8Array; readonly end: number }[] = [];
  congested = false;

  write(bytes: Uint8Array, end: number): boolean {
    this.texts.push(textOf(bytes, end));
    if (this.congested) this.held.push({ bytes, end });
    return !this.congested;
  }

  pause(): void {}
  resume(): void {}
  close(): void {}
}

let transport: RecordingTransport;
let output: Output;
let fillings: number;

beforeEach(() => {
  transport = new RecordingTransport();
  fillings = 0;
  output = new Output(transport, () => {
    fillings++;
  });
});

function textOf(bytes: Uint8Array, end: number): string {
  return new TextDecoder().decode(bytes.subarray(0, end));
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  output.writer().raw(bytes, 0, bytes.length);
}

test('what is written in a turn leaves together with the flush', () => {
  write('a');
  write('b');
  expect(transport.texts).toEqual([]);
  output.flush();
  expect(transport.texts).toEqual(['ab']);
  output.flush();
  expect(transport.texts).toEqual(['ab']);
});

test('its owner is told once when it begins to fill', () => {
  write('a');
  write('b');
  expect(fillings).toBe(1);
  output.flush();
  write('c');
  expect(fillings).toBe(2);
});

test('a writer that nobody used sends nothing', () => {
  output.writer();
  output.flush();
  expect(transport.texts).toEqual([]);
});

test('much output leaves in pieces before the turn ends', () => {
  write('x'.repeat(64 * 1024));
  expect(transport.texts).toEqual([]);
  write('y');
  expect(transport.texts).toEqual(['x'.repeat(64 * 1024)]);
  output.flush();
  expect(transport.texts[1]).toBe('y');
  expect(fillings).toBe(1);
});

test('one frame of any size leaves whole', () => {
  const large = 'z'.repeat(300_000);
  write('a');
  write(large);
  output.flush();
  expect(transport.texts).toEqual([`a${large}`]);
  write('b');
  output.flush();
  expect(transport.texts[1]).toBe('b');
});

test('bytes that the transport holds are left alone', () => {
  transport.congested = true;
  write('first');
  output.flush();
  expect(output.congested).toBe(true);
  write('second');
  output.flush();
  expect(transport.held.map(({ bytes, end }) => textOf(bytes, end))).toEqual(['first', 'second']);
});

test('bytes that the transport holds are left alone by other connections, too', () => {
  transport.congested = true;
  write('mine');
  output.flush();
  const others = Array.from({ length: 3 }, () => new Output(new RecordingTransport(), () => {}));
  for (const other of others) other.writer().raw(new Uint8Array(16), 0, 16);
  for (const other of others) other.flush();
  expect(transport.held.map(({ bytes, end }) => textOf(bytes, end))).toEqual(['mine']);
});

test('deliveries are not counted with the answers around them', () => {
  transport.congested = true;
  write('answer');
  write('delivery');
  output.addDelivery(8);
  output.flush();
  expect(output.unreadAnswerBytes).toBe(6);
  write('more');
  output.flush();
  expect(output.unreadAnswerBytes).toBe(10);
});

test('too much is 1 MiB of answers, or of direct replies', () => {
  transport.congested = true;
  write('x');
  output.flush();
  expect([output.answersAreUnread, output.repliesAreUnread]).toEqual([false, false]);
  output.writer().raw(new Uint8Array(1024 * 1024 + 1), 0, 1024 * 1024 + 1);
  output.addReply(1024 * 1024 + 1);
  output.flush();
  expect([output.answersAreUnread, output.repliesAreUnread]).toEqual([false, true]);
  output.writer().raw(new Uint8Array(1024 * 1024), 0, 1024 * 1024);
  output.flush();
  expect([output.answersAreUnread, output.repliesAreUnread]).toEqual([true, true]);
  output.drained();
  expect([output.answersAreUnread, output.repliesAreUnread]).toEqual([false, false]);
});

test('it counts what it wrote while congested, until everything has left', () => {
  transport.congested = true;
  write('four');
  output.flush();
  write('more!');
  output.flush();
  expect(output.unreadAnswerBytes).toBe(9);
  transport.congested = false;
  output.drained();
  expect([output.congested, output.unreadAnswerBytes]).toEqual([false, 0]);
  write('free');
  output.flush();
  expect(output.congested).toBe(false);
});

test('connections that fill at the same time have buffers of their own', () => {
  const otherTransport = new RecordingTransport();
  const other = new Output(otherTransport, () => {});
  write('a');
  other.writer().raw(new TextEncoder().encode('b'), 0, 1);
  write('c');
  output.flush();
  other.flush();
  expect([transport.texts, otherTransport.texts]).toEqual([['ac'], ['b']]);
});

test('without a transport what was written is dropped', () => {
  write('a');
  output.discard();
  output.flush();
  expect(transport.texts).toEqual([]);
});

test('it is idle when nothing was sent since the last question', () => {
  expect(output.takeIdle()).toBe(true);
  write('a');
  output.flush();
  expect(output.takeIdle()).toBe(false);
  expect(output.takeIdle()).toBe(true);
});
