/**
 * Users of every kind, something of everything that routes are about, and a request to each route: for asking who is let in,
 * whichever broker it is.
 */
import type { Route } from './routes-of.ts';

/** Sends a request, and resolves to the status of the answer. `user`: name and password are the same. */
export type Ask = (method: string, path: string, body: unknown, user: string) => Promise<number>;

export interface SceneUser {
  /** Stands for it in tables. */
  readonly letter: string;
  readonly name: string;
  readonly tags: string;
  /** Its patterns in the vhost /; undefined: it may not enter. */
  readonly pattern: string | undefined;
}

export const SCENE_USERS: readonly SceneUser[] = [
  { letter: 'U', name: 'untagged', tags: '', pattern: '.*' },
  { letter: 'M', name: 'management', tags: 'management', pattern: '.*' },
  { letter: 'P', name: 'policymaker', tags: 'policymaker', pattern: '.*' },
  { letter: 'O', name: 'monitoring', tags: 'monitoring', pattern: '.*' },
  { letter: 'A', name: 'administrator', tags: 'administrator', pattern: '.*' },
  { letter: 'w', name: 'powerless', tags: 'management', pattern: '^$' },
  { letter: 'm', name: 'foreign-management', tags: 'management', pattern: undefined },
  { letter: 'p', name: 'foreign-policymaker', tags: 'policymaker', pattern: undefined },
  { letter: 'o', name: 'foreign-monitoring', tags: 'monitoring', pattern: undefined },
  { letter: 'a', name: 'foreign-administrator', tags: 'administrator', pattern: undefined },
];

const BODIES: Readonly<Record<string, unknown>> = {
  'PUT /api/cluster-name': { name: 'renamed' },
  'PUT /api/exchanges/:vhost/:exchange': { type: 'direct', durable: true },
  'PUT /api/queues/:vhost/:queue': { durable: true },
  'PUT /api/users/:user': { password: 'bob', tags: '' },
  'PUT /api/permissions/:vhost/:user': { configure: '.*', write: '.*', read: '.*' },
  'PUT /api/topic-permissions/:vhost/:user': { exchange: 'amq.topic', write: '.*', read: '.*' },
  'PUT /api/policies/:vhost/:name': { pattern: '^none$', definition: { 'max-length': 9 } },
  'PUT /api/operator-policies/:vhost/:name': { pattern: '^none$', definition: { 'max-length': 9 } },
  'PUT /api/vhost-limits/:vhost/:limit': { value: 1000 },
  'PUT /api/user-limits/:user/:limit': { value: 1000 },
  'PUT /api/parameters/:component/:vhost/:name': { value: {} },
  'PUT /api/global-parameters/:name': { value: {} },
  'POST /api/users/bulk-delete': { users: ['nobody'] },
  'POST /api/queues/:vhost/:queue/get': { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' },
  'POST /api/queues/:vhost/:queue/actions': { action: 'sync' },
  'POST /api/exchanges/:vhost/:exchange/publish': {
    properties: {},
    routing_key: 'q',
    payload: 'x',
    payload_encoding: 'string',
  },
  'POST /api/bindings/:vhost/e/:source/:dtype/:destination': { routing_key: 'k', arguments: {} },
  'POST /v1/session': { username: 'nobody', password: 'nobody' },
  'POST /v1/queues/:vhost/:queue/move': { to: { queue: 'other' } },
  'POST /v1/exchanges/:vhost/:exchange/messages': { payload: 'x', routing_key: 'k' },
  'POST /v1/exchanges/:vhost/:exchange/messages/batch': [{ payload: 'x', routing_key: 'k' }],
  'POST /v1/queues/:vhost/:queue/messages': { payload: 'x' },
};

const PARAMETERS: Readonly<Record<string, string>> = {
  vhost: '%2F',
  queue: 'q',
  exchange: 'x',
  source: 'x',
  dtype: 'q',
  destination: 'q',
  properties: 'k',
  user: 'bob',
  username: 'bob',
  limit: 'max-connections',
  name: 'p',
  component: 'component',
  connection: 'nothing',
  channel: 'nothing',
  within: '1',
  unit: 'days',
  port: '1',
  protocol: 'amqp',
  pattern: '.*',
  message_id: 'm',
  id: '1',
  lease: 'l',
  file: 'index.js',
};

/** These wait for messages: of a queue that is not there they are refused, or not found, at once. */
const WAITING = /\/(receive|stream)$/;

/** `node`: the name of the broker. */
export function requestFor({ method, url }: Route, node: string): { path: string; body: unknown } {
  const special: Record<string, string> = WAITING.test(url) ? { node, queue: 'nothing' } : { node };
  const path = url.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = special[name] ?? PARAMETERS[name];
    if (value === undefined) throw new Error(`no value for the parameter :${name} of ${url}`);
    return value;
  });
  const body = BODIES[`${method} ${url}`] ?? (method === 'PUT' || method === 'POST' ? {} : undefined);
  return { path, body };
}

/** Makes the users, with their passwords. `ask` as guest. */
export async function makeUsers(ask: Ask): Promise<void> {
  for (const { name, tags } of SCENE_USERS) await put(ask, `/api/users/${name}`, { password: name, tags });
}

/** Makes everything that a request may have removed. */
export async function makeThings(ask: Ask): Promise<void> {
  const all = permissionOf('.*');
  await put(ask, '/api/vhosts/%2F', {});
  await put(ask, '/api/permissions/%2F/guest', all);
  for (const { name, pattern } of SCENE_USERS) {
    if (pattern !== undefined) await put(ask, `/api/permissions/%2F/${name}`, permissionOf(pattern));
  }
  await put(ask, '/api/users/bob', { password: 'bob', tags: '' });
  await put(ask, '/api/permissions/%2F/bob', all);
  await put(ask, '/api/queues/%2F/q', { durable: true });
  await put(ask, '/api/exchanges/%2F/x', { type: 'direct', durable: true });
  const definition = { pattern: '^none$', definition: { 'max-length': 9 } };
  await put(ask, '/api/policies/%2F/p', definition);
  await put(ask, '/api/operator-policies/%2F/p', definition);
  await put(ask, '/api/global-parameters/p', { value: {} });
  const status = await ask('POST', '/api/bindings/%2F/e/x/q/q', { routing_key: 'k', arguments: {} }, 'guest');
  if (status !== 201) throw new Error(`the binding was answered with ${status}`);
}

function permissionOf(pattern: string): object {
  return { configure: pattern, write: pattern, read: pattern };
}

async function put(ask: Ask, path: string, body: unknown): Promise<void> {
  const status = await ask('PUT', path, body, 'guest');
  if (status >= 300) throw new Error(`PUT ${path} was answered with ${status}`);
}

/** The letters of the users that are let in. */
export async function letIn(ask: Ask, route: Route, node: string): Promise<string> {
  const { path, body } = requestFor(route, node);
  let letters = '';
  for (const { letter, name } of SCENE_USERS) {
    const status = await ask(route.method, path, body, name);
    if (status === 401 || status === 403) continue;
    letters += letter;
    if (route.method !== 'GET') await makeThings(ask);
  }
  return letters;
}
