/** Definitions as a file: what is in it, and what would change by importing it. */
import { segment } from './http.ts';

/** The lists of a file, in the order in which they are shown. */
export const KINDS = [
  'users',
  'vhosts',
  'permissions',
  'topic_permissions',
  'parameters',
  'global_parameters',
  'policies',
  'queues',
  'exchanges',
  'bindings',
] as const;
export type Kind = (typeof KINDS)[number];

/** What goes into one vhost; the broker leaves the rest of such a file alone. */
const KINDS_OF_VHOST: readonly Kind[] = ['parameters', 'policies', 'queues', 'exchanges', 'bindings'];

export type Entry = Readonly<Record<string, unknown>>;
export type Definitions = Readonly<Partial<Record<Kind, readonly Entry[]>>>;

/** What the broker takes at once. */
export const FILE_BYTES_MAX: number = 10 * 2 ** 20;

/** Undefined: all vhosts. */
export function definitionsPath(vhost: string | undefined): string {
  return vhost === undefined ? '/api/definitions' : `/api/definitions/${segment(vhost)}`;
}

/** Sorts by time among others, and is a name on every system. */
export function fileNameOf(vhost: string | undefined, now: Date): string {
  const time = now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const of = vhost === undefined ? 'all' : vhost.replace(/[^\w.-]+/g, '_');
  return `leveret-definitions-${of === '_' ? 'default' : of}-${time}.json`;
}

/** Undefined when the JSON is no file of definitions. */
export function definitionsOf(json: unknown): Definitions | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const file = json as Readonly<Record<string, unknown>>;
  const isKnown = KINDS.some((kind) => file[kind] !== undefined);
  const isRight = KINDS.every((kind) => file[kind] === undefined || isListOfEntries(file[kind]));
  return isKnown && isRight ? (file as Definitions) : undefined;
}

function isListOfEntries(value: unknown): value is readonly Entry[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null);
}

export interface KindPreview {
  readonly kind: Kind;
  readonly count: number;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly sameCount: number;
}

/** What importing `file` would change in what there is. `vhost`: all of it goes there. Kinds that the file lacks are left out. */
export function previewOf(
  file: Definitions,
  current: Definitions,
  vhost: string | undefined,
): readonly KindPreview[] {
  const kinds = vhost === undefined ? KINDS : KINDS_OF_VHOST;
  return kinds.flatMap((kind) => {
    const entries = file[kind] ?? [];
    if (entries.length === 0) return [];
    const placed = vhost === undefined ? entries : entries.map((entry) => ({ ...entry, vhost }));
    return [previewOfKind(kind, placed, current[kind] ?? [])];
  });
}

function previewOfKind(kind: Kind, entries: readonly Entry[], current: readonly Entry[]): KindPreview {
  const known = new Map(current.map((entry) => [keyOf(kind, entry), entry]));
  const added: string[] = [];
  const changed: string[] = [];
  for (const entry of entries) {
    const there = known.get(keyOf(kind, entry));
    if (there === undefined) added.push(nameOf(kind, entry));
    else if (!isSame(entry, there)) changed.push(nameOf(kind, entry));
  }
  const sameCount = entries.length - added.length - changed.length;
  return { kind, count: entries.length, added, changed, sameCount };
}

/** What tells an entry from all others of its kind. */
const KEYS: Readonly<Record<Kind, readonly string[]>> = {
  users: ['name'],
  vhosts: ['name'],
  permissions: ['user', 'vhost'],
  topic_permissions: ['user', 'vhost', 'exchange'],
  parameters: ['vhost', 'component', 'name'],
  global_parameters: ['name'],
  policies: ['vhost', 'name'],
  queues: ['vhost', 'name'],
  exchanges: ['vhost', 'name'],
  bindings: ['vhost', 'source', 'destination_type', 'destination', 'routing_key', 'arguments'],
};

function keyOf(kind: Kind, entry: Entry): string {
  return JSON.stringify(KEYS[kind].map((key) => canonical(entry[key])));
}

function nameOf(kind: Kind, entry: Entry): string {
  if (kind === 'bindings') return `${text(entry['source'])} → ${text(entry['destination'])}`;
  if (kind === 'permissions') return `${text(entry['user'])} @ ${text(entry['vhost'])}`;
  if (kind === 'topic_permissions') return `${text(entry['user'])} @ ${text(entry['exchange'])}`;
  return text(entry['name']);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}

/** What is empty may as well be absent: versions of RabbitMQ differ in what they write. */
function isSame(a: Entry, b: Entry): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value))
    return value.length === 0 ? undefined : value.map((item) => canonical(item) ?? null);
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .map(([key, item]) => [key, canonical(item)] as const)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length === 0 ? undefined : entries;
  }
  return value === '' || value === false || value === null ? undefined : value;
}
