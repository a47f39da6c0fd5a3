import { ByteWriter } from '../../codec/byte-writer.ts';
import type { MessageStore } from '../message/message-store.ts';
import { type Definition, encodeDefinition } from './definition.ts';

/** Told of every change of a definition, by whoever makes the change. */
export interface DefinitionRecorder {
  /** The definition holds from now on, in place of the one of the same key. */
  put(definition: Definition): void;
  /** The definition does not hold any more. */
  remove(definition: Definition): void;
}

/** What it needs of the message store. */
export type DefinitionStore = Pick<MessageStore, 'survives' | 'define'>;

/** Records changes of definitions in the message store, in the order in which they happen. */
export class DefinitionLog implements DefinitionRecorder {
  readonly #store: DefinitionStore;
  /** Called after each record: a turn has to commit it. */
  readonly #onRecorded: () => void;
  readonly #writer = new ByteWriter();
  #restoring = false;

  constructor(store: DefinitionStore, onRecorded: () => void) {
    this.#store = store;
    this.#onRecorded = onRecorded;
  }

  put(definition: Definition): void {
    this.#record(definition, false);
  }

  remove(definition: Definition): void {
    this.#record(definition, true);
  }

  /** Runs `restore`, which makes again what is on record already: nothing is recorded meanwhile. */
  whileRestoring(restore: () => void): void {
    this.#restoring = true;
    try {
      restore();
    } finally {
      this.#restoring = false;
    }
  }

  #record(definition: Definition, removed: boolean): void {
    if (!this.#store.survives || this.#restoring) return;
    const writer = this.#writer;
    writer.reset();
    encodeDefinition(writer, definition, removed);
    this.#store.define(writer.bytes, 0, writer.position);
    this.#onRecorded();
  }
}
