import type { StreamConfig } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import type { NatsConnection } from '../../src/storage/jetstream/nats-connection.ts';
import { openNatsLog } from '../../src/storage/jetstream/nats-log.ts';
import { streamName } from '../../src/storage/jetstream/nats-names.ts';
import type { AppendResult, ReplicatedLog } from '../../src/storage/jetstream/replicated-log.ts';
import { describeWithNats } from '../servers/nats.ts';
import { natsUnderTest, until } from './nats-under-test.ts';

const APPENDED: AppendResult = { kind: 'appended' };
const REFUSED: AppendResult = { kind: 'refused' };

/** Bytes that tell which entry they are of. */
function bytesOf(sequence: number, length = 100): Uint8Array {
  const bytes = new Uint8Array(length).fill(sequence % 251);
  new DataView(bytes.buffer).setUint32(0, sequence);
  return bytes;
}

/** `toEqual` looks at each byte as a property: a second for a megabyte. */
function expectBytes(found: Uint8Array | undefined, expected: Uint8Array): void {
  expect(found?.length).toBe(expected.length);
  expect(Buffer.compare(found ?? new Uint8Array(0), expected)).toBe(0);
}

async function appendMany(log: ReplicatedLog, from: number, to: number, length = 100): Promise<void> {
  for (let sequence = from; sequence <= to; sequence++) {
    expect(await log.append(sequence, bytesOf(sequence, length))).toEqual(APPENDED);
  }
}

/** Appends the same bytes again until they are there, as an engine does. */
async function appendSurely(log: ReplicatedLog, sequence: number, bytes: Uint8Array): Promise<string[]> {
  const kinds: string[] = [];
  await until(`entry ${sequence} is appended`, async () => {
    const { kind } = await log.append(sequence, bytes);
    kinds.push(kind);
    if (kind === 'refused') expectBytes(await log.entry(sequence), bytes);
    return kind === 'appended' || kind === 'refused';
  });
  return kinds;
}

