import type { Random } from '../../src/core/environment.ts';
import { frameOf, joinBytes, payloadOf } from '../servers/frame-bytes.ts';

const INTERESTING_OCTETS = [0, 1, 2, 0x7f, 0x80, 0xce, 0xff] as const;
const INTERESTING_LENGTHS = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 4096, 0x0001_0000] as const;
const CHANNELS = [0, 1, 2, 3, 2047, 2048, 65_535] as const;

/** A whole number from 0 to below `end`. */
export function below(random: Random, end: number): number {
  return random.uint32() % end;
}

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[below(random, choices.length)] as T;
}

type Mutation = (frame: Uint8Array, other: Uint8Array, random: Random) => Uint8Array[];

/** Mutations that leave a stream of frames: the damage is inside one. */
const WITHIN_A_FRAME: readonly Mutation[] = [
  flipBit,
  setOctet,
  setOctet,
  setLength,
  cutPayload,
  splicePayloads,
  insertOctets,
  changeMethod,
];

/** Mutations that keep the frames and change their order or place. */
const AMONG_FRAMES: readonly Mutation[] = [
  () => [],
  (frame) => [frame, frame],
  (frame, other) => [other, frame],
  (frame, other) => [frame, other, frame],
  changeChannel,
  changeType,
];

/** Mutations after which nothing can be trusted any more: rare, because the session ends with them. */
const OF_THE_STREAM: readonly Mutation[] = [
  (frame) => withOctet(frame, frame.length - 1, 0),
  (frame, _other, random) => withLength(frame, 3, pick(random, INTERESTING_LENGTHS)),
  (frame, _other, random) => [frame.slice(0, below(random, frame.length))],
  (frame, other) => [frame.slice(0, 9), other],
];

/** What becomes of `frame`. `other` is a frame of the same kind of session. */
export function mutate(frame: Uint8Array, other: Uint8Array, random: Random): Uint8Array[] {
  const choice = below(random, 100);
  const group = choice < 60 ? WITHIN_A_FRAME : choice < 97 ? AMONG_FRAMES : OF_THE_STREAM;
  return pick(random, group)(frame, other, random);
}

function flipBit(frame: Uint8Array, _other: Uint8Array, random: Random): Uint8Array[] {
  const at = payloadPosition(frame, random);
  return withOctet(frame, at, (frame[at] as number) ^ (1 << below(random, 8)));
}

function setOctet(frame: Uint8Array, _other: Uint8Array, random: Random): Uint8Array[] {
  return withOctet(frame, payloadPosition(frame, random), pick(random, INTERESTING_OCTETS));
}

/** A length that lies: of a table, an array, a long string. */
function setLength(frame: Uint8Array, _other: Uint8Array, random: Random): Uint8Array[] {
  if (frame.length < 13) return [frame];
  return withLength(frame, 7 + below(random, frame.length - 11), pick(random, INTERESTING_LENGTHS));
}

function cutPayload(frame: Uint8Array, _other: Uint8Array, random: Random): Uint8Array[] {
  const payload = payloadOf(frame);
  return [reframed(frame, payload.slice(0, below(random, payload.length + 1)))];
}

/** The front of one payload and the back of another. */
function splicePayloads(frame: Uint8Array, other: Uint8Array, random: Random): Uint8Array[] {
  const front = payloadOf(frame);
  const back = payloadOf(other);
  const cut = below(random, front.length + 1);
  const from = below(random, back.length + 1);
  return [reframed(frame, joinBytes([front.subarray(0, cut), back.subarray(from, from + 200)]))];
}

function insertOctets(frame: Uint8Array, _other: Uint8Array, random: Random): Uint8Array[] {
  const payload = payloadOf(frame);
  const at = below(random, payload.length + 1);
  const octets = Uint8Array.from({ length: 1 + below(random, 8) }, () => below(random, 256));
  return [reframed(frame, joinBytes([payload.subarray(0, at), octets, payload.subarray(at)]))];
}

/** Another method of another class with the same arguments. */
function changeMethod(frame: Uint8Array, other: Uint8Array): Uint8Array[] {
  const changed = frame.slice();
  changed.set(other.subarray(7, Math.min(11, frame.length - 1, other.length - 1)), 7);
  return [changed];
}

function changeChannel(frame: Uint8Array, _other: Uint8Array, random: Random): Uint8Array[] {
  const changed = frame.slice();
  new DataView(changed.buffer).setUint16(1, pick(random, CHANNELS));
  return [changed];
}

function changeType(frame: Uint8Array, _other: Uint8Array, random: Random): Uint8Array[] {
  return withOctet(frame, 0, pick(random, [1, 2, 3, 8]));
}

/** Seldom in the first four octets, class and method: most of what comes out of them is just unknown. */
function payloadPosition(frame: Uint8Array, random: Random): number {
  const from = frame.length > 12 && below(random, 10) !== 0 ? 11 : 7;
  return Math.min(frame.length - 1, from + below(random, Math.max(1, frame.length - 1 - from)));
}

function reframed(frame: Uint8Array, payload: Uint8Array): Uint8Array {
  return frameOf(frame[0] as number, new DataView(frame.buffer).getUint16(1), payload);
}

function withOctet(frame: Uint8Array, at: number, octet: number): Uint8Array[] {
  const changed = frame.slice();
  changed[at] = octet;
  return [changed];
}

function withLength(frame: Uint8Array, at: number, length: number): Uint8Array[] {
  const changed = frame.slice();
  new DataView(changed.buffer).setUint32(at, length);
  return [changed];
}
