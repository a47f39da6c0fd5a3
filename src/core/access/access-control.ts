/**
 * Who may do what: users with tags, permissions per (user, vhost), and topic permissions per (user, vhost, exchange), with
 * RabbitMQ's rules. Each change is recorded, so that it is there again after a restart.
 */
import type {
  PermissionDefinition,
  TopicPermissionDefinition,
  UserDefinition,
} from '../definitions/definition.ts';
import type { DefinitionRecorder } from '../definitions/definition-log.ts';
import type { Identity } from './identity.ts';
import { Pattern } from './pattern.ts';
import { patternOfText } from './pattern-of-text.ts';

export interface User {
  readonly name: string;
  /** Undefined: the user cannot log in with a password. */
  readonly passwordHash: string | undefined;
  readonly tags: ReadonlySet<string>;
  readonly limits: UserLimits;
  /** Another one whenever its password or tags were changed: what was proven before then holds no more. */
  readonly version: number;
}

/** Undefined or negative: no limit. */
export interface UserLimits {
  readonly maxConnections?: number | undefined;
  readonly maxChannels?: number | undefined;
}

export type Operation = 'configure' | 'write' | 'read';

/** Three patterns over names of exchanges and queues. The empty pattern allows nothing. */
export interface Patterns {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface Permission extends Patterns {
  readonly user: string;
  readonly vhost: string;
}

/** Patterns over routing keys of one topic exchange. `{username}` and `{vhost}` in them are filled in. */
export interface TopicPermission {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

/** An operating error: a change that makes no sense. */
export class AccessControlError extends Error {
  readonly code: 'user-not-found';

  constructor(code: 'user-not-found', message: string) {
    super(message);
    this.name = 'AccessControlError';
    this.code = code;
  }
}

/** Decisions kept for each pattern of a permission, about 100 bytes each. Names come from strangers, so this is bounded. */
export const DECISIONS_MAX = 1024;

export class AccessControl {
  readonly #users = new Map<string, User>();
  /** By user, then by vhost. */
  readonly #permissions = new Map<string, Map<string, PermissionEntry>>();
  readonly #topicPermissions = new Map<string, TopicPermissionEntry[]>();
  /** Called after each change: nothing that was decided before holds. */
  readonly #onChange: () => void;
  readonly #definitions: DefinitionRecorder;
  #nextVersion = 1;

  constructor(onChange: () => void, definitions: DefinitionRecorder) {
    this.#onChange = onChange;
    this.#definitions = definitions;
  }

  /** Makes again what was recorded before a restart. Throws PatternError, and AccessControlError for an unknown user. */
  restore(definition: UserDefinition | PermissionDefinition | TopicPermissionDefinition): void {
    switch (definition.kind) {
      case 'user':
        this.#setUser(restoredUser(definition, this.#nextVersion++));
        break;
      case 'permission':
        this.setPermission(restoredPermission(definition));
        break;
      case 'topic-permission':
        this.setTopicPermission(restoredTopicPermission(definition));
        break;
    }
  }

  /** Records all users and permissions. */
  recordDefinitions(): void {
    for (const user of this.#users.values()) this.#definitions.put(userDefinition(user));
    for (const permission of this.permissions()) this.#definitions.put(permissionDefinition(permission));
    for (const permission of this.topicPermissions())
      this.#definitions.put(topicPermissionDefinition(permission));
  }

  get users(): ReadonlyMap<string, User> {
    return this.#users;
  }

  /** Creates the user, or changes its password and tags; the limits stay. */
  putUser(user: { name: string; passwordHash: string | undefined; tags: Iterable<string> }): void {
    const { name, passwordHash } = user;
    const known = this.#users.get(name);
    const tags = new Set(user.tags);
    const isSame = known?.passwordHash === passwordHash && sameTags(known?.tags, tags);
    const version = known !== undefined && isSame ? known.version : this.#nextVersion++;
    this.#setUser({ name, passwordHash, tags, limits: known?.limits ?? {}, version });
  }

  /** The same password has got a better hash. Does nothing when the user has another one by now. */
  replaceHash(name: string, outdated: string, passwordHash: string): void {
    const user = this.#users.get(name);
    if (user?.passwordHash === outdated) this.#setUser({ ...user, passwordHash });
  }

  /** Replaces the limits. A negative number means no limit, as in RabbitMQ. Throws AccessControlError. */
  setUserLimits(name: string, limits: UserLimits): void {
    const user = this.#user(name);
    const { maxConnections, maxChannels } = limits;
    this.#setUser({ ...user, limits: { maxConnections, maxChannels } });
  }

  #setUser(user: User): void {
    this.#users.set(user.name, user);
    this.#definitions.put(userDefinition(user));
    this.#onChange();
  }

