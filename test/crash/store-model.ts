import {
  type Definition,
  type DefinitionChange,
  decodeDefinition,
  definitionKey,
  definitionText,
} from '../../src/core/definitions/definition.ts';
import { isKeptAt, type KeptHead, readKept } from '../../src/core/message/kept-record.ts';
import {
  destinationCountAt,
  destinationLane,
  destinationSeq,
  MessageRecord,
} from '../../src/core/message/message-record.ts';
import type { Page, RecordVisitor } from '../../src/core/message/message-store.ts';
import { readBody } from './message-body.ts';

interface NoteModel {
  readonly returnCount: number;
  readonly heldUntilMs: number;
}

/** What is durable of a lane: its persistent messages that are not settled, by seq, and what is known of them. */
class LaneModel {
  readonly messages = new Map<number, ModelMessage>();
  readonly notes = new Map<number, NoteModel>();
  /** What was recorded last. */
  reach: number | undefined;
}

export interface ModelMessage {
  /** What the workload calls it; undefined when the body is not as it was published. */
  readonly id: number | undefined;
  /** Of everything in the record but its destinations. */
  readonly hash: number;
  /** Of what the broker keeps under a key, and is no message. */
  readonly kept: KeptHead | undefined;
}

interface KnownDefinition {
  readonly definition: Definition;
  readonly key: string;
  readonly removed: boolean;
  readonly text: string;
}

/** The same few definitions are decoded a million times. */
const DECODED = new Map<string, KnownDefinition>();
const DECODED_MAX = 10_000;

/**
 * What has to survive, in the simplest form: built from the calls that a message store gets while it runs, and again from
 * what it finds when it starts. The two must be equal at the end of some group.
 */
export class StoreModel implements RecordVisitor {
  readonly lanes = new Map<number, LaneModel>();
  readonly definitions = new Map<string, KnownDefinition>();
  readonly #record = new MessageRecord();

  /** As a store calls it. Returns how many lanes take it as it is now. */
  onMessage(page: Page, position: number): number {
    const message = this.#read(page, position);
    const offset = position - page.base;
    const count = destinationCountAt(page, offset);
    for (let index = 0; index < count; index++) {
      const lane = this.#lane(destinationLane(page, offset, index));
      lane.messages.set(destinationSeq(page, offset, index), message);
    }
    return count;
  }

  onSettled(laneId: number, from: number, to: number): void {
    const lane = this.lanes.get(laneId);
    if (lane === undefined) return;
    for (const seq of lane.messages.keys()) if (seq >= from && seq < to) lane.messages.delete(seq);
  }

  onNote(laneId: number, seq: number, returnCount: number, heldUntilMs: number): void {
    this.#lane(laneId).notes.set(seq, { returnCount, heldUntilMs });
  }

  onReach(laneId: number, upTo: number): void {
    this.#lane(laneId).reach = upTo;
  }

  /** Copies are equal: here it does not matter which of them counts. */
  onOlderCopies(): void {}

  onDefinitionsVoid(): void {
    this.definitions.clear();
  }

  onDefinition(bytes: Uint8Array, start: number, end: number): void {
    const known = decoded(bytes, start, end);
    if (known.removed) this.definitions.delete(known.key);
    else this.definitions.set(known.key, known);
  }

  /** All of it that matters, the same for equal models: lanes that nothing owns do not. */
  text(): string {
    const lines = [...this.definitions.values()].map(({ text }) => text).sort();
    for (const { definition } of this.definitions.values()) {
      for (const laneId of lanesOf(definition)) {
        lines.push(`lane ${laneId} of ${definitionText(definition)}:${this.#laneText(laneId)}`);
      }
    }
    lines.push(...this.#bindingOrders());
    return lines.join('\n');
  }

  /** Some exchanges route by the order of their bindings. */
  #bindingOrders(): string[] {
    const bySource = new Map<string, string>();
    for (const { definition, text } of this.definitions.values()) {
      if (definition.kind !== 'binding') continue;
      const source = `order of ${definition.vhost} ${definition.source}:`;
      bySource.set(source, `${bySource.get(source) ?? source} ${text.slice(-8)}`);
    }
    return [...bySource.values()].sort();
  }

  #laneText(laneId: number): string {
    const lane = this.lanes.get(laneId);
    if (lane === undefined) return '';
    let text = lane.reach === undefined ? '' : ` reach ${lane.reach}`;
    for (const [seq, { id, hash }] of [...lane.messages].sort(([a], [b]) => a - b)) {
      const note = lane.notes.get(seq);
      const noted = note === undefined ? '' : `+${note.returnCount}@${note.heldUntilMs}`;
      text += ` ${seq}=${id ?? 'damaged'}#${hash.toString(36)}${noted}`;
    }
    return text;
  }

  #lane(laneId: number): LaneModel {
    let lane = this.lanes.get(laneId);
    if (lane === undefined) this.lanes.set(laneId, (lane = new LaneModel()));
    return lane;
  }

  #read(page: Page, position: number): ModelMessage {
    const record = this.#record;
    record.read(page, position);
    const { bytes, addressStart, bodyStart, bodyEnd, arrivalMs, expirationMs } = record;
    let hash = hashOf(bytes, addressStart, bodyEnd);
    hash = Math.imul(hash ^ (arrivalMs + 31 * expirationMs), FNV_PRIME) >>> 0;
    const id = readBody(bytes, bodyStart, bodyEnd);
    return { id, hash, kept: isKeptAt(page, position - page.base) ? readKept(page, position) : undefined };
  }
}

/** The lanes that belong to what is defined. A priority queue has one for each priority. */
export function lanesOf(definition: Definition): number[] {
  if (definition.kind === 'vhost') {
    const { scheduleLaneId, outcomeLaneId, deduplicationLaneId } = definition;
    return [scheduleLaneId, outcomeLaneId, deduplicationLaneId].filter((laneId) => laneId !== undefined);
  }
  if (definition.kind !== 'queue') return [];
  const priorities = definition.arguments.get('x-max-priority')?.value;
  const count = typeof priorities === 'number' ? priorities + 1 : 1;
  return Array.from({ length: count }, (_, index) => definition.laneId + index);
}

function decoded(bytes: Uint8Array, start: number, end: number): KnownDefinition {
  const cacheKey = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  const known = DECODED.get(cacheKey);
  if (known !== undefined) return known;
  const { definition, removed } = decodeSound(bytes, start, end);
  const hash = hashOf(bytes, start, end).toString(16).padStart(8, '0');
  const made = {
    definition,
    removed,
    key: definitionKey(definition),
    text: `${definitionText(definition)} #${hash}`,
  };
  if (DECODED.size >= DECODED_MAX) DECODED.clear();
  DECODED.set(cacheKey, made);
  return made;
}

/** A definition whose bytes got as far as here must be one. */
function decodeSound(bytes: Uint8Array, start: number, end: number): DefinitionChange {
  try {
    return decodeDefinition(bytes, start, end);
  } catch (error) {
    throw new Error('a definition is damaged, and its checksum is right', { cause: error });
  }
}

const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_OFFSET;
  for (let index = start; index < end; index++) hash = Math.imul(hash ^ (bytes[index] as number), FNV_PRIME);
  return hash >>> 0;
}
