import type { Random } from '../../src/core/environment.ts';
import { below, pick } from './frame-mutation.ts';
import type { FuzzRequest } from './http-requests.ts';

/** Texts that something may trip over. */
const TEXTS: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'amq.default',
  'amq.rabbitmq.reply-to',
  'amq.rabbitmq.reply-to.x',
  'null',
  'undefined',
  'NaN',
  '-1',
  '0',
  '1e309',
  '9007199254740993',
  '99999999999999999999',
  '0x10',
  'true',
  '\u0000',
  '\n\r\n',
  '%00',
  '%',
  '%zz',
  '\ud800',
  '\u202e',
  '💥',
  '<script>',
  "'; --",
  '0-0',
  '999-999999999999999',
  '999ms999',
  '1h',
  'x'.repeat(256),
  'x'.repeat(5000),
  'é'.repeat(128),
];

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  -(2 ** 63),
  [],
  {},
  [[]],
  [null],
  { payload: {} },
  deep(40),
  Array.from({ length: 2000 }, (_, index) => index),
  ...TEXTS,
];

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];
const MEDIA_TYPES = [
  '',
  'application/json',
  'application/json; charset=utf-16',
  'application/x-ndjson',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
  'x/y;;;',
  'json',
];
const HEADER_NAMES = [
  'idempotency-key',
  'x-property-priority',
  'x-property-user-id',
  'x-property-',
  'x-header-cc',
  'x-header-',
  'content-encoding',
  'accept',
  'origin',
  'cookie',
  'traceparent',
  'x-http-method-override',
];

type Mutation = (request: FuzzRequest, random: Random) => void;

const MUTATIONS: readonly Mutation[] = [
  (request, random) => {
    request.method = pick(random, METHODS);
  },
  (request, random) => {
    request.segments[below(random, request.segments.length)] = pick(random, TEXTS);
  },
  (request, random) => {
    request.segments.splice(below(random, request.segments.length), 1);
  },
  (request, random) => {
    request.segments.splice(below(random, request.segments.length), 0, pick(random, TEXTS));
  },
  (request, random) => {
    request.query.push([
      pick(random, [...TEXTS, 'limit', 'credit', 'wait', 'raw', 'header.x']),
      pick(random, TEXTS),
    ]);
  },
  (request, random) => {
    const parameter = request.query[below(random, request.query.length + 1)];
    if (parameter !== undefined) parameter[1] = pick(random, TEXTS);
  },
  (request, random) => {
    const parameter = request.query[below(random, request.query.length + 1)];
    if (parameter !== undefined) request.query.push([...parameter]);
  },
  (request, random) => {
    request.headers['content-type'] = pick(random, MEDIA_TYPES);
  },
  (request, random) => {
    request.headers[pick(random, HEADER_NAMES)] = headerValue(pick(random, TEXTS));
  },
  (request, random) => {
    request.headers['authorization'] = pick(random, ['', 'Basic', 'Basic !', 'Bearer x.y.z', 'Digest x']);
  },
  mutateJson,
  mutateJson,
  mutateJson,
  mutateBytes,
  (request, random) => {
    request.body = Buffer.from(JSON.stringify(pick(random, VALUES)));
  },
  (request) => {
    request.body = undefined;
  },
];

/** Damages a request in one to three places. */
export function mutateRequest(request: FuzzRequest, random: Random): void {
  for (let count = 1 + below(random, 3); count > 0; count--) pick(random, MUTATIONS)(request, random);
}

/** Puts something else anywhere into a body that is JSON. */
function mutateJson(request: FuzzRequest, random: Random): void {
  if (request.body === undefined) return;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(request.body).toString());
  } catch {
    mutateBytes(request, random);
    return;
  }
  request.body = Buffer.from(JSON.stringify(replaced(json, random)) ?? '');
}

function replaced(json: unknown, random: Random): unknown {
  if (typeof json !== 'object' || json === null || below(random, 6) === 0) return pick(random, VALUES);
  if (Array.isArray(json)) {
    const index = below(random, json.length + 1);
    return json.toSpliced(index, 1, replaced(json[index], random));
  }
  const entries = Object.entries(json);
  const index = below(random, entries.length + 1);
  const [name, value] = entries[index] ?? [pick(random, TEXTS), null];
  const changed: [string, unknown] = [
    below(random, 5) === 0 ? pick(random, TEXTS) : name,
    replaced(value, random),
  ];
  return Object.fromEntries(entries.toSpliced(index, 1, ...(below(random, 6) === 0 ? [] : [changed])));
}

function mutateBytes(request: FuzzRequest, random: Random): void {
  const { body } = request;
  if (body === undefined || body.length === 0) return;
  const bytes = Buffer.from(body);
  for (let count = 1 + below(random, 4); count > 0; count--)
    bytes[below(random, bytes.length)] = below(random, 256);
  request.body = below(random, 3) === 0 ? bytes.subarray(0, below(random, bytes.length)) : bytes;
}

function deep(levels: number): unknown {
  return levels === 0 ? 'bottom' : [deep(levels - 1)];
}

/** Node refuses to send what is no header: that is for raw sockets. */
export function headerValue(text: string): string {
  return Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    return code < 32 || code > 255 || code === 127 ? '?' : character;
  }).join('');
}