  /** Deletes the user and all its permissions; false when there is none of that name. */
  deleteUser(name: string): boolean {
    const user = this.#users.get(name);
    if (user === undefined) return false;
    for (const { vhost } of this.permissionsOf(name)) this.clearPermission(name, vhost);
    for (const { vhost } of this.topicPermissionsOf(name)) this.clearTopicPermission(name, vhost);
    this.#permissions.delete(name);
    this.#topicPermissions.delete(name);
    this.#users.delete(name);
    this.#definitions.remove(userDefinition(user));
    this.#onChange();
    return true;
  }

  /** Throws PatternError, and AccessControlError for an unknown user; nothing has changed then. */
  setPermission(permission: Permission): void {
    const { user, vhost } = permission;
    this.#user(user);
    const entry = new PermissionEntry(permission);
    const vhosts = this.#permissions.get(user) ?? new Map<string, PermissionEntry>();
    this.#permissions.set(user, vhosts.set(vhost, entry));
    this.#definitions.put(permissionDefinition(permission));
    this.#onChange();
  }

  /** Returns false when there is none. */
  clearPermission(user: string, vhost: string): boolean {
    const permission = this.permission(user, vhost);
    if (permission === undefined) return false;
    this.#permissions.get(user)?.delete(vhost);
    this.#definitions.remove(permissionDefinition(permission));
    this.#onChange();
    return true;
  }

  permission(user: string, vhost: string): Permission | undefined {
    return this.#permissions.get(user)?.get(vhost)?.permission;
  }

