import type { Random } from '../../src/core/environment.ts';
import type { JsonSchema } from '../../src/management/v1/json-schema.ts';
import type { OpenApiDocument, OpenApiOperation, OpenApiParameter } from '../../src/management/v1/openapi.ts';
import { below, pick } from './frame-mutation.ts';

/** A request before it is written down. */
export interface FuzzRequest {
  method: string;
  /** Segments of the path, not encoded. */
  segments: string[];
  query: [name: string, value: string][];
  headers: Record<string, string>;
  /** Undefined: none. */
  body: Uint8Array | undefined;
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operation: OpenApiOperation;
}

export function operationsOf({ paths }: OpenApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** What names stand for in a broker that is there. */
export interface KnownNames {
  readonly queues: readonly string[];
  readonly exchanges: readonly string[];
  /** Names that answers gave: of leases, scheduled messages, positions. */
  readonly seen: string[];
}

/** Makes requests in which nothing is wrong, of what the document says. */
export class RequestMaker {
  readonly #random: Random;
  readonly #names: KnownNames;

  constructor(random: Random, names: KnownNames) {
    this.#random = random;
    this.#names = names;
  }

  make({ method, path, operation }: Operation): FuzzRequest {
    const parameters = operation.parameters ?? [];
    const request: FuzzRequest = {
      method,
      segments: path
        .split('/')
        .slice(1)
        .map((segment) => this.#segment(segment)),
      query: [],
      headers: {},
      body: undefined,
    };
    for (const parameter of parameters) this.#addParameter(request, parameter);
    if (operation.requestBody !== undefined) this.#addBody(request, operation.requestBody.content);
    return request;
  }

  #segment(segment: string): string {
    switch (segment) {
      case '{vhost}':
        return '/';
      case '{queue}':
        return pick(this.#random, this.#names.queues);
      case '{exchange}':
        return pick(this.#random, this.#names.exchanges);
      default:
        return segment.startsWith('{') ? this.#seen() : segment;
    }
  }

  #addParameter(request: FuzzRequest, { in: place, name, required, schema }: OpenApiParameter): void {
    if (place === 'path' || (required !== true && below(this.#random, 3) !== 0)) return;
    const value = this.#value(schema, name);
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    if (place === 'query') request.query.push([name, text]);
    else if (place === 'header') request.headers[name] = text;
  }

  #addBody(request: FuzzRequest, content: Readonly<Record<string, { readonly schema: JsonSchema }>>): void {
    const mediaType = pick(this.#random, Object.keys(content));
    const value = this.#value((content[mediaType] as { schema: JsonSchema }).schema, 'body');
    request.headers['content-type'] = mediaType;
    const text = mediaType === 'application/json' ? JSON.stringify(value) : this.#plain(mediaType, value);
    request.body = Buffer.from(text);
  }

  #plain(mediaType: string, value: unknown): string {
    if (mediaType !== 'application/x-ndjson') return String(value);
    return `{"payload":${JSON.stringify(String(value))}}\n{"payload":"","routing_key":"q1"}`;
  }

  #value(schema: JsonSchema, name: string): unknown {
    const random = this.#random;
    if (schema.enum !== undefined) return pick(random, schema.enum);
    const type = Array.isArray(schema.type) ? pick(random, schema.type) : schema.type;
    switch (type) {
      case 'object':
        return this.#object(schema);
      case 'array':
        return Array.from({ length: below(random, 4) }, () => this.#value(schema.items ?? {}, name));
      case 'integer':
      case 'number':
        return this.#integer(schema);
      case 'boolean':
        return below(random, 2) === 0;
      case 'null':
        return null;
      default:
        return this.#text(schema, name);
    }
  }

  #object({ properties = {}, required = [], additionalProperties }: JsonSchema): unknown {
    const random = this.#random;
    const object: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(properties)) {
      if (required.includes(name) || below(random, 3) === 0) object[name] = this.#value(schema, name);
    }
    if (additionalProperties === true && below(random, 2) === 0)
      object[`h${below(random, 5)}`] = pick(random, ['text', 5, 0.5, true, ['a', 1], { deep: 'x' }]);
    return object;
  }

  #integer({ minimum = 0, maximum = 1000 }: JsonSchema): number {
    return minimum + below(this.#random, Math.min(maximum - minimum + 1, 1000));
  }

  #text({ format, pattern }: JsonSchema, name: string): string {
    const random = this.#random;
    if (format === 'date-time') return `2026-0${1 + below(random, 9)}-01T00:00:00Z`;
    if (pattern?.includes('ms|s|m') === true) return pick(random, ['0s', '1ms', '1s', '30s', '1m', '1h']);
    if (name === 'queue' || name === 'routing_key') return pick(random, this.#names.queues);
    if (name === 'exchange') return pick(random, this.#names.exchanges);
    if (/lease|^id$|from|message_id/.test(name)) return this.#seen();
    if (name === 'vhost') return '/';
    return pick(random, ['', 'text', 'AAECAw==', 'guest', 'schöne Grüße', '0-0', 'k'.repeat(200)]);
  }

  #seen(): string {
    return this.#names.seen.length === 0 ? 'nothing' : pick(this.#random, this.#names.seen);
  }
}
