/**
 * Definitions that somebody wants to import, as core needs them. Each entry is read by itself: whether they fit together, and with
 * what there is, is seen by `import-check.ts`. Every error is a 400 that names the entry.
 */
import { SHORTSTR_BYTES_MAX, utf8Length } from '../../codec/bytes.ts';
import type { FieldTable } from '../../codec/field-table.ts';
import type { Permission, TopicPermission, UserLimits } from '../../core/access/access-control.ts';
import type { Policy } from '../../core/access/policies.ts';
import type { GlobalParameter, Parameter } from '../../core/definitions/parameters.ts';
import type { QueueDeclaration } from '../../core/queue/queue.ts';
import { type RouterType, routerType } from '../../core/routing/create-router.ts';
import type { ExchangeProperties } from '../../core/vhost/exchange.ts';
import type { VhostMetadata } from '../../core/vhost/vhost-metadata.ts';
import type { VirtualHostLimits } from '../../core/vhost/virtual-host.ts';
import { refusalOfChange } from '../api/change-request.ts';
import {
  argumentsIn,
  type Body,
  flagIn,
  isEmptyList,
  keptJson,
  objectsIn,
  textIn,
  wordsIn,
} from '../api/json-body.ts';
import { userLimitsIn, vhostLimitsIn } from '../api/limits-changes.ts';
import { objectOf } from '../api/parameters-changes.ts';
import { policyIn } from '../api/policies-changes.ts';
import { givenPassword } from '../api/users-changes.ts';
import { metadataIn } from '../api/vhosts-changes.ts';
import { ApiError, badRequest } from '../api-error.ts';
import { SlicedWork } from '../work-slices.ts';

/** What an entry of the file is about, in words. */
export interface Entry {
  readonly text: string;
}

export interface UserEntry extends Entry {
  readonly name: string;
  readonly tags: readonly string[];
  readonly given: ReturnType<typeof givenPassword>;
  readonly limits: UserLimits;
}

export interface VhostEntry extends Entry {
  readonly name: string;
  readonly metadata: Partial<VhostMetadata>;
}

export interface PermissionEntry extends Entry {
  readonly permission: Permission;
}

export interface TopicPermissionEntry extends Entry {
  readonly permission: TopicPermission;
}

export interface ParameterEntry extends Entry {
  readonly parameter: Parameter;
}

export interface GlobalParameterEntry extends Entry {
  readonly parameter: GlobalParameter;
}

export interface VhostLimitsEntry extends Entry {
  readonly vhost: string;
  readonly limits: Partial<VirtualHostLimits>;
}

export interface PolicyEntry extends Entry {
  readonly policy: Policy;
}

export interface QueueEntry extends Entry {
  readonly vhost: string;
  readonly declaration: QueueDeclaration;
}

export interface ExchangeEntry extends Entry {
  readonly vhost: string;
  readonly properties: ExchangeProperties;
}

export interface BindingEntry extends Entry {
  readonly vhost: string;
  readonly source: string;
  readonly destinationKind: 'queue' | 'exchange';
  readonly destination: string;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

export interface DefinitionFile {
  readonly users: readonly UserEntry[];
  readonly vhosts: readonly VhostEntry[];
  readonly permissions: readonly PermissionEntry[];
  readonly topicPermissions: readonly TopicPermissionEntry[];
  readonly parameters: readonly ParameterEntry[];
  readonly vhostLimits: readonly VhostLimitsEntry[];
  readonly globalParameters: readonly GlobalParameterEntry[];
  readonly policies: readonly PolicyEntry[];
  readonly operatorPolicies: readonly PolicyEntry[];
  readonly queues: readonly QueueEntry[];
  readonly exchanges: readonly ExchangeEntry[];
  readonly bindings: readonly BindingEntry[];
}

/** Reads a file in slices. `vhost`: what is in it all goes there, whatever it says. Throws 400. */
export async function readDefinitionFile(json: Body, vhost?: string): Promise<DefinitionFile> {
  const reader = new EntryReader(await SlicedWork.begin(), json, vhost);
  const isWhole = vhost === undefined;
  const parameters = await reader.entries('parameters', readParameter);
  return {
    users: isWhole ? await reader.entries('users', readUser) : [],
    vhosts: isWhole ? await reader.entries('vhosts', readVhost) : [],
    permissions: isWhole ? await reader.entries('permissions', readPermission) : [],
    topicPermissions: isWhole ? await reader.entries('topic_permissions', readTopicPermission) : [],
    globalParameters: isWhole ? await reader.entries('global_parameters', readGlobalParameter) : [],
    parameters: parameters.filter((entry) => 'parameter' in entry),
    vhostLimits: parameters.filter((entry) => 'limits' in entry),
    operatorPolicies: parameters.filter((entry) => 'policy' in entry),
    policies: await reader.entries('policies', readPolicy),
    queues: await reader.entries('queues', readQueue),
    exchanges: await reader.entries('exchanges', readExchange),
    bindings: await reader.entries('bindings', readBinding),
  };
}

type ReadEntry<T> = (entry: Body, vhost: string) => T;

class EntryReader {
  readonly #work: SlicedWork;
  readonly #json: Body;
  readonly #vhost: string | undefined;

  constructor(work: SlicedWork, json: Body, vhost: string | undefined) {
    this.#work = work;
    this.#json = json;
    this.#vhost = vhost;
  }

