/** What messages of a queue are looked for: texts in their bodies, keys, headers, and members of a body that is JSON. */

import { isUtf8 } from 'node:buffer';
import { decodeShortstr } from '../../codec/bytes.ts';
import type { FieldTable } from '../../codec/field-table.ts';
import { decodeProperties } from '../../codec/properties.ts';
import type { MessageRecord } from '../../core/message/message-record.ts';
import { jsonOfField } from '../field-json.ts';
import { isWanted, JsonPath } from './json-path.ts';
import { invalidPart } from './problem.ts';
import { RequestInput } from './request-input.ts';

/** Of one body: a larger one is not parsed, and does not match. Parsing takes 2 ms then, and cannot be interrupted. */
const PARSED_BYTES_MAX = 256 * 1024;
/** Of all bodies that one request parses, about half a second: the rest waits for the next request. */
const ALL_PARSED_BYTES_MAX = 64 * 2 ** 20;
const HEADER_PREFIX = 'header.';
const JSON_PREFIX = 'json.';
const BACKSLASH = 0x5c;

/** A query of fields with fixed names, and of conditions, whose names begin with `header.` and `json.`. */
export class SearchQuery {
  /** The fields with fixed names. */
  readonly input: RequestInput;
  readonly headers: ReadonlyMap<string, string>;
  readonly json: ReadonlyMap<string, string>;

  constructor(query: Readonly<Record<string, unknown>>, known: ReadonlySet<string>) {
    const headers = new Map<string, string>();
    const json = new Map<string, string>();
    const fields: Record<string, unknown> = Object.create(null);
    for (const name in query) {
      const value = query[name];
      const [conditions, prefix] = name.startsWith(HEADER_PREFIX)
        ? [headers, HEADER_PREFIX]
        : [json, JSON_PREFIX];
      if (!name.startsWith(prefix)) fields[name] = value;
      else if (typeof value === 'string') conditions.set(name.slice(prefix.length), value);
      else throw invalidPart(`query/${name}`, value, 'it must be given once');
    }
    this.input = new RequestInput('query', fields, known);
    this.headers = headers;
    this.json = json;
  }
}

/** All its conditions have to hold. */
export class MessageSearch {
  readonly #text: Buffer | undefined;
  readonly #routingKey: string | undefined;
  readonly #messageId: string | undefined;
  readonly #headers: ReadonlyMap<string, string>;
  readonly #paths: readonly JsonPath[];
  #parsedBytes = 0;

  constructor({ input, headers, json }: SearchQuery) {
    const text = input.text('search');
    this.#text = text === undefined ? undefined : Buffer.from(text);
    this.#routingKey = input.text('routing_key');
    this.#messageId = input.text('message_id');
    this.#headers = headers;
    this.#paths = [...json].map(([path, wanted]) => new JsonPath(path, wanted));
  }

  /** It has parsed as much as one request may. */
  get isExhausted(): boolean {
    return this.#parsedBytes >= ALL_PARSED_BYTES_MAX;
  }

  matches(record: MessageRecord): boolean {
    return this.#addressMatches(record) && this.#propertiesMatch(record) && this.#bodyMatches(record);
  }

  #addressMatches({ bytes, addressStart, addressEnd }: MessageRecord): boolean {
    if (this.#routingKey === undefined) return true;
    const keyAt = addressStart + 1 + (bytes[addressStart] as number);
    return decodeShortstr(bytes, keyAt + 1, addressEnd) === this.#routingKey;
  }

  #propertiesMatch({ bytes, addressEnd, bodyStart }: MessageRecord): boolean {
    if (this.#messageId === undefined && this.#headers.size === 0) return true;
    const { messageId, headers } = decodeProperties(bytes, addressEnd, bodyStart);
    if (this.#messageId !== undefined && messageId !== this.#messageId) return false;
    return this.#headersMatch(headers);
  }

  #headersMatch(table: FieldTable | undefined): boolean {
    for (const [name, wanted] of this.#headers) {
      const field = table?.get(name);
      if (field === undefined || !isWanted(jsonOfField(field), wanted)) return false;
    }
    return true;
  }

  #bodyMatches({ bytes, bodyStart, bodyEnd }: MessageRecord): boolean {
    if (this.#text === undefined && this.#paths.length === 0) return true;
    const body = Buffer.from(bytes.buffer, bytes.byteOffset + bodyStart, bodyEnd - bodyStart);
    if (this.#text !== undefined && !body.includes(this.#text)) return false;
    return this.#paths.length === 0 || this.#jsonMatches(body);
  }

  #jsonMatches(body: Buffer): boolean {
    if (body.length > PARSED_BYTES_MAX) return false;
    // Most messages hold nothing of what is looked for: that is seen at a tenth of the time.
    if (
      !body.includes(BACKSLASH) &&
      this.#paths.some(({ literal }) => literal !== undefined && !body.includes(literal))
    )
      return false;
    this.#parsedBytes += body.length;
    const json = jsonOf(body);
    return this.#paths.every((path) => path.matches(json));
  }
}

/** undefined for what is no JSON. */
function jsonOf(body: Buffer): unknown {
  if (!isUtf8(body)) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
