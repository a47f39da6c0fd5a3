/** Users, what they may do, and how many of what they may have: for administrators. */
import { segment } from './http.ts';

export type LimitName = 'max-connections' | 'max-channels' | 'max-queues';
export type Limits = Readonly<Partial<Record<LimitName, number>>>;

/** What has limits. */
export interface LimitsOf {
  readonly kind: 'user' | 'vhost';
  readonly name: string;
}

/** Each kind has its own. */
export const LIMIT_NAMES: Readonly<Record<LimitsOf['kind'], readonly LimitName[]>> = {
  user: ['max-connections', 'max-channels'],
  vhost: ['max-connections', 'max-queues'],
};

export interface UserRow {
  readonly name: string;
  readonly tags: readonly string[];
  /** Empty: there is no password. */
  readonly password_hash: string;
  readonly hashing_algorithm: string;
  readonly limits: Limits;
}

export interface PermissionRow {
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** Whose permissions: those of a user in all vhosts, or of all users in a vhost. */
export interface PermissionsOf {
  readonly kind: 'user' | 'vhost';
  readonly name: string;
}

export interface TopicPermissionRow {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

/** What the broker knows; a user may have others. */
export const KNOWN_TAGS = ['administrator', 'monitoring', 'policymaker', 'management'] as const;

export type PasswordChange =
  | { readonly kind: 'keep' }
  | { readonly kind: 'none' }
  | { readonly kind: 'set'; readonly password: string };

export function userPath(name: string): string {
  return `/api/users/${segment(name)}`;
}

export function permissionPath(vhost: string, user: string): string {
  return `/api/permissions/${segment(vhost)}/${segment(user)}`;
}

export function topicPermissionPath(vhost: string, user: string): string {
  return `/api/topic-permissions/${segment(vhost)}/${segment(user)}`;
}

/** A user is always put as a whole: a password that is kept is sent as its hash. */
export function userBody(
  tags: readonly string[],
  password: PasswordChange,
  before: UserRow | undefined,
): Readonly<Record<string, unknown>> {
  switch (password.kind) {
    case 'set':
      return { tags, password: password.password };
    case 'none':
      return { tags, password_hash: '' };
    case 'keep':
      return {
        tags,
        password_hash: before?.password_hash ?? '',
        ...(before === undefined ? {} : { hashing_algorithm: before.hashing_algorithm }),
      };
  }
}

/** The tags of a text with commas, each once. */
export function tagsOf(text: string): readonly string[] {
  const words = text.split(/[,，]/).map((word) => word.trim());
  return [...new Set(words.filter((word) => word !== ''))];
}

/** The vhosts of each user, in the order of the rows. */
export function vhostsOfUsers(permissions: readonly PermissionRow[]): ReadonlyMap<string, readonly string[]> {
  const vhosts = new Map<string, string[]>();
  for (const { user, vhost } of permissions) {
    const known = vhosts.get(user);
    if (known === undefined) vhosts.set(user, [vhost]);
    else known.push(vhost);
  }
  return vhosts;
}

/** What somebody should know before they do it. */
export type Risk =
  | 'self-delete'
  | 'self-demote'
  | 'self-password'
  | 'self-no-password'
  | 'last-administrator';

interface UserChange {
  /** Who does it. */
  readonly actor: string;
  readonly before: Pick<UserRow, 'name' | 'tags'>;
  /** Undefined: the user is deleted. */
  readonly after: { readonly tags: readonly string[]; readonly password: PasswordChange['kind'] } | undefined;
  readonly users: readonly Pick<UserRow, 'name' | 'tags'>[];
}

/** How a change of a user may lock people out. */
export function risksOf({ actor, before, after, users }: UserChange): readonly Risk[] {
  const risks: Risk[] = [];
  const wasAdministrator = isAdministrator(before);
  const losesIt = wasAdministrator && (after === undefined || !isAdministrator(after));
  if (before.name === actor) {
    if (after === undefined) risks.push('self-delete');
    else if (losesIt) risks.push('self-demote');
    if (after?.password === 'none') risks.push('self-no-password');
    if (after?.password === 'set') risks.push('self-password');
  }
  const hasOther = users.some((other) => other.name !== before.name && isAdministrator(other));
  if (losesIt && !hasOther) risks.push('last-administrator');
  return risks;
}

function isAdministrator({ tags }: { readonly tags: readonly string[] }): boolean {
  return tags.includes('administrator');
}
