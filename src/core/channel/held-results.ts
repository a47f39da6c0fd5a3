import { copyOf } from '../../codec/bytes.ts';
import type { Field, FieldTable } from '../../codec/field-table.ts';
import { fieldText, isInteger } from '../arguments/field-text.ts';
import { preconditionFailed } from '../failures.ts';
import type { Publication } from '../message/publication.ts';
import type { SettlementResult } from '../outcome/settlement-result.ts';

/** Routing key of the default exchange under which a client gives the result of a delivery. */
export const RESULT_ROUTING_KEY = 'leveret.result';

/** What the channels of one connection hold of results: bytes of bodies and properties. */
const HELD_BYTES_MAX = 16 * 2 ** 20;

const TAG_HEADER = 'x-delivery-tag';
const ERROR_HEADER = 'x-error';

/** The connection of the channels whose results are counted together. */
export interface ResultHolder {
  heldResultBytes: number;
}

/** A result, and the delivery that it is of. */
export interface GivenResult extends SettlementResult {
  readonly deliveryTag: number;
  readonly bytes: number;
}

/** A message published as a result. 406 when it does not say of which delivery, or its error is no text. Has bytes of its own. */
export function givenResultOf(publication: Publication): GivenResult {
  const { body, bodyStart, bodyEnd, propertiesEnd } = publication;
  const { contentType, headers = new Map<string, Field>() } = publication.properties();
  return {
    deliveryTag: deliveryTagOf(headers.get(TAG_HEADER)),
    error: errorOf(headers.get(ERROR_HEADER)),
    contentType,
    headers: withoutOwn(headers),
    body: copyOf(body, bodyStart, bodyEnd),
    bytes: bodyEnd - bodyStart + propertiesEnd,
  };
}

/**
 * The results that a client gave and whose deliveries are not settled yet. In a transaction they count from its commit on.
 */
export class HeldResults {
  readonly #holder: ResultHolder;
  readonly #held = new Map<number, GivenResult>();
  readonly #uncommitted = new Map<number, GivenResult>();

  constructor(holder: ResultHolder) {
    this.#holder = holder;
  }

  /** Looked at per settlement. */
  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** Holds a result in place of an earlier one of the same delivery. 406 when the connection holds too much. */
  hold(given: GivenResult): void {
    this.#put(this.#held, given);
  }

  holdUncommitted(given: GivenResult): void {
    this.#put(this.#uncommitted, given);
  }

  commit(): void {
    for (const [tag, given] of this.#uncommitted) {
      this.take(tag);
      this.#held.set(tag, given);
    }
    this.#uncommitted.clear();
  }

  rollback(): void {
    for (const tag of [...this.#uncommitted.keys()]) this.#takeOut(this.#uncommitted, tag);
  }

  /** The result of a delivery that ends now. */
  take(deliveryTag: number): GivenResult | undefined {
    return this.#takeOut(this.#held, deliveryTag);
  }

  clear(): void {
    this.rollback();
    for (const tag of [...this.#held.keys()]) this.take(tag);
  }

  #put(results: Map<number, GivenResult>, given: GivenResult): void {
    const heldBytes =
      this.#holder.heldResultBytes - (results.get(given.deliveryTag)?.bytes ?? 0) + given.bytes;
    if (heldBytes > HELD_BYTES_MAX) {
      throw preconditionFailed(
        `the results of deliveries that are not settled yet would take ${heldBytes} bytes, where a connection may give ` +
          `${HELD_BYTES_MAX}: settle each delivery before the result of the next`,
      );
    }
    this.#holder.heldResultBytes = heldBytes;
    results.set(given.deliveryTag, given);
  }

  #takeOut(results: Map<number, GivenResult>, deliveryTag: number): GivenResult | undefined {
    const given = results.get(deliveryTag);
    if (given === undefined) return undefined;
    results.delete(deliveryTag);
    this.#holder.heldResultBytes -= given.bytes;
    return given;
  }
}

function deliveryTagOf(field: Field | undefined): number {
  if (field !== undefined && isInteger(field)) return Number(field.value);
  throw invalidHeader(TAG_HEADER, 'an integer, the tag of the delivery that the result is of', field);
}

function errorOf(field: Field | undefined): string | undefined {
  if (field === undefined) return undefined;
  if (typeof field.value === 'string') return field.value;
  throw invalidHeader(ERROR_HEADER, 'a text', field);
}

function invalidHeader(name: string, expected: string, field: Field | undefined): Error {
  const found = field === undefined ? 'none' : `${fieldText(field)} of type ${field.tag}`;
  return preconditionFailed(
    `invalid header '${name}' of a message to ${RESULT_ROUTING_KEY}: expected ${expected}, got ${found}`,
  );
}

/** What the headers say to whoever reads the outcome. */
function withoutOwn(headers: FieldTable): FieldTable | undefined {
  const rest = [...headers].filter(([name]) => name !== TAG_HEADER && name !== ERROR_HEADER);
  return rest.length === 0 ? undefined : new Map(rest);
}
