import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Definition } from '../../core/definitions/definition.ts';
import { DefinitionLog } from '../../core/definitions/definition-log.ts';
import { appendMessageRecord } from '../../core/message/message-record.ts';
import { Publication } from '../../core/message/publication.ts';
import { MessageLog } from '../message-log.ts';
import { inspectStorage } from './inspect-storage.ts';
import { NodeDisk } from './node-disk.ts';
import { openFileEngines } from './open-file-engines.ts';

const events = { onEvent: () => {}, onFailure: () => {}, onFull: () => {} };
const visitor = {
  onMessage: () => 0,
  onSettled: () => {},
  onNote: () => {},
  onReach: () => {},
  onOlderCopies: () => {},
  onDefinitionsVoid: () => {},
  onDefinition: () => {},
};

const LANE = 3;
const OWNERLESS = 9;

let path: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'leveret-test-'));
  const { main, cold, spill, release } = await openFileEngines(new NodeDisk(path), events);
  const log = new MessageLog(main, { cold, spill });
  await log.recover(visitor);
  const queue: Definition = {
    kind: 'queue',
    vhost: '/',
    name: 'q',
    autoDelete: false,
    laneId: LANE,
    arguments: new Map(),
  };
  new DefinitionLog(log, () => {}).put(queue);
  const publication = Publication.of('', 'q', { deliveryMode: 2 }, new Uint8Array(1000));
  const store = (id: number, nextSeq: number): number =>
    appendMessageRecord(log, publication, [{ id, nextSeq }], 0, 1, true, 0);
  const positions = Array.from({ length: 10 }, (_, seq) => store(LANE, seq));
  for (let seq = 0; seq < 5; seq++) store(OWNERLESS, seq);
  log.commit();
  for (let seq = 0; seq < 4; seq++) log.settle(LANE, seq, positions[seq] as number);
  log.note(LANE, 5, 1, 0);
  log.reach(LANE, 100);
  log.commit();
  await log.close();
  await release();
});

afterEach(() => rm(path, { recursive: true, force: true }));

test('records are counted by kind, and what some queue holds is live', async () => {
  const [main, cold] = await inspectStorage(new NodeDisk(path));
  expect(main?.stream).toBe('main');
  const [segment] = main?.segments ?? [];
  expect(segment).toMatchObject({
    file: 'main-0000000001.log',
    blockCount: 2,
    records: { message: 15, settled: 1, note: 1, reach: 1, definition: 1 },
  });
  expect(segment?.bytes).toBe((await readFile(join(path, 'main-0000000001.log'))).length);
  expect(segment?.liveBytes).toBeGreaterThan(6 * 1000);
  expect(segment?.liveBytes).toBeLessThan(6 * 1150);
  expect((segment?.liveBytes ?? 0) + (segment?.deadBytes ?? 0)).toBe(segment?.bytes);
  expect(cold?.segments).toMatchObject([{ file: 'cold-0000000001.log', blockCount: 0, liveBytes: 0 }]);
});

test('nothing is changed', async () => {
  const contents = async (): Promise<string[]> => {
    const names = (await readdir(path)).sort();
    return Promise.all(
      names.map(async (name) => `${name} ${(await readFile(join(path, name))).toString('hex')}`),
    );
  };
  const before = await contents();
  await inspectStorage(new NodeDisk(path));
  expect(await contents()).toEqual(before);
});

test('damaged data cannot be inspected, and the error says what can be done', async () => {
  await rm(join(path, 'main-0000000001.log'));
  await expect(inspectStorage(new NodeDisk(path))).rejects.toMatchObject({
    code: 'DATA_DAMAGED',
    message: expect.stringContaining('leveret recover'),
  });
});
