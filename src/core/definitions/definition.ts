/**
 * Definitions: what operators and applications declared, and what has to be there again after a restart. Each is stored as
 * an AMQP field table. A log of them, read from front to back, says what holds: a definition replaces the one of the
 * same key, and one with `removed` ends it.
 *
 *     { kind: S, [removed: t], vhost: S, name: S, ... }      the fields of the interfaces below, under the same names
 *
 * A field that is undefined is left out, and one that this version does not know is ignored, so that a later one can add some.
 * The arguments of queues, exchanges and bindings are a table of their own, in bytes (x): they may be as deep and as
 * long as a table may be at all, and would not fit into another.
 */
import { ByteReader } from '../../codec/byte-reader.ts';
import { ByteWriter } from '../../codec/byte-writer.ts';
import { type FieldTable, type PlainValue, readTable, tableOf } from '../../codec/field-table.ts';
import { tableKey } from '../arguments/table-key.ts';

export interface VhostDefinition {
  readonly kind: 'vhost';
  readonly name: string;
  /** The lane of the messages that are to be published later. */
  readonly scheduleLaneId: number;
  /** The lanes of what is kept under a key; undefined: nothing ever was. */
  readonly outcomeLaneId?: number | undefined;
  readonly deduplicationLaneId?: number | undefined;
  readonly maxConnections: number | undefined;
  readonly maxQueues: number | undefined;
  /** Undefined: none. */
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly defaultQueueType?: string | undefined;
  /** Undefined: no. */
  readonly tracing?: true | undefined;
}

export interface UserDefinition {
  readonly kind: 'user';
  readonly name: string;
  readonly passwordHash: string | undefined;
  readonly tags: readonly string[];
  readonly maxConnections: number | undefined;
  readonly maxChannels: number | undefined;
}

