import type { Patch } from './built-copy.ts';

/** A mistake that somebody could make in what makes a cluster safe. */
export interface PlantedMistake {
  readonly name: string;
  readonly patch: Patch;
  /** The faults that must find it, again and again; none: the pause of an owner. */
  readonly faults: readonly string[];
  /** Planted also when not all are asked for. */
  readonly isQuick?: boolean;
  /** With it a cluster does not even begin. */
  readonly isFoundAtStart?: boolean;
}

export const PLANTED_MISTAKES: readonly PlantedMistake[] = [
  {
    name: 'what was appended counts as durable at once',
    patch: {
      file: 'storage/jetstream/jetstream-engine.js',
      from: 'return this.#durableBlock;\n',
      to: 'return this.#lastBlock;\n',
    },
    faults: ['kill -9 of two NATS servers at once', 'kill -9 of the owner'],
    isQuick: true,
  },
  {
    name: 'an unknown outcome counts as appended',
    patch: {
      file: 'storage/jetstream/entry-appender.js',
      from: "case 'unknown':\n",
      to: "case 'unknown': return this.#appended();\n",
    },
    faults: ['kill -9 of two NATS servers at once', 'what the owner sends to NATS vanishes'],
  },
  {
    name: 'a lease holds for ever',
    patch: {
      file: 'cluster/ownership.js',
      from: 'if (this.#options.clock.nowMs() < state.validUntilMs)\n            return true;\n        const',
      to: 'return true;\n        const',
    },
    faults: [],
    isQuick: true,
  },
  {
    name: 'nobody waits for the end of a lease',
    patch: {
      file: 'cluster/ownership.js',
      from: 'return isFree ? 0 :',
      to: 'return 0 *',
    },
    faults: ['kill -9 of the owner'],
    isFoundAtStart: true,
  },
  {
    name: 'an append does not expect anything',
    patch: {
      file: 'storage/jetstream/nats-log.js',
      from: 'lastSequence: sequence - 1',
      to: '',
    },
    faults: ['what the owner sends to NATS vanishes', 'SIGSTOP of the NATS server that leads the log'],
  },
  {
    name: 'a replay leaves out the newest batch',
    patch: {
      file: 'storage/jetstream/replay-stream.js',
      from: 'if (batch !== undefined)',
      to: 'if (batch !== undefined && sequence !== fence.sequence - 1)',
    },
    faults: ['kill -9 of the owner'],
    isQuick: true,
  },
  {
    name: 'a replay begins too late',
    patch: {
      file: 'storage/jetstream/jetstream-engine.js',
      from: 'if (oldest !== undefined)\n            return oldest;',
      to: '',
    },
    faults: ['kill -9 of the owner'],
  },
  {
    name: 'the next owner does not know what was delivered',
    patch: {
      file: 'core/recovery/restored-lane.js',
      from: 'Math.max(recorded ?? REACH_STEP, this.#notedEnd)',
      to: '0',
    },
    faults: ['kill -9 of the owner'],
  },
];
