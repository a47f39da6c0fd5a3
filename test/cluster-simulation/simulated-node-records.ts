import type { NodeEntry, NodeRecords } from '../../src/cluster/node-records.ts';

/** What nodes say of themselves, in memory and at once. */
export class SimulatedNodeRecords implements NodeRecords {
  /** Nothing is written. */
  isCut = false;
  readonly #entries: Map<string, NodeEntry> = new Map();
  readonly #watchers: Set<(entry: NodeEntry) => void> = new Set();
  #revision = 0;

  async putNode(name: string, text: string): Promise<void> {
    this.#change(name, text);
  }

  async removeNode(name: string): Promise<void> {
    this.#change(name, undefined);
  }

  watchNodes(onEntry: (entry: NodeEntry) => void): () => void {
    this.#watchers.add(onEntry);
    for (const entry of this.#entries.values()) onEntry(entry);
    return () => this.#watchers.delete(onEntry);
  }

  #change(name: string, text: string | undefined): void {
    if (this.isCut) throw new Error('nobody answers');
    const entry = { name, text, revision: ++this.#revision };
    if (text === undefined) this.#entries.delete(name);
    else this.#entries.set(name, entry);
    for (const watcher of this.#watchers) watcher(entry);
  }
}