export interface PermissionDefinition {
  readonly kind: 'permission';
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface TopicPermissionDefinition {
  readonly kind: 'topic-permission';
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

/** A setting of a vhost that core keeps and does not look into. */
export interface ParameterDefinition {
  readonly kind: 'parameter';
  readonly vhost: string;
  readonly component: string;
  readonly name: string;
  /** JSON text. */
  readonly value: string;
}

/** The same for the whole broker. */
export interface GlobalParameterDefinition {
  readonly kind: 'global-parameter';
  readonly name: string;
  /** JSON text. */
  readonly value: string;
}

export interface PolicyDefinition {
  readonly kind: 'policy' | 'operator-policy';
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  readonly applyTo: string;
  readonly priority: number;
  readonly definition: FieldTable;
}

/** A durable exchange. */
export interface ExchangeDefinition {
  readonly kind: 'exchange';
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

/** A durable queue that is not exclusive. */
export interface QueueDefinition {
  readonly kind: 'queue';
  readonly vhost: string;
  readonly name: string;
  readonly autoDelete: boolean;
  /** The lane of the lowest priority; those above it have the numbers that follow. */
  readonly laneId: number;
  /** An operator paused it; undefined: no. */
  readonly paused?: true | undefined;
  readonly arguments: FieldTable;
}

export interface BindingDefinition {
  readonly kind: 'binding';
  readonly vhost: string;
  readonly source: string;
  readonly destinationKind: 'queue' | 'exchange';
  readonly destination: string;
  readonly routingKey: string;
  /** Of an exchange that gives its bindings numbers which decide where a message goes (x-consistent-hash). */
  readonly slot: number | undefined;
  readonly arguments: FieldTable;
}

/** What belongs to one vhost. */
export type VhostPartDefinition = PolicyDefinition | ExchangeDefinition | QueueDefinition | BindingDefinition;

export type Definition =
  | VhostDefinition
  | UserDefinition
  | PermissionDefinition
  | TopicPermissionDefinition
  | ParameterDefinition
  | GlobalParameterDefinition
  | VhostPartDefinition;

export type DefinitionKind = Definition['kind'];

/** An operating error: bytes that are no definition that this version understands. */
export class DefinitionError extends Error {
  readonly code = 'definition-invalid';

  constructor(text: string) {
    super(text);
    this.name = 'DefinitionError';
  }
}

/** The same for two definitions of the same thing, of which the later one counts. */
export function definitionKey(definition: Definition): string {
  switch (definition.kind) {
    case 'vhost':
    case 'user':
    case 'global-parameter':
      return keyOf(definition.kind, definition.name);
    case 'parameter':
      return keyOf(definition.kind, definition.vhost, definition.component, definition.name);
    case 'permission':
      return keyOf(definition.kind, definition.user, definition.vhost);
    case 'topic-permission':
      return keyOf(definition.kind, definition.user, definition.vhost, definition.exchange);
    case 'policy':
    case 'operator-policy':
    case 'exchange':
    case 'queue':
      return keyOf(definition.kind, definition.vhost, definition.name);
    case 'binding': {
      const { kind, vhost, source, destinationKind, destination, routingKey } = definition;
      const ends = keyOf(kind, vhost, source, destinationKind, destination, routingKey);
      return ends + tableKey(definition.arguments);
    }
  }
}

/** With the length of each part, so that no two lists of parts give the same key. */
function keyOf(...parts: readonly string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join('');
}

/** The definition as an operator reads about it. */
export function definitionText(definition: Definition): string {
  const { kind } = definition;
  switch (kind) {
    case 'vhost':
    case 'user':
    case 'global-parameter':
      return `${kind} '${definition.name}'`;
    case 'parameter': {
      const { component, name, vhost } = definition;
      return `${kind} '${name}' of component '${component}' in vhost '${vhost}'`;
    }
    case 'permission':
      return `${kind} of user '${definition.user}' in vhost '${definition.vhost}'`;
    case 'topic-permission': {
      const { user, exchange, vhost } = definition;
      return `${kind} of user '${user}' for exchange '${exchange}' in vhost '${vhost}'`;
    }
    case 'policy':
    case 'operator-policy':
    case 'exchange':
    case 'queue':
      return `${kind} '${definition.name}' in vhost '${definition.vhost}'`;
    case 'binding': {
      const { source, destinationKind, destination, routingKey, vhost } = definition;
      const ends = `exchange '${source}' to ${destinationKind} '${destination}'`;
      return `${kind} of ${ends} with routing key '${routingKey}' in vhost '${vhost}'`;
    }
  }
}

// ---- as bytes ----

/** Writes the definition, or with `removed` that it does not hold any more. */
export function encodeDefinition(writer: ByteWriter, definition: Definition, removed: boolean): void {
  const entries: { [key: string]: PlainValue } = removed ? { removed } : {};
  for (const [key, value] of Object.entries(definition)) {
    entries[key] = value instanceof Map ? tableBytes(value) : value;
  }
  writer.table(tableOf(entries));
}

export interface DefinitionChange {
  readonly definition: Definition;
  readonly removed: boolean;
}

/** What `encodeDefinition` wrote to `bytes[start, end)`. DefinitionError for a kind or field that is not understood, CodecError 502 for no table. */
export function decodeDefinition(bytes: Uint8Array, start: number, end: number): DefinitionChange {
  const fields = new DefinitionFields(decodeWhole(bytes, start, end));
  return { definition: readDefinition(fields), removed: fields.flag('removed') };
}

function readDefinition(fields: DefinitionFields): Definition {
  const kind = fields.text('kind');
  switch (kind) {
    case 'vhost':
      return readVhost(fields);
    case 'user':
      return readUser(fields);
    case 'parameter':
      return {
        kind,
        vhost: fields.text('vhost'),
        component: fields.text('component'),
        ...readSetting(fields),
      };
    case 'global-parameter':
      return { kind, ...readSetting(fields) };
    case 'permission':
      return { kind, ...readOwner(fields), configure: fields.text('configure'), ...readPatterns(fields) };
    case 'topic-permission':
      return { kind, ...readOwner(fields), exchange: fields.text('exchange'), ...readPatterns(fields) };
    case 'policy':
    case 'operator-policy':
      return readPolicy(kind, fields);
    case 'exchange':
      return readExchange(fields);
    case 'queue':
      return readQueue(fields);
    case 'binding':
      return readBinding(fields);
    default:
      throw new DefinitionError(
        `a definition is of the unknown kind '${kind}': it was made by a later version; start that one`,
      );
  }
}

function readVhost(fields: DefinitionFields): VhostDefinition {
  return {
    kind: 'vhost',
    name: fields.text('name'),
    scheduleLaneId: fields.count('scheduleLaneId'),
    outcomeLaneId: fields.optionalCount('outcomeLaneId'),
    deduplicationLaneId: fields.optionalCount('deduplicationLaneId'),
    maxConnections: fields.optionalNumber('maxConnections'),
    maxQueues: fields.optionalNumber('maxQueues'),
    description: fields.optionalText('description'),
    tags: fields.optionalTexts('tags'),
    defaultQueueType: fields.optionalText('defaultQueueType'),
    tracing: fields.flag('tracing') ? true : undefined,
  };
}

function readSetting(fields: DefinitionFields): { name: string; value: string } {
  return { name: fields.text('name'), value: fields.text('value') };
}

function readUser(fields: DefinitionFields): UserDefinition {
  return {
    kind: 'user',
    name: fields.text('name'),
    passwordHash: fields.optionalText('passwordHash'),
    tags: fields.texts('tags'),
    maxConnections: fields.optionalNumber('maxConnections'),
    maxChannels: fields.optionalNumber('maxChannels'),
  };
}

function readOwner(fields: DefinitionFields): { user: string; vhost: string } {
  return { user: fields.text('user'), vhost: fields.text('vhost') };
}

function readPatterns(fields: DefinitionFields): { write: string; read: string } {
  return { write: fields.text('write'), read: fields.text('read') };
}

function readPolicy(kind: PolicyDefinition['kind'], fields: DefinitionFields): PolicyDefinition {
  return {
    kind,
    vhost: fields.text('vhost'),
    name: fields.text('name'),
    pattern: fields.text('pattern'),
    applyTo: fields.text('applyTo'),
    priority: fields.number('priority'),
    definition: fields.table('definition'),
  };
}

function readExchange(fields: DefinitionFields): ExchangeDefinition {
  return {
    kind: 'exchange',
    vhost: fields.text('vhost'),
    name: fields.text('name'),
    type: fields.text('type'),
    autoDelete: fields.flag('autoDelete'),
    internal: fields.flag('internal'),
    arguments: fields.table('arguments'),
  };
}

function readQueue(fields: DefinitionFields): QueueDefinition {
  return {
    kind: 'queue',
    vhost: fields.text('vhost'),
    name: fields.text('name'),
    autoDelete: fields.flag('autoDelete'),
    laneId: fields.count('laneId'),
    paused: fields.flag('paused') ? true : undefined,
    arguments: fields.table('arguments'),
  };
}

function readBinding(fields: DefinitionFields): BindingDefinition {
  const destinationKind = fields.text('destinationKind');
  if (destinationKind !== 'queue' && destinationKind !== 'exchange') {
    throw new DefinitionError(
      `a binding leads to a '${destinationKind}', but must lead to a queue or an exchange`,
    );
  }
  return {
    kind: 'binding',
    vhost: fields.text('vhost'),
    source: fields.text('source'),
    destinationKind,
    destination: fields.text('destination'),
    routingKey: fields.text('routingKey'),
    slot: fields.optionalCount('slot'),
    arguments: fields.table('arguments'),
  };
}

/** The fields of one definition by name. DefinitionError when one is missing or of another type. */
class DefinitionFields {
  readonly #table: FieldTable;

  constructor(table: FieldTable) {
    this.#table = table;
  }

  text(key: string): string {
    return this.optionalText(key) ?? this.#refuse(key, 'a string');
  }

  optionalText(key: string): string | undefined {
    const value = this.#table.get(key)?.value;
    if (value === undefined || typeof value === 'string') return value;
    return this.#refuse(key, 'a string');
  }

  texts(key: string): readonly string[] {
    return this.optionalTexts(key) ?? this.#refuse(key, 'an array of strings');
  }

  optionalTexts(key: string): readonly string[] | undefined {
    const fields = this.#table.get(key)?.value;
    if (fields === undefined) return undefined;
    if (!Array.isArray(fields)) return this.#refuse(key, 'an array of strings');
    return fields.map(({ value }) => (typeof value === 'string' ? value : this.#refuse(key, 'strings only')));
  }

  number(key: string): number {
    return this.optionalNumber(key) ?? this.#refuse(key, 'a number');
  }

  optionalNumber(key: string): number | undefined {
    const value = this.#table.get(key)?.value;
    if (value === undefined || typeof value === 'number') return value;
    return this.#refuse(key, 'a number');
  }

  count(key: string): number {
    return this.optionalCount(key) ?? this.#refuse(key, 'a whole number from 0 up');
  }

  optionalCount(key: string): number | undefined {
    const value = this.optionalNumber(key);
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
    return this.#refuse(key, 'a whole number from 0 up');
  }

  /** False when it is not there. */
  flag(key: string): boolean {
    return this.#table.get(key)?.value === true;
  }

  table(key: string): FieldTable {
    const value = this.#table.get(key)?.value;
    if (!(value instanceof Uint8Array)) return this.#refuse(key, 'a field table in bytes');
    return decodeWhole(value, 0, value.length);
  }

  #refuse(key: string, allowed: string): never {
    const found = this.#table.get(key)?.tag;
    const kind = this.#table.get('kind')?.value;
    throw new DefinitionError(
      `field '${key}' of a definition of kind '${kind}' is ${found === undefined ? 'missing' : `of type ${found}`}, but ` +
        `must be ${allowed}: it was made by another version; start that one`,
    );
  }
}

function tableBytes(table: FieldTable): Uint8Array {
  const writer = new ByteWriter();
  writer.table(table);
  return writer.toBytes();
}

/** Without the bound on entries that clients have: a user may have any number of tags. */
function decodeWhole(bytes: Uint8Array, start: number, end: number): FieldTable {
  return readTable(new ByteReader(bytes, start, end), Number.POSITIVE_INFINITY);
}