  permissionsOf(user: string): readonly Permission[] {
    return [...(this.#permissions.get(user)?.values() ?? [])].map((entry) => entry.permission);
  }

  /** The permissions of all users, in all vhosts or in one. */
  permissions(vhost?: string): readonly Permission[] {
    const all = [...this.#permissions.keys()].flatMap((user) => this.permissionsOf(user));
    return vhost === undefined ? all : all.filter((permission) => permission.vhost === vhost);
  }

  /** Throws PatternError, and AccessControlError for an unknown user; nothing has changed then. */
  setTopicPermission(permission: TopicPermission): void {
    const { user, vhost, exchange } = permission;
    this.#user(user);
    const entry = new TopicPermissionEntry(permission);
    const others = (this.#topicPermissions.get(user) ?? []).filter((other) => !other.isFor(vhost, exchange));
    this.#topicPermissions.set(user, [...others, entry]);
    this.#definitions.put(topicPermissionDefinition(permission));
    this.#onChange();
  }

  /** Clears the topic permissions of a user in a vhost: of one exchange, or of all. */
  clearTopicPermission(user: string, vhost: string, exchange?: string): boolean {
    const entries = this.#topicPermissions.get(user) ?? [];
    const cleared = entries.filter((entry) => entry.isFor(vhost, exchange));
    if (cleared.length === 0) return false;
    const left = entries.filter((entry) => !entry.isFor(vhost, exchange));
    this.#topicPermissions.set(user, left);
    for (const { permission } of cleared) this.#definitions.remove(topicPermissionDefinition(permission));
    this.#onChange();
    return true;
  }

  topicPermissionsOf(user: string): readonly TopicPermission[] {
    return (this.#topicPermissions.get(user) ?? []).map((entry) => entry.permission);
  }

  /** The topic permissions of all users, in all vhosts or in one. */
  topicPermissions(vhost?: string): readonly TopicPermission[] {
    const all = [...this.#topicPermissions.keys()].flatMap((user) => this.topicPermissionsOf(user));
    return vhost === undefined ? all : all.filter((permission) => permission.vhost === vhost);
  }

  /** What the user may do, from now on and as long as there is such a user. */
  identityOf(username: string): Identity {
    return new UserIdentity(this, username);
  }

  /** A user may enter a vhost as soon as it has a permission there, even one that allows nothing. */
  mayEnter(user: string, vhost: string): boolean {
    return this.#permissions.get(user)?.has(vhost) ?? false;
  }

  /** `name`: of the exchange or queue; amq.default for the default exchange. Runs per method of a channel. */
  allows(user: string, vhost: string, name: string, operation: Operation): boolean {
    const entry = this.#permissions.get(user)?.get(vhost);
    if (entry === undefined) return false;
    return entry[operation].allows(name);
  }

  /** True when the user has no topic permission for the exchange: these only ever take rights away. */
  allowsTopic(
    user: string,
    vhost: string,
    exchange: string,
    operation: 'write' | 'read',
    routingKey: string,
  ): boolean {
    const entry = this.#topicPermissions.get(user)?.find((other) => other.isFor(vhost, exchange));
    return entry === undefined || entry[operation].test(routingKey);
  }

  /** Forgets all permissions in the vhost, so that nobody has them in a later vhost of the same name. */
  vhostDeleted(vhost: string): void {
    for (const user of this.#permissions.keys()) this.clearPermission(user, vhost);
    for (const user of this.#topicPermissions.keys()) this.clearTopicPermission(user, vhost);
  }

  #user(name: string): User {
    const user = this.#users.get(name);
    if (user !== undefined) return user;
    throw new AccessControlError('user-not-found', `no user '${name}': create the user first`);
  }
}

function userDefinition({ name, passwordHash, tags, limits }: User): UserDefinition {
  const { maxConnections, maxChannels } = limits;
  return { kind: 'user', name, passwordHash, tags: [...tags], maxConnections, maxChannels };
}

function restoredUser(definition: UserDefinition, version: number): User {
  const { name, passwordHash, tags, maxConnections, maxChannels } = definition;
  return { name, passwordHash, tags: new Set(tags), limits: { maxConnections, maxChannels }, version };
}

function sameTags(one: ReadonlySet<string> | undefined, other: ReadonlySet<string>): boolean {
  return one?.size === other.size && [...other].every((tag) => one.has(tag));
}

function permissionDefinition({ user, vhost, configure, write, read }: Permission): PermissionDefinition {
  return { kind: 'permission', user, vhost, configure, write, read };
}

function restoredPermission({ user, vhost, configure, write, read }: PermissionDefinition): Permission {
  return { user, vhost, configure, write, read };
}

function topicPermissionDefinition(permission: TopicPermission): TopicPermissionDefinition {
  const { user, vhost, exchange, write, read } = permission;
  return { kind: 'topic-permission', user, vhost, exchange, write, read };
}

function restoredTopicPermission(definition: TopicPermissionDefinition): TopicPermission {
  const { user, vhost, exchange, write, read } = definition;
  return { user, vhost, exchange, write, read };
}

class PermissionEntry {
  readonly permission: Permission;
  readonly configure: NameRule;
  readonly write: NameRule;
  readonly read: NameRule;

  constructor(permission: Permission) {
    this.permission = permission;
    this.configure = new NameRule(permission.configure);
    this.write = new NameRule(permission.write);
    this.read = new NameRule(permission.read);
  }
}

/** One pattern over names, and what it said to the names that were asked about before. */
class NameRule {
  readonly #pattern: Pattern;
  readonly #decisions = new Map<string, boolean>();

  constructor(source: string) {
    this.#pattern = compile(source);
  }

  allows(name: string): boolean {
    const known = this.#decisions.get(name);
    if (known !== undefined) return known;
    const allowed = this.#pattern.test(name);
    if (this.#decisions.size >= DECISIONS_MAX) this.#decisions.clear();
    this.#decisions.set(name, allowed);
    return allowed;
  }
}

class TopicPermissionEntry {
  readonly permission: TopicPermission;
  readonly write: Pattern;
  readonly read: Pattern;

  constructor(permission: TopicPermission) {
    this.permission = permission;
    this.write = compile(fillIn(permission.write, permission));
    this.read = compile(fillIn(permission.read, permission));
  }

  /** Without an exchange: for any exchange of the vhost. */
  isFor(vhost: string, exchange: string | undefined): boolean {
    if (this.permission.vhost !== vhost) return false;
    return exchange === undefined || this.permission.exchange === exchange;
  }
}

/** RabbitMQ: the empty pattern matches only the empty name, so nothing. */
function compile(source: string): Pattern {
  return Pattern.compile(source === '' ? '^$' : source);
}

/** Values are taken literally, whatever characters a user name has. A `{client_id}`, which AMQP has none of, stays as text. */
function fillIn(source: string, { user, vhost }: TopicPermission): string {
  return source
    .replaceAll('{username}', () => patternOfText(user))
    .replaceAll('{vhost}', () => patternOfText(vhost));
}

const NO_TAGS: ReadonlySet<string> = new Set();

/** A user of the broker's own. */
class UserIdentity implements Identity {
  readonly username: string;
  readonly #access: AccessControl;

  constructor(access: AccessControl, username: string) {
    this.#access = access;
    this.username = username;
  }

  get tags(): ReadonlySet<string> {
    return this.#access.users.get(this.username)?.tags ?? NO_TAGS;
  }

  mayEnter(vhost: string): boolean {
    return this.#access.mayEnter(this.username, vhost);
  }

  patternsIn(vhost: string): Patterns | undefined {
    return this.#access.permission(this.username, vhost);
  }

  allows(vhost: string, name: string, operation: Operation): boolean {
    return this.#access.allows(this.username, vhost, name, operation);
  }

  allowsTopic(vhost: string, exchange: string, operation: 'write' | 'read', routingKey: string): boolean {
    return this.#access.allowsTopic(this.username, vhost, exchange, operation, routingKey);
  }
}
