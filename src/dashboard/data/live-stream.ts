/**
 * Live updates: one stream of server-sent events for all that the page shows. The broker asks each path itself, and sends an
 * answer when it is not the one before.
 */

/** - idle: nothing is watched. */
export type LiveState = 'idle' | 'connecting' | 'live' | 'lost';

export interface LiveAnswer {
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

interface LiveEnd {
  readonly reason: 'unauthorised' | 'stopped';
}

interface Listeners {
  onAnswer(answer: LiveAnswer): void;
  /** The session has ended. */
  onLoggedOut(): void;
  /** It is tried again. Why it is lost a browser does not say: the session may have ended, too. */
  onLost(): void;
}

/** Pages mount many parts in one go: they share one stream. */
const GATHER_MS = 30;
const RETRY_MS = 3000;

export class LiveStream {
  readonly #listeners: Listeners;
  readonly #watchers = new Map<string, number>();
  readonly #onState = new Set<() => void>();
  #state: LiveState = 'idle';
  #source: EventSource | undefined;
  #timer: number | undefined;
  #openPaths = '';

  constructor(listeners: Listeners) {
    this.#listeners = listeners;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Returns what ends it. */
  subscribe(onState: () => void): () => void {
    this.#onState.add(onState);
    return () => this.#onState.delete(onState);
  }

  /** Returns what ends it. */
  watch(path: string): () => void {
    this.#watchers.set(path, (this.#watchers.get(path) ?? 0) + 1);
    this.#schedule(GATHER_MS);
    return () => {
      const left = (this.#watchers.get(path) ?? 1) - 1;
      if (left > 0) this.#watchers.set(path, left);
      else this.#watchers.delete(path);
      this.#schedule(GATHER_MS);
    };
  }

  close(): void {
    window.clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  #schedule(delayMs: number): void {
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#open(), delayMs);
  }

  #open(): void {
    const paths = [...this.#watchers.keys()].sort();
    const key = paths.join('\n');
    if (key === this.#openPaths && this.#source?.readyState === EventSource.OPEN) return;
    this.close();
    this.#openPaths = key;
    if (paths.length === 0) {
      this.#setState('idle');
      return;
    }
    const search = new URLSearchParams(paths.map((path) => ['path', path]));
    const source = new EventSource(`/v1/watch?${search}`);
    this.#source = source;
    if (this.#state !== 'live') this.#setState('connecting');
    source.addEventListener('open', () => this.#setState('live'));
    source.addEventListener('answer', ({ data }) => this.#listeners.onAnswer(JSON.parse(data) as LiveAnswer));
    source.addEventListener('end', ({ data }) => this.#end(JSON.parse(data) as LiveEnd));
    source.addEventListener('error', () => this.#retry());
  }

  /** A broker that stops is there again soon, and knows who is logged in or not. */
  #end({ reason }: LiveEnd): void {
    if (reason === 'stopped') {
      this.#retry();
      return;
    }
    this.close();
    this.#setState('lost');
    this.#listeners.onLoggedOut();
  }

  /** Browsers do not try again after an answer that is no stream, so this does. */
  #retry(): void {
    this.close();
    this.#setState('lost');
    this.#schedule(RETRY_MS);
    this.#listeners.onLost();
  }

  #setState(state: LiveState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of this.#onState) listener();
  }
}
