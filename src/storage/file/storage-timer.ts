/** How the engines wait. A test that drives the clock brings its own. */
export interface StorageTimer {
  /** Calls `callback` once, in `ms` milliseconds. Returns what calls it off. */
  after(ms: number, callback: () => void): () => void;
}

/** Does not keep the process alive. */
export const nodeTimer: StorageTimer = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};
