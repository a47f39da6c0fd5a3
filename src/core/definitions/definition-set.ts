import { CodecError } from '../../codec/errors.ts';
import { type Definition, DefinitionError, decodeDefinition, definitionKey } from './definition.ts';

/**
 * The definitions that hold after what was recorded so far, in the order in which they were made: one that changed keeps
 * its place, and one that was removed and made again has come last. The order of bindings decides where some exchanges
 * send a message.
 */
export class DefinitionSet implements Iterable<Definition> {
  /** By `definitionKey`. */
  readonly #definitions = new Map<string, Definition>();
  readonly #problems: string[] = [];

  get isEmpty(): boolean {
    return this.#definitions.size === 0;
  }

  /** What was found and not understood, for people to read. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Takes one record: `bytes[start, end)` as `encodeDefinition` wrote them. */
  apply(bytes: Uint8Array, start: number, end: number): void {
    try {
      const { definition, removed } = decodeDefinition(bytes, start, end);
      const key = definitionKey(definition);
      if (removed) this.#definitions.delete(key);
      else this.#definitions.set(key, definition);
    } catch (error) {
      if (!(error instanceof DefinitionError || error instanceof CodecError)) throw error;
      this.#problems.push(error.message);
    }
  }

  clear(): void {
    this.#definitions.clear();
    this.#problems.length = 0;
  }

  [Symbol.iterator](): Iterator<Definition> {
    return this.#definitions.values();
  }
}
