import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { FRAME_BODY, FRAME_HEADER } from '../../src/codec/frame.ts';
import type { Random } from '../../src/core/environment.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { joinBytes, methodFrame } from '../servers/frame-bytes.ts';
import { below, mutate, pick } from './frame-mutation.ts';
import { FuzzedBroker, type FuzzedClient } from './fuzzed-broker.ts';
import {
  closingFrames,
  declarations,
  openingFrames,
  PROTOCOL_HEADER,
  sessionRuns,
} from './session-frames.ts';

/*
 * Valid sessions, recorded as frames, are damaged and fed into the broker. Whatever arrives: nothing is thrown, what the
 * broker says is AMQP, others are served as before, and no memory stays.
 *
 *   LEVERET_FUZZ_RUNS=20000 npm run test:fuzz      fewer mutations
 *   LEVERET_SEED=17 npm run test:fuzz              the batch that a failure named comes first
 */

const RUNS = Number(process.env['LEVERET_FUZZ_RUNS'] ?? 1_000_000);
const SEED = Number(process.env['LEVERET_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
/** Mutations for one broker. Each batch has a seed of its own, so that a failure can be repeated without those before. */
const BATCH_RUNS = 20_000;
/** Sessions after which a healthy client is served, and everything is deleted. */
const SESSIONS_PER_CHECK = 100;
const FRAME_MAX = 4096;
const CHANNELS = [1, 2, 3] as const;
/** What may come together before the vhost is deleted: three clients at a time, and messages of 6 KiB at most. */
const STORE_BYTES_MAX = 64 * 1024 * 1024;
/** Compiled code and pooled buffers; what really leaks grows past it within a few batches. */
const HEAP_GROWTH_BYTES_MAX = 24 * 1024 * 1024;
const RUNS_BY_CHANNEL = CHANNELS.map(sessionRuns);
const DECLARATIONS = declarations(1);
const OPENING = openingFrames(FRAME_MAX);
const OPEN_CHANNELS = CHANNELS.map((channel) => methodFrame(channel, 'channel.open'));
const REOPEN_CHANNEL = [0, ...CHANNELS].map((channel) => [
  methodFrame(channel, 'channel.close-ok'),
  methodFrame(channel, 'channel.open'),
]);
/** What a channel is for, from its first frame on. */
const CHANNEL_MODES = ['confirm.select', 'confirm.select', 'tx.select', 'channel.flow'] as const;

/** The frames of a session in which nothing is wrong yet. */
function session(random: Random): { opening: Uint8Array[]; frames: Uint8Array[] } {
  const frames: Uint8Array[] = [];
  const channelCount = 1 + below(random, CHANNELS.length);
  for (let channel = 1; channel <= channelCount; channel++)
    frames.push(methodFrame(channel, pick(random, CHANNEL_MODES), { active: true }));
  for (let count = 0; count < 3; count++) frames.push(...pick(random, DECLARATIONS));
  for (let count = 3 + below(random, 12); count > 0; count--) {
    frames.push(...pick(random, RUNS_BY_CHANNEL[below(random, channelCount)] as (typeof RUNS_BY_CHANNEL)[0]));
  }
  if (below(random, 2) === 0) frames.push(...closingFrames());
  return { opening: [...OPENING, ...OPEN_CHANNELS.slice(0, channelCount)], frames };
}

/** Damages `frames` in one to eight places, rather few. */
function damage(frames: Uint8Array[], random: Random): { frames: Uint8Array[]; mutations: number } {
  const mutations = 1 + Math.min(below(random, 8), below(random, 8));
  const places = new Set(Array.from({ length: mutations }, () => below(random, frames.length)));
  const damaged = frames.flatMap((frame, index) =>
    places.has(index) ? mutate(frame, pick(random, frames), random) : [frame],
  );
  return { frames: damaged, mutations: places.size };
}

/** Hands `bytes` over while time passes and the client sometimes does not read. */
function receive(fuzzed: FuzzedBroker, client: FuzzedClient, bytes: Uint8Array, random: Random): void {
  const { connection, transport } = client;
  transport.congested = below(random, 8) === 0;
  connection.receive(bytes, 0, bytes.length);
  if (below(random, 4) !== 0) fuzzed.settle();
  if (below(random, 30) === 0) fuzzed.advance(below(random, 60));
  if (transport.congested && !transport.closed) connection.drained();
}

/** As a client library does it: some frames at a time, and a channel that the broker closes is opened again. */
function feedFrames(
  fuzzed: FuzzedBroker,
  client: FuzzedClient,
  frames: readonly Uint8Array[],
  random: Random,
): void {
  const { transport } = client;
  for (let at = 0; at < frames.length && !transport.closed; ) {
    const end = at + 1 + below(random, 5);
    receive(fuzzed, client, joinBytes(frames.slice(at, end)), random);
    at = end;
    const closed = transport.closedChannels.splice(0);
    // The rest of a message whose channel is gone would only end the session.
    while (closed.length > 0 && isContent(frames[at])) at++;
    for (const channel of closed) receive(fuzzed, client, joinBytes(REOPEN_CHANNEL[channel] ?? []), random);
  }
}

function isContent(frame: Uint8Array | undefined): boolean {
  return frame?.[0] === FRAME_HEADER || frame?.[0] === FRAME_BODY;
}

/** In pieces that do not care where a frame ends, sometimes octet by octet. */
function feedPieces(fuzzed: FuzzedBroker, client: FuzzedClient, bytes: Uint8Array, random: Random): void {
  const pieceMax = pick(random, [1, 50, 1000, 65_536, 65_536, 65_536]);
  for (let at = 0; at < bytes.length && !client.transport.closed; ) {
    const end = Math.min(bytes.length, at + 1 + below(random, pieceMax));
    receive(fuzzed, client, bytes.slice(at, end), random);
    at = end;
  }
}

function runSession(fuzzed: FuzzedBroker, random: Random): number {
  const client = fuzzed.connect();
  const { opening, frames } = session(random);
  const inOpening = below(random, 20) === 0;
  const damaged = damage(inOpening ? opening : frames, random);
  const stream = inOpening ? [...damaged.frames, ...frames] : [...opening, ...damaged.frames];
  if (below(random, 4) === 0) feedPieces(fuzzed, client, joinBytes([PROTOCOL_HEADER, ...stream]), random);
  else feedFrames(fuzzed, client, [PROTOCOL_HEADER, ...stream], random);
  fuzzed.settle();
  if (below(random, 10) === 0) fuzzed.advance(pick(random, [100, 6_000, 60_000]));
  if (below(random, 3) !== 0 && !client.connection.isClosed) client.connection.transportClosed('reset');
  fuzzed.settle();
  return damaged.mutations;
}

/** What is still connected goes, and with the vhost everything else: nothing may be left. */
function checkNothingStays(fuzzed: FuzzedBroker): void {
  const { broker, store } = fuzzed;
  expect(store.memoryBytes).toBeLessThan(STORE_BYTES_MAX);
  for (const connection of [...broker.connections]) connection.transportClosed('reset');
  fuzzed.settle();
  fuzzed.checkUsable();
  fuzzed.clear();
  expect(broker.connectionCount).toBe(0);
  expect(store.liveBytes).toBe(0);
  expect(broker.vhosts.get('/')?.connectionCount).toBe(0);
  // The past day of rates is kept for so long.
  fuzzed.advance(26 * 3_600_000);
  expect(broker.runtime.deadlines.nextMs).toBe(Number.POSITIVE_INFINITY);
}

function runBatch(seed: number, mutationsMax: number): number {
  const random = new SeededRandom(seed);
  const fuzzed = new FuzzedBroker(seed);
  let mutations = 0;
  for (let sessions = 0; mutations < mutationsMax; sessions++) {
    mutations += runSession(fuzzed, random);
    if (sessions % SESSIONS_PER_CHECK === SESSIONS_PER_CHECK - 1) checkNothingStays(fuzzed);
  }
  checkNothingStays(fuzzed);
  return mutations;
}

/** The heap after everything that nobody holds is gone. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

test(`${RUNS} mutated frames do the broker no harm`, () => {
  process.stdout.write(`seed ${SEED}\n`);
  let mutations = 0;
  let heapAtStart = 0;
  for (let batch = 0; mutations < RUNS; batch++) {
    try {
      mutations += runBatch(SEED + batch, Math.min(BATCH_RUNS, RUNS - mutations));
    } catch (error) {
      const replay = `LEVERET_SEED=${SEED + batch} LEVERET_FUZZ_RUNS=${BATCH_RUNS} npm run test:fuzz`;
      throw new Error(`after ${mutations} mutations, replay with: ${replay}\n${String(error)}`, {
        cause: error,
      });
    }
    if (batch === 1) heapAtStart = heapBytes();
  }
  if (heapAtStart > 0) expect(heapBytes() - heapAtStart).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
});
