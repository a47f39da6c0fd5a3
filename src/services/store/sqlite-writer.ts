import { whenFree } from './sqlite-busy.ts';
import type { SqliteConnection, SqliteStatement } from './sqlite-driver.ts';
import { asError, StoreError } from './store-error.ts';

/** Transactions that one commit takes along at most. */
const GROUP_MAX = 256;
/** After this long a group is committed, although others wait to join it. */
const GROUP_MS_MAX = 20;

/** Transactions that are committed together, as savepoints of one transaction of SQLite. */
class Group {
  readonly beganMs = performance.now();
  readonly settled: Promise<void>;
  /** Savepoints that are released. */
  size = 0;
  /** It is looked at at the end of this round of the event loop. */
  isScheduled = false;
  /** What is written by this group only, so that nobody must take it for durable yet. */
  readonly marks = new Set<string>();
  resolve!: () => void;
  reject!: (error: Error) => void;

  constructor() {
    this.settled = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever released a savepoint waits for it; in an empty group that is nobody.
    this.settled.catch(() => undefined);
  }
}

/**
 * The one connection of this process that writes into a file of SQLite. Transactions take turns: a savepoint is open from
 * `begin` to `release` or `undo`, and nobody else's statements come in between.
 *
 *     BEGIN IMMEDIATE | SAVEPOINT ... RELEASE | SAVEPOINT ... ROLLBACK TO | SAVEPOINT ... RELEASE | COMMIT
 *                       message 1               message 2                   message 3
 *
 * What is released waits for the commit, which comes when nobody waits for a turn. So the disk syncs once for all that came
 * while it synced the last time.
 */
export class SqliteWriter {
  readonly #connection: SqliteConnection;
  readonly #path: string;
  readonly #waiting: (() => void)[] = [];
  /** Somebody has the turn, or the commit is under way. */
  #isTaken = false;
  #group: Group | undefined;
  /** So many transactions are committed alone: after a commit that failed, so that what made it fail fails for itself the next time. */
  #aloneCount = 0;
  #begin: SqliteStatement | undefined;
  #savepoint: SqliteStatement | undefined;
  #release: SqliteStatement | undefined;

  constructor(connection: SqliteConnection, path: string) {
    this.#connection = connection;
    this.#path = path;
  }

  /** Waits for its turn, and opens a savepoint. */
  async begin(): Promise<void> {
    if (this.#isTaken) await this.#turn();
    this.#isTaken = true;
    try {
      if (this.#group === undefined) await this.#beginGroup();
      this.#savepoint ??= this.#connection.prepare('savepoint message');
      this.#savepoint.run([]);
    } catch (error) {
      this.#passOn();
      throw error;
    }
  }

  /** Notes what the open savepoint wrote. */
  mark(key: string): void {
    this.#group?.marks.add(key);
  }

  /** Whether it may have been written by what is not committed yet. */
  isUncommitted(key: string): boolean {
    return this.#group?.marks.has(key) === true;
  }

  /** Ends the open savepoint with success. Resolves when it is durable. */
  release(): Promise<void> {
    const group = this.#groupOfTurn();
    try {
      this.#release ??= this.#connection.prepare('release message');
      this.#release.run([]);
      group.size += 1;
    } catch (error) {
      this.#failGroup(group, asError(error));
    }
    this.#passOn();
    return group.settled;
  }

  /** Ends the open savepoint as if nothing had been. */
  undo(): void {
    const group = this.#groupOfTurn();
    try {
      this.#connection.exec('rollback to message; release message');
    } catch (error) {
      // After a full disk, for instance, SQLite has rolled back everything already.
      this.#failGroup(group, asError(error));
    }
    this.#passOn();
  }

  /** Ends the open savepoint as if nothing had been, and commits what came before it. Resolves when that is durable. */
  async undoAndCommit(): Promise<void> {
    const group = this.#groupOfTurn();
    try {
      this.#connection.exec('rollback to message; release message');
    } catch (error) {
      this.#failGroup(group, asError(error));
    }
    await this.#commit();
    await group.settled;
  }

  /** Resolves when everybody had their turn and all is committed. */
  async idle(): Promise<void> {
    while (this.#isTaken || this.#group !== undefined) {
      if (this.#isTaken) await this.#turn();
      this.#isTaken = true;
      await this.#commit();
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #groupOfTurn(): Group {
    if (this.#group !== undefined && this.#isTaken) return this.#group;
    throw new StoreError('TRANSACTION_ENDED', `no transaction is open in ${this.#path}`);
  }

  async #beginGroup(): Promise<void> {
    // Left by a group that failed, where the disk did not even take the rollback.
    if (this.#connection.inTransaction) this.#connection.exec('rollback');
    const statement = (this.#begin ??= this.#connection.prepare('begin immediate'));
    await whenFree(this.#path, () => statement.run([]));
    this.#group = new Group();
  }

  /** After a turn: the next one's turn, or the commit. */
  #passOn(): void {
    const group = this.#group;
    if (group !== undefined && this.#isFull(group)) {
      void this.#commit();
      return;
    }
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    this.#isTaken = false;
    // What else this round of the event loop begins joins the group.
    if (group === undefined || group.isScheduled) return;
    group.isScheduled = true;
    setImmediate(() => this.#commitIfIdle(group));
  }

  #isFull(group: Group): boolean {
    return (
      group.size >= (this.#aloneCount > 0 ? 1 : GROUP_MAX) || performance.now() - group.beganMs > GROUP_MS_MAX
    );
  }

  #commitIfIdle(group: Group): void {
    group.isScheduled = false;
    if (this.#isTaken || this.#group !== group) return;
    this.#isTaken = true;
    void this.#commit();
  }

  /** Never rejects: who waits for the group hears of a failure. */
  async #commit(): Promise<void> {
    const group = this.#group;
    try {
      if (group !== undefined) await this.#connection.commit();
      group?.resolve();
      this.#aloneCount = Math.max(this.#aloneCount - 1, 0);
    } catch (error) {
      if (group !== undefined) this.#failGroup(group, asError(error));
    }
    this.#group = undefined;
    this.#passOn();
  }

  #failGroup(group: Group, error: Error): void {
    group.reject(error);
    this.#group = undefined;
    this.#aloneCount = 2 * group.size;
    try {
      if (this.#connection.inTransaction) this.#connection.exec('rollback');
    } catch {
      // The next one that begins tries again, and hears what is the matter.
    }
  }
}
