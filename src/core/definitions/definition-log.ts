import { ByteWriter } from '../../codec/byte-writer.ts';
import type { MessageStore } from '../message/message-store.ts';
import {
  type BindingDefinition,
  type Definition,
  definitionKey,
  type ExchangeDefinition,
  encodeDefinition,
  type QueueDefinition,
} from './definition.ts';

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
  /** What this version could not make again, by `definitionKey`. */
  readonly #kept = new Map<string, Definition>();

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

  /** `definition` is on record and without effect: so it stays until it, or what it is about, is put or removed. */
  keep(definition: Definition): void {
    this.#kept.set(definitionKey(definition), definition);
  }

  /** Records once more what was kept. */
  recordKept(): void {
    for (const definition of [...this.#kept.values()]) {
      this.put(definition);
      this.keep(definition);
    }
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

  #forgetKept(definition: Definition, removed: boolean): void {
    this.#kept.delete(definitionKey(definition));
    if (!removed) return;
    for (const [key, kept] of this.#kept) if (isAbout(kept, definition)) this.#kept.delete(key);
  }

  #record(definition: Definition, removed: boolean): void {
    if (!this.#store.survives || this.#restoring) return;
    if (this.#kept.size > 0) this.#forgetKept(definition, removed);
    const writer = this.#writer;
    writer.reset();
    encodeDefinition(writer, definition, removed);
    this.#store.define(writer.bytes, 0, writer.position);
    this.#onRecorded();
  }
}

/** Whether `definition` goes with `end`. */
function isAbout(definition: Definition, end: Definition): boolean {
  switch (end.kind) {
    case 'vhost':
      return 'vhost' in definition && definition.vhost === end.name;
    case 'user':
      return 'user' in definition && definition.user === end.name;
    case 'exchange':
    case 'queue':
      return definition.kind === 'binding' && definition.vhost === end.vhost && isEndOf(definition, end);
    default:
      return false;
  }
}

function isEndOf(binding: BindingDefinition, { kind, name }: ExchangeDefinition | QueueDefinition): boolean {
  if (kind === 'exchange' && binding.source === name) return true;
  return binding.destinationKind === kind && binding.destination === name;
}
