/**
 * Which nodes of a cluster are there. Each writes down every few seconds that it is; one whose record stands still is taken for gone.
 * Clocks of others are not looked at.
 */
import type { BrokerEvent, Clock } from '../core/environment.ts';
import type { StorageTimer } from '../storage/file/storage-timer.ts';
import type { NodeEntry, NodeRecords } from './node-records.ts';

/** What a node says of itself. */
export interface NodeFacts {
  readonly role: 'starting' | 'owner' | 'standby';
  /** Of Leveret. */
  readonly version: string;
  /** What it does with clients while it is a standby. */
  readonly standbyMode: 'pass' | 'refuse';
  /** As others reach it, `host:port`; '' where it has none. */
  readonly httpAddress: string;
  readonly amqpAddress: string;
}

export interface KnownNode extends NodeFacts {
  readonly name: string;
}

export interface NodeDirectoryOptions {
  readonly records: NodeRecords;
  /** The name of this node. */
  readonly node: string;
  /** Distinguishes this process from another one that was given the same name: a random text. */
  readonly life: string;
  facts(): NodeFacts;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly timer: StorageTimer;
  readonly intervalMs?: number;
  onEvent(event: BrokerEvent): void;
}

interface Seen {
  readonly revision: number;
  /** When this revision was first seen. */
  readonly atMs: number;
  /** It was seen to change: it may have stood still for days before the first sight. */
  readonly isMoving: boolean;
  readonly life: string;
  readonly facts: NodeFacts;
}

const INTERVAL_MS_DEFAULT = 2_000;
/** A node that has not said for so many intervals that it is there is gone. */
const INTERVALS_MISSED_MAX = 3;
/** Names may be left of nodes that never come back. More of them are not kept in memory. */
const NODES_MAX = 1_000;

export class NodeDirectory {
  readonly #options: NodeDirectoryOptions;
  readonly #intervalMs: number;
  readonly #seen: Map<string, Seen> = new Map();
  #stopWatching: () => void = () => {};
  #cancelTimer: () => void = () => {};
  #isStarted = false;
  #hasToldOfTwin = false;

  constructor(options: NodeDirectoryOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? INTERVAL_MS_DEFAULT;
  }

  start(): void {
    this.#isStarted = true;
    this.#stopWatching = this.#options.records.watchNodes((entry) => this.#onEntry(entry));
    this.#tell();
  }

  /** Says now what has changed, and does not wait until it is time. */
  changed(): void {
    if (this.#isStarted) this.#tell();
  }

  /** Resolves once others know that this node has gone, or cannot be told. One that was not started may have a namesake that goes on. */
  async stop(): Promise<void> {
    const wasStarted = this.#isStarted;
    this.#isStarted = false;
    this.#stopWatching();
    this.#cancelTimer();
    if (!wasStarted) return;
    await this.#options.records.removeNode(this.#options.node).catch(() => undefined);
  }

  /** The nodes that are there, this one among them, by name. */
  alive(): readonly KnownNode[] {
    const { node, facts } = this.#options;
    const others = [...this.#seen]
      .filter(([name, seen]) => name !== node && this.#isAlive(seen))
      .map(([name, seen]) => ({ name, ...seen.facts }));
    const own = { name: node, ...facts() };
    return [own, ...others].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  #isAlive({ isMoving, atMs }: Seen): boolean {
    return isMoving && this.#options.clock.nowMs() - atMs <= INTERVALS_MISSED_MAX * this.#intervalMs;
  }

  /** What cannot be written now is written anew soon. */
  #tell(): void {
    const { records, node, life, timer, facts } = this.#options;
    this.#cancelTimer();
    this.#cancelTimer = timer.after(this.#intervalMs, () => this.#tell());
    records.putNode(node, JSON.stringify({ life, ...facts() })).catch(() => undefined);
  }

  #onEntry({ name, text, revision }: NodeEntry): void {
    const before = this.#seen.get(name);
    if (before !== undefined && revision <= before.revision) return;
    const found = text === undefined ? undefined : readFacts(text);
    if (found === undefined) {
      this.#seen.delete(name);
      return;
    }
    if (before === undefined && this.#seen.size >= NODES_MAX) return;
    const isMoving = before !== undefined && before.revision !== revision;
    this.#seen.set(name, { revision, atMs: this.#options.clock.nowMs(), isMoving, ...found });
    if (name === this.#options.node && isMoving) this.#lookForTwin(found.life);
  }

  /** The first record may be left of this node's former life. */
  #lookForTwin(life: string): void {
    const { node, onEvent } = this.#options;
    if (life === this.#options.life || this.#hasToldOfTwin) return;
    this.#hasToldOfTwin = true;
    const text = `another process of the cluster has the name of this node, '${node}', too`;
    onEvent({ level: 'error', text: `cluster: ${text}: give each a --node-name of its own` });
  }
}

/** Undefined: no node of any version wrote this. Others than ours may say more, or less. */
function readFacts(text: string): { readonly life: string; readonly facts: NodeFacts } | undefined {
  const found = objectOf(text);
  if (found === undefined) return undefined;
  const textAt = (key: string): string => (typeof found[key] === 'string' ? found[key] : '');
  const role = textAt('role');
  return {
    life: textAt('life'),
    facts: {
      role: role === 'owner' || role === 'standby' ? role : 'starting',
      version: textAt('version'),
      standbyMode: textAt('standbyMode') === 'refuse' ? 'refuse' : 'pass',
      httpAddress: textAt('httpAddress'),
      amqpAddress: textAt('amqpAddress'),
    },
  };
}

/** The keys are those of nodes, and only ours are looked at. */
function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