  async entries<T>(section: string, read: ReadEntry<T>): Promise<T[]> {
    const entries: T[] = [];
    for (const entry of objectsIn(this.#json, section)) {
      if (this.#work.isDue) await this.#work.pause();
      entries.push(this.#read(section, entries.length, entry, read));
    }
    return entries;
  }

  #read<T>(section: string, index: number, entry: Body, read: ReadEntry<T>): T {
    try {
      return read(entry, this.#vhost ?? (typeof entry['vhost'] === 'string' ? entry['vhost'] : ''));
    } catch (error) {
      throw inEntry(`${section}[${index}]${nameIn(entry)}`, error);
    }
  }
}

function nameIn({ name }: Body): string {
  return typeof name === 'string' ? ` '${name.slice(0, SHORTSTR_BYTES_MAX)}'` : '';
}

/** The same error with the entry that it is about in front; a defect stays one. */
export function inEntry(text: string, error: unknown): unknown {
  const refusal = refusalOfChange(error);
  if (!(refusal instanceof ApiError) && !isPatternError(refusal)) return error;
  return badRequest(`nothing was imported: ${text}: ${refusal.message}`);
}

function isPatternError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'PatternError';
}

function readUser(entry: Body): UserEntry {
  const name = nameOf(entry);
  const limits = entry['limits'];
  return {
    text: `user '${name}'`,
    name,
    tags: wordsIn(entry, 'tags'),
    given: givenPassword(entry, name),
    limits: userLimitsIn(limits === undefined || isEmptyList(limits) ? {} : objectOf(limits, 'limits')),
  };
}

function readVhost(entry: Body): VhostEntry {
  const name = nameOf(entry);
  return { text: `vhost '${name}'`, name, metadata: metadataIn(entry) };
}

function readPermission(entry: Body, vhost: string): PermissionEntry {
  const user = shortTextIn(entry, 'user');
  const patterns = {
    configure: textIn(entry, 'configure'),
    write: textIn(entry, 'write'),
    read: textIn(entry, 'read'),
  };
  return {
    text: `permission of user '${user}' in vhost '${vhost}'`,
    permission: { user, vhost, ...patterns },
  };
}

function readTopicPermission(entry: Body, vhost: string): TopicPermissionEntry {
  const user = shortTextIn(entry, 'user');
  const exchange = shortTextIn(entry, 'exchange');
  const patterns = { write: textIn(entry, 'write'), read: textIn(entry, 'read') };
  return {
    text: `topic permission of user '${user}' for exchange '${exchange}' in vhost '${vhost}'`,
    permission: { user, vhost, exchange, ...patterns },
  };
}

/** What of core's own RabbitMQ keeps among the parameters is taken for what it is. */
function readParameter(entry: Body, vhost: string): ParameterEntry | VhostLimitsEntry | PolicyEntry {
  const component = shortTextIn(entry, 'component');
  const name = nameOf(entry);
  const text = `parameter '${name}' of component '${component}' in vhost '${vhost}'`;
  const { value } = entry;
  if (component === 'operator_policy') {
    return {
      text: `operator policy '${name}' in vhost '${vhost}'`,
      policy: policyIn(objectOf(value, 'value'), vhost, name),
    };
  }
  if (component === 'vhost-limits')
    return { text, vhost, limits: vhostLimitsIn(isEmptyList(value) ? {} : objectOf(value, 'value')) };
  return { text, parameter: { vhost, component, name, value: keptJson(value) } };
}

function readGlobalParameter(entry: Body): GlobalParameterEntry {
  const name = nameOf(entry);
  const value = keptJson(entry['value']);
  return { text: `global parameter '${name}'`, parameter: { name, value } };
}

function readPolicy(entry: Body, vhost: string): PolicyEntry {
  const name = nameOf(entry);
  return { text: `policy '${name}' in vhost '${vhost}'`, policy: policyIn(entry, vhost, name) };
}

function readQueue(entry: Body, vhost: string): QueueEntry {
  const name = nameOf(entry);
  const declaration = {
    name,
    durable: flagIn(entry, 'durable', true),
    autoDelete: flagIn(entry, 'auto_delete', false),
    exclusiveOwner: undefined,
    arguments: argumentsIn(entry),
  };
  return { text: `queue '${name}' in vhost '${vhost}'`, vhost, declaration };
}

function readExchange(entry: Body, vhost: string): ExchangeEntry {
  const name = nameOf(entry);
  const type: RouterType = routerType(textIn(entry, 'type', 'direct'));
  const properties = {
    name,
    type,
    durable: flagIn(entry, 'durable', true),
    autoDelete: flagIn(entry, 'auto_delete', false),
    internal: flagIn(entry, 'internal', false),
    arguments: argumentsIn(entry),
  };
  return { text: `exchange '${name}' in vhost '${vhost}'`, vhost, properties };
}

function readBinding(entry: Body, vhost: string): BindingEntry {
  const source = shortTextIn(entry, 'source');
  const destination = shortTextIn(entry, 'destination');
  const destinationKind = textIn(entry, 'destination_type');
  if (destinationKind !== 'queue' && destinationKind !== 'exchange')
    throw badRequest(`destination_type is '${destinationKind}', but must be 'queue' or 'exchange'`);
  // RabbitMQ exports a number where one was given for the routing key.
  const routingKey = shortTextIn({ routing_key: textOfNumber(entry['routing_key']) }, 'routing_key');
  const text = `binding of exchange '${source}' to ${destinationKind} '${destination}' with routing key '${routingKey}' in vhost '${vhost}'`;
  return { text, vhost, source, destinationKind, destination, routingKey, arguments: argumentsIn(entry) };
}

function textOfNumber(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value;
}

function nameOf(entry: Body): string {
  return shortTextIn(entry, 'name');
}

/** A name, as AMQP has room for it. */
function shortTextIn(entry: Body, key: string): string {
  const text = textIn(entry, key);
  const bytes = utf8Length(text);
  if (bytes <= SHORTSTR_BYTES_MAX) return text;
  throw badRequest(`${key} has ${bytes} bytes, but at most ${SHORTSTR_BYTES_MAX} are allowed`);
}
