/** What the global set-up tells the tests: where the servers are that all of them share. */
export interface ProvidedNats {
  /** `nats://127.0.0.1:PORT` */
  readonly servers: readonly string[];
  /** `http://127.0.0.1:PORT` */
  readonly monitors: readonly string[];
}

declare module 'vitest' {
  interface ProvidedContext {
    nats: ProvidedNats;
  }
}
