import { defineConfig } from 'vitest/config';
import { smallReach } from './test/crash/small-reach.ts';
import { JETSTREAM_SUITES } from './test/jetstream/jetstream-suites.ts';
import { onJetStream } from './test/jetstream/on-jetstream.ts';

/** What runs against other programs. The last ones start many processes of their own, and kept the quick ones waiting. */
const interop = [
  'test/interop/**/*.test.ts',
  'test/cli/documentation.test.ts',
  'test/cli/services/running.test.ts',
  'test/services/suite/leveret.test.ts',
];

/** What runs against other programs, or for minutes, has a project and an npm script of its own. */
const slow = [
  ...interop,
  'test/differential/**',
  'test/fuzz*/**',
  'test/crash/crash-*.test.ts',
  'test/crash/kill.test.ts',
  'test/faults/**',
  'test/browser/**',
  'test/cluster/**',
  'test/services/storm.test.ts',
];

/**
 * Where a change is judged, a test that fails is tried once more: some have to do with real time, and the machine may stand still.
 * Its line in the output says `retry x1`; such a test is to be mended. Suites that look for something with a seed of their own are not tried again.
 */
const retry = process.env['LEVERET_CI'] === undefined ? 0 : 1;

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'quick',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: slow,
          testTimeout: 20_000,
          hookTimeout: 20_000,
          retry,
        },
      },
      {
        test: {
          name: 'interop',
          include: interop,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          retry,
        },
      },
      {
        test: {
          name: 'differential',
          include: ['test/differential/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'fuzz',
          include: ['test/fuzz*/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [smallReach()],
        test: {
          name: 'crash',
          include: ['test/crash/crash-*.test.ts'],
          testTimeout: 3_600_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'kill',
          include: ['test/crash/kill.test.ts'],
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          // Each file has servers and nodes of its own, whose processes share the machine.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          retry,
        },
      },
      {
        test: {
          name: 'storm',
          include: ['test/services/storm.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [onJetStream()],
        test: {
          name: 'jetstream',
          include: [...JETSTREAM_SUITES],
          globalSetup: ['test/jetstream/start-nats.ts'],
          setupFiles: ['test/jetstream/set-up.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          retry,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          retry,
        },
      },
    ],
  },
});