async function readAll(log: ReplicatedLog, from: number, to: number): Promise<number[]> {
  const sequences: number[] = [];
  await log.read(from, to, (sequence, bytes) => {
    expectBytes(bytes, bytesOf(sequence, bytes.length));
    sequences.push(sequence);
  });
  return sequences;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describeWithNats('a log in JetStream', () => {
  const nats = natsUnderTest();

  async function opened(): Promise<{ connection: NatsConnection; cluster: string; log: ReplicatedLog }> {
    const connection = await nats.connect();
    const cluster = await nats.newCluster(connection);
    return { connection, cluster, log: await openNatsLog(connection, cluster, 'main') };
  }

  /** Changes the stream in ways that a cluster must not have it. */
  async function openedWith(
    change: Partial<StreamConfig>,
  ): Promise<{ connection: NatsConnection; log: ReplicatedLog }> {
    const connection = await nats.connect();
    const cluster = await nats.newCluster(connection);
    const { api } = await connection.link(1_000);
    const { config } = await api.streams.info(streamName(cluster, 'main'));
    await api.streams.delete(config.name);
    await api.streams.add({ ...config, ...change });
    return { connection, log: await openNatsLog(connection, cluster, 'main') };
  }

  /** The server that `connection` does not speak to and that does not lead `stream`. */
  async function bystander(connection: NatsConnection, stream: string): Promise<number> {
    const leader = await nats.servers.leaderOf(stream);
    return [0, 1, 2].find((server) => server !== leader && server !== ours(connection)) ?? -1;
  }

  function ours(connection: NatsConnection): number {
    return nats.servers.urls.indexOf(`nats://${connection.server}`);
  }

  test('begins with nothing', async () => {
    const { log, cluster } = await opened();
    expect(await log.state()).toEqual({ first: 1, last: 0, storedBytes: 0 });
    expect(await log.entry(1)).toBeUndefined();
    expect(await readAll(log, 1, 0)).toEqual([]);
    expect(log.name).toBe(`stream LEVERET_${cluster}_main`);
    expect(log.entryBytesMax).toBeGreaterThan(1_000_000);
  });

  test('is two logs in a cluster', async () => {
    const { connection, cluster, log } = await opened();
    const cold = await openNatsLog(connection, cluster, 'cold');
    await appendMany(log, 1, 2);
    await appendMany(cold, 1, 1);
    expect([(await log.state()).last, (await cold.state()).last]).toEqual([2, 1]);
  });

  test('appends what follows, and refuses what does not', async () => {
    const { log } = await opened();
    await appendMany(log, 1, 3);
    expect(await log.append(3, bytesOf(3))).toEqual(REFUSED);
    expect(await log.append(5, bytesOf(5))).toEqual(REFUSED);
    expect(await log.append(1, bytesOf(1))).toEqual(REFUSED);
    expect(await log.state()).toMatchObject({ first: 1, last: 3 });
    expect(await log.entry(3)).toEqual(bytesOf(3));
    expect(await log.entry(4)).toBeUndefined();
  });

  test('takes entries as large as it says, and gives them back as they were', async () => {
    const { log } = await opened();
    const sizes = [0, 1, 65_535, 65_536, log.entryBytesMax];
    const entries = sizes.map((size) => new Uint8Array(size).map((_, index) => index * 31));
    for (const [index, bytes] of entries.entries())
      expect(await log.append(index + 1, bytes)).toEqual(APPENDED);
    for (const [index, bytes] of entries.entries()) expectBytes(await log.entry(index + 1), bytes);
    const read: Uint8Array[] = [];
    await log.read(1, sizes.length, (_, bytes) => void read.push(bytes));
    for (const [index, bytes] of entries.entries()) expectBytes(read[index], bytes);
    expect(read).toHaveLength(entries.length);
  });

  test('has taken the bytes when it answers', async () => {
    const { log } = await opened();
    const bytes = bytesOf(1, 200_000);
    expect(await log.append(1, bytes)).toEqual(APPENDED);
    bytes.fill(0);
    expectBytes(await log.entry(1), bytesOf(1, 200_000));
  });

  test('reads any run, each entry once and in order, however slow the receiver', async () => {
    const { log } = await opened();
    await appendMany(log, 1, 200, 30_000);
    expect(await readAll(log, 1, 200)).toEqual(range(1, 200));
    expect(await readAll(log, 57, 58)).toEqual([57, 58]);
    const seen: number[] = [];
    let isBusy = false;
    await log.read(1, 200, async (sequence) => {
      expect(isBusy).toBe(false);
      isBusy = true;
      await new Promise((resolve) => setImmediate(resolve));
      isBusy = false;
      seen.push(sequence);
    });
    expect(seen).toEqual(range(1, 200));
  });

  test('ends a read with the error of its receiver', async () => {
    const { log } = await opened();
    await appendMany(log, 1, 5);
    const stop = (sequence: number): void => {
      if (sequence === 3) throw new Error('enough');
    };
    await expect(log.read(1, 5, stop)).rejects.toThrow('enough');
  });

  test('forgets what is trimmed, however often', async () => {
    const { log } = await opened();
    await appendMany(log, 1, 10);
    await log.trim(4);
    await log.trim(4);
    await log.trim(2);
    expect(await log.state()).toMatchObject({ first: 4, last: 10 });
    expect(await log.entry(3)).toBeUndefined();
    expect(await readAll(log, 4, 10)).toEqual(range(4, 10));
    await log.trim(10);
    expect(await log.state()).toMatchObject({ first: 10, last: 10 });
    await appendMany(log, 11, 12);
  });

  test('says which entry is missing at the front', async () => {
    const { log } = await opened();
    await appendMany(log, 1, 10);
    await log.trim(6);
    await expect(readAll(log, 5, 10)).rejects.toMatchObject({
      code: 'DATA_DAMAGED',
      message: expect.stringMatching(
        /stream LEVERET_test-\d+_main is damaged: entry 5 is not there, of 6 to 10/,
      ),
    });
  });

  test('says which entry is missing in the middle', async () => {
    const { connection, log } = await openedWith({ deny_delete: false });
    await appendMany(log, 1, 10);
    const { api } = await connection.link(1_000);
    await api.streams.deleteMessage(log.name.replace('stream ', ''), 7);
    const seen: number[] = [];
    const reading = log.read(1, 10, (sequence) => void seen.push(sequence));
    await expect(reading).rejects.toMatchObject({
      code: 'DATA_DAMAGED',
      message: expect.stringContaining('entry 7 is not there, of 1 to 10'),
    });
    expect(seen).toEqual(range(1, 6));
  });

  test('has no room beyond the limit of its stream, and room again after a trim', async () => {
    const { log } = await openedWith({ max_bytes: 300_000 });
    await appendMany(log, 1, 2, 100_000);
    expect(await log.append(3, bytesOf(3, 100_000))).toEqual({
      kind: 'full',
      reason: 'maximum bytes exceeded (10077)',
    });
    expect(await log.state()).toMatchObject({ first: 1, last: 2 });
    await log.trim(2);
    await appendMany(log, 3, 3, 100_000);
  });

  test('does not exist before somebody made it', async () => {
    const connection = await nats.connect();
    await expect(openNatsLog(connection, 'nobody', 'main')).rejects.toMatchObject({
      code: 'NATS_UNSAFE',
      message: expect.stringMatching(/there is no stream LEVERET_nobody_main: `leveret cluster init`/),
    });
  });

  test('knows not what became of an append when a majority is silent, and the same bytes again find out', async () => {
    const { connection, log } = await opened();
    await appendMany(log, 1, 3);
    const others = [0, 1, 2].filter((server) => server !== ours(connection));
    for (const server of others) nats.servers.pause(server);
    const result = await log.append(4, bytesOf(4));
    expect(result.kind).toBe('unknown');
    for (const server of others) nats.servers.resume(server);
    await appendSurely(log, 4, bytesOf(4));
    expect(await readAll(log, 1, 4)).toEqual(range(1, 4));
    expect((await log.state()).last).toBe(4);
  });

  test('knows within a moment that an append is in doubt when its server dies', async () => {
    const { connection, log } = await opened();
    await appendMany(log, 1, 3);
    const [server, beganMs] = [ours(connection), performance.now()];
    nats.servers.pause(server);
    const result = log.append(4, bytesOf(4, 900_000));
    await nats.servers.kill(server);
    expect((await result).kind).toBe('unknown');
    expect(performance.now() - beganMs).toBeLessThan(900);
    await appendSurely(log, 4, bytesOf(4, 900_000));
    expect((await log.state()).last).toBe(4);
  });

  test('leaves a server that has stopped reading in the middle of an entry', async () => {
    const { connection, log } = await opened();
    await appendMany(log, 1, 3);
    const server = ours(connection);
    nats.servers.pause(server);
    // More than the buffers of the sockets hold.
    for (let tries = 0; tries < 3; tries++) await log.append(4, bytesOf(4, log.entryBytesMax));
    await until(
      'another server is spoken to',
      () => connection.server !== undefined && ours(connection) !== server,
    );
    await appendSurely(log, 4, bytesOf(4, log.entryBytesMax));
    nats.servers.resume(server);
    await appendMany(log, 5, 8);
    expect((await log.state()).last).toBe(8);
  });

  test('goes on reading when its server dies, without leaving anything out or repeating it', async () => {
    const { connection, log } = await opened();
    await appendMany(log, 1, 300, 60_000);
    const seen: number[] = [];
    const kills = new Map([
      [20, 0],
      [150, 1],
    ]);
    await log.read(1, 300, async (sequence, bytes) => {
      expectBytes(bytes, bytesOf(sequence, 60_000));
      seen.push(sequence);
      if (!kills.has(sequence)) return;
      const server = ours(connection);
      await nats.servers.kill(server);
      await nats.servers.start(server);
    });
    expect(seen).toEqual(range(1, 300));
  });

  test('reads from a replica that missed something only what it has', async () => {
    const { connection, cluster, log } = await opened();
    const away = await bystander(connection, streamName(cluster, 'main'));
    nats.servers.pause(away);
    await appendMany(log, 1, 50);
    nats.servers.resume(away);
    const [late] = nats.servers.urls.slice(away, away + 1);
    const reader = await openNatsLog(await nats.connect({ servers: [late ?? ''] }), cluster, 'main');
    expect(await readAll(reader, 1, 50)).toEqual(range(1, 50));
  });

  test('says that nobody answers, and who was asked', async () => {
    const { connection, log } = await opened();
    for (const server of [0, 1, 2]) if (server !== ours(connection)) await nats.servers.kill(server);
    await until('its leader is gone', async () => (await log.append(1, bytesOf(1))).kind === 'unknown');
    const { servers } = connection;
    const error = await log.state().then(
      () => undefined,
      (reason: Error) => reason,
    );
    // The leader may be the one that is left, and answers until it finds out that it leads nobody.
    if (error !== undefined) {
      expect(error).toMatchObject({ code: 'NATS_UNREACHABLE', message: expect.stringContaining(servers) });
    }
    await connection.close();
    await expect(log.state()).rejects.toMatchObject({ code: 'NATS_UNREACHABLE' });
    expect(await log.append(1, bytesOf(1))).toEqual({
      kind: 'unknown',
      reason: 'the connection to NATS was closed',
    });
  });
});
