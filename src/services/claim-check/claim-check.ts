/** Payloads that travel beside the queue. */
export interface ClaimCheck {
  /** Puts a body away when it is above the size, and resolves with its name; undefined when it travels as it is. */
  store(body: Uint8Array): Promise<string | undefined>;
  /** Rejects for a name that no service gave, and when the body is not there or not as it was. */
  load(name: string): Promise<Uint8Array>;
  /** Removes what was put away before. Resolves with how many. */
  removeBefore(timeMs: number): Promise<number>;
}
