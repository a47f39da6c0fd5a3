/** What OpenAPI 3.1 asks of a document, as far as ours can break it. */
import { beforeEach, expect, test } from 'vitest';
import type { JsonSchema } from '../../src/management/v1/json-schema.ts';
import type { OpenApiDocument, OpenApiOperation } from '../../src/management/v1/openapi.ts';
import { ApiUnderTest } from './api-under-test.ts';
import { routesOf } from './routes-of.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const TYPES = ['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'];

interface Operation extends OpenApiOperation {
  readonly at: string;
  readonly path: string;
  readonly operationId?: string;
}

let document: OpenApiDocument & { components: { securitySchemes: object }; security: readonly object[] };
let operations: readonly Operation[];
let routes: readonly string[];

beforeEach(async () => {
  const api = await ApiUnderTest.start();
  document = (await api.get('/v1/openapi.json', '')).json;
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ ...operation, path, at: `${method} ${path}` })),
  );
  routes = routesOf(api.app)
    .filter(({ url }) => url.startsWith('/v1/') && url !== '/v1/openapi.json')
    .map(({ method, url }) => `${method.toLowerCase()} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
});

/** Every object in a value, with where it is. */
function* objectsIn(value: unknown, at: string): Generator<readonly [at: string, object: object]> {
  if (typeof value !== 'object' || value === null) return;
  yield [at, value];
  for (const [key, member] of Object.entries(value)) yield* objectsIn(member, `${at}/${key}`);
}

function* schemasIn(schema: JsonSchema, at: string): Generator<readonly [at: string, schema: JsonSchema]> {
  yield [at, schema];
  for (const [name, property] of Object.entries(schema.properties ?? {}))
    yield* schemasIn(property, `${at}/${name}`);
  if (schema.items !== undefined) yield* schemasIn(schema.items, `${at}[]`);
  if (typeof schema.additionalProperties === 'object')
    yield* schemasIn(schema.additionalProperties, `${at}/*`);
}

function allSchemas(): (readonly [at: string, schema: JsonSchema])[] {
  return operations.flatMap(({ at, parameters = [], requestBody, responses }) => [
    ...parameters.flatMap(({ name, schema }) => [...schemasIn(schema, `${at} ${name}`)]),
    ...[requestBody, ...Object.values(responses)].flatMap((each) =>
      Object.entries(each?.content ?? {}).flatMap(([type, { schema }]) => [
        ...schemasIn(schema, `${at} ${type}`),
      ]),
    ),
  ]);
}

function repeated(texts: readonly string[]): string[] {
  return texts.filter((text, index) => texts.indexOf(text) !== index);
}

test('the document says what it is, and every path of it is one of ours', () => {
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  expect(document.info.title).not.toBe('');
  expect(document.info.version).not.toBe('');
  expect(operations.map(({ at }) => at).sort()).toEqual([...routes].sort());
  expect(operations.length).toBeGreaterThan(15);
  for (const { at } of operations) expect(METHODS).toContain(at.split(' ')[0]);
});

test('no two operations are called the same, and no two paths are alike but for their parameters', () => {
  const ids = operations.flatMap(({ operationId }) => operationId ?? []);
  expect(repeated(ids)).toEqual([]);
  expect(repeated(operations.map(({ summary }) => summary ?? 'none'))).toEqual([
    'Whether clients may connect',
  ]);
  expect(repeated(Object.keys(document.paths).map((path) => path.replaceAll(/\{\w+\}/g, '{}')))).toEqual([]);
});

test('every reference leads somewhere', () => {
  for (const [at, object] of objectsIn(document, '#')) {
    if (!('$ref' in object)) continue;
    const parts = String(object.$ref).replace(/^#\//, '').split('/');
    const target = parts.reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], document);
    expect(target, `${at} refers to ${String(object.$ref)}`).toBeDefined();
  }
});

test('the parameters of a path are declared, required, and no others are', () => {
  for (const { at, path, parameters = [] } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
    const declared = parameters.filter((parameter) => parameter.in === 'path');
    expect(declared.map(({ name }) => name).sort(), at).toEqual(inPath);
    expect(
      declared.every(({ required }) => required === true),
      at,
    ).toBe(true);
    expect(repeated(parameters.map(({ in: place, name }) => `${place} ${name}`)), at).toEqual([]);
    for (const { in: place, name, schema } of parameters) {
      expect(['path', 'query', 'header', 'cookie'], at).toContain(place);
      expect(schema, `${at} ${name}`).toBeTypeOf('object');
    }
  }
});

test('every operation has answers, each with a description of its own', () => {
  for (const { at, responses } of operations) {
    const statuses = Object.keys(responses);
    expect(
      statuses.some((status) => /^2\d\d$/.test(status)),
      at,
    ).toBe(true);
    for (const [status, { description }] of Object.entries(responses)) {
      expect(status, at).toMatch(/^([1-5]\d\d|default)$/);
      expect(description, `${at} ${status}`).not.toMatch(/^(Default Response)?$/);
    }
  }
});

test('a schema says types that there are, and requires what it has', () => {
  const schemas = allSchemas();
  expect(schemas.length).toBeGreaterThan(200);
  for (const [at, { type, required = [], properties = {}, pattern, ...others }] of schemas) {
    for (const each of [type ?? []].flat()) expect(TYPES, at).toContain(each);
    expect(Object.keys(properties), at).toEqual(expect.arrayContaining([...required]));
    if (pattern !== undefined) expect(() => new RegExp(pattern, 'u'), at).not.toThrow();
    // What OpenAPI 3.0 had, and JSON schema has not.
    expect(Object.keys(others), at).not.toContain('nullable');
    expect('exclusiveMinimum' in others ? others.exclusiveMinimum : 0, at).toBeTypeOf('number');
  }
});

test('tags and ways to log in that are used are declared', () => {
  const tags = new Set(document.tags.map(({ name }) => name));
  const schemes = new Set(Object.keys(document.components.securitySchemes));
  for (const { at, tags: used = [], security = document.security } of operations) {
    expect(used, at).toHaveLength(1);
    expect(tags, at).toContain(used[0]);
    for (const scheme of security.flatMap((each) => Object.keys(each as object)))
      expect(schemes, at).toContain(scheme);
  }
  expect(new Set(operations.flatMap((operation) => operation.tags ?? []))).toEqual(tags);
});
