import { decodeDefinition } from '../../src/core/definitions/definition.ts';
import type { Disk, DiskFile } from '../../src/storage/file/disk.ts';
import type { LogEngine } from '../../src/storage/log-engine.ts';
import { altered } from './altered.ts';
import type { Mistakes } from './broker-run.ts';
import type { WorkloadKind } from './crash-run.ts';

/** A mistake that somebody could make in the storage layer, and the workload that must find it. */
export interface PlantedMistake {
  readonly name: string;
  readonly kind: WorkloadKind;
  readonly mistakes: Mistakes;
}

const done = (): Promise<void> => Promise.resolve();

/** A disk whose files are altered as they are opened. */
function withFiles(alter: (file: DiskFile) => DiskFile): Mistakes {
  return {
    disk: (disk: Disk) =>
      altered(disk, {
        create: async (name) => alter(await disk.create(name)),
        open: async (name) => alter(await disk.open(name)),
      }),
  };
}

/** Syncs of files for which `isSkipped` says so do nothing. */
function skippingSyncs(isSkipped: (name: string) => boolean): Mistakes {
  return withFiles((file) => altered(file, { sync: () => (isSkipped(file.name) ? done() : file.sync()) }));
}

function everyNth(n: number): () => boolean {
  let count = 0;
  return () => ++count % n === 0;
}

/** What was appended to it counts as durable at once. */
function hasty(engine: LogEngine): LogEngine {
  return new Proxy(engine, {
    get(target, key) {
      if (key === 'durableBlock') return target.lastBlock;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

export const PLANTED_MISTAKES: readonly PlantedMistake[] = [
  { name: 'files are never synced', kind: 'long', mistakes: skippingSyncs(() => true) },
  { name: 'every third sync is left out', kind: 'long', mistakes: skippingSyncs(everyNth(3)) },
  {
    name: 'the cold stream is never synced',
    kind: 'cleaning',
    mistakes: skippingSyncs((name) => name.startsWith('cold-')),
  },
  {
    name: 'the directory is never synced',
    kind: 'long',
    mistakes: { disk: (disk) => altered(disk, { syncDirectory: done }) },
  },
  {
    name: 'a sync does not wait for the disk',
    kind: 'long',
    mistakes: withFiles((file) =>
      altered(file, {
        sync: () => {
          void file.sync();
          return done();
        },
      }),
    ),
  },
  {
    name: 'a write does not wait for the disk',
    kind: 'long',
    mistakes: withFiles((file) =>
      altered(file, {
        write: (buffers, at) => {
          void file.write(
            buffers.map((buffer) => buffer.slice()),
            at,
          );
          return done();
        },
      }),
    ),
  },
  {
    name: 'confirms do not wait for the sync',
    kind: 'long',
    mistakes: { engine: (engine, stream) => (stream === 'main' ? hasty(engine) : engine) },
  },
  {
    name: 'each block counts as a whole group',
    kind: 'cleaning',
    mistakes: {
      engine: (engine) =>
        altered(engine, { append: (page, start, end) => engine.append(page, start, end, false) }),
    },
  },
  {
    name: 'a group ends in the middle of a turn',
    kind: 'long',
    mistakes: {
      store: (log) => {
        const appended = log.appended.bind(log);
        log.appended = (page, recordBytes, holders) => {
          const position = appended(page, recordBytes, holders);
          log.commit();
          return position;
        };
      },
    },
  },
  {
    name: 'a start does not sync what it found',
    kind: 'long',
    mistakes: {
      disk: (disk) => {
        let isStarting = true;
        setImmediate(() => {
          isStarting = false;
        });
        const alter = (file: DiskFile): DiskFile =>
          altered(file, { sync: () => (isStarting ? done() : file.sync()) });
        return altered(disk, {
          create: async (name) => alter(await disk.create(name)),
          open: async (name) => alter(await disk.open(name)),
        });
      },
    },
  },
  {
    name: 'settlements are not recorded',
    kind: 'long',
    mistakes: {
      store: (log) =>
        Object.assign(log, {
          settle: (_lane: number, _seq: number, position: number) => log.release(position),
        }),
    },
  },
  {
    name: 'purges are not recorded',
    kind: 'cleaning',
    mistakes: { store: (log) => Object.assign(log, { settleRange: () => {} }) },
  },
  {
    name: 'returns are not recorded',
    kind: 'cleaning',
    mistakes: { store: (log) => Object.assign(log, { note: () => {} }) },
  },
  {
    name: 'reaches are not recorded',
    kind: 'long',
    mistakes: { store: (log) => Object.assign(log, { reach: () => {} }) },
  },
  {
    name: 'the end of a definition is not recorded',
    kind: 'long',
    mistakes: {
      store: (log) => {
        const define = log.define.bind(log);
        log.define = (bytes, start, end) => {
          if (!decodeDefinition(bytes, start, end).removed) define(bytes, start, end);
        };
      },
    },
  },
  {
    name: 'cleaning forgets definitions',
    kind: 'cleaning',
    mistakes: {
      store: (log) => {
        const clean = log.clean.bind(log);
        log.clean = (owner) => clean({ ...owner, recordDefinitions: () => {} });
      },
    },
  },
  {
    name: 'what was settled is found again at a start',
    kind: 'long',
    mistakes: { visitor: (visitor) => ({ ...visitor, onSettled: () => {} }) },
  },
  {
    name: 'definitions that are void hold at a start',
    kind: 'cleaning',
    mistakes: {
      visitor: (visitor) => ({
        ...visitor,
        onDefinitionsVoid: () => {},
        onDefinition: (bytes, start, end) => {
          if (!decodeDefinition(bytes, start, end).removed) visitor.onDefinition(bytes, start, end);
        },
      }),
    },
  },
];
