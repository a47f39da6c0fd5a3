/** The JSON body of a request that changes something, and the values in it. Each throws 400 with what was found and what is allowed. */
import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FieldTable } from '../../codec/field-table.ts';
import { ApiError, badRequest } from '../api-error.ts';
import { isJsonType } from '../content-type.ts';
import { isJsonObject, tableOfJson } from '../field-json.ts';

/** A JSON object that came with a request. */
export type Body = { readonly [key: string]: unknown };

/** Only browsers send these, and a page of somebody else cannot leave them out. */
const BROWSER_HEADERS = ['origin', 'sec-fetch-site'];

/**
 * Lets routes get bodies as bytes, whatever their content type: old tools name none, or a wrong one. A browser has to say that it is
 * JSON: it asks before it lets the page of somebody else do that.
 */
export function acceptJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    const type = request.headers['content-type'] ?? '';
    if (isJsonType(type) || BROWSER_HEADERS.every((name) => request.headers[name] === undefined))
      done(null, body);
    else
      done(
        new ApiError(415, 'unsupported_media_type', `the content type is '${type}': send application/json`),
      );
  });
}

/** The body as an object; an empty one when there is none. */
export function bodyOf({ body }: FastifyRequest): Body {
  const bytes = body as Buffer | undefined | null;
  if (bytes === undefined || bytes === null || bytes.length === 0) return {};
  const json = parse(bytes);
  if (isJsonObject(json)) return json;
  throw badRequest(`the body is ${kindOf(json)}, but must be a JSON object`);
}

function parse(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw badRequest('the body is no UTF-8, which JSON has to be');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // what the parser says quotes the body, and may quote a password
    throw badRequest('not_json: the body is no JSON');
  }
}

/** 400 that lists all keys that are not there, as RabbitMQ does. */
export function requireKeys(body: Body, ...keys: readonly string[]): void {
  const missing = keys.filter((key) => body[key] === undefined);
  if (missing.length === 0) return;
  throw badRequest(`[${missing.map((key) => `{key_missing,${key}}`).join(',')}]`);
}

/** A string; `absent` when it is not there. */
export function textIn(body: Body, key: string, absent?: string): string {
  const value = body[key] ?? absent;
  if (typeof value === 'string') return value;
  throw wrong(key, value, 'must be a string');
}

/** A string, or nothing when it is not there, or null. */
export function optionalTextIn(body: Body, key: string): string | undefined {
  return body[key] === undefined || body[key] === null ? undefined : textIn(body, key);
}

/** A boolean, also as a string, as command line tools send it. */
export function flagIn(body: Body, key: string, absent: boolean): boolean {
  const value = body[key] ?? absent;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false' || value === '') return false;
  throw wrong(key, value, 'must be true or false');
}

/** A whole number, also as a string of digits. */
export function integerIn(body: Body, key: string, absent?: number): number {
  const value = body[key] ?? absent;
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (Number.isSafeInteger(number)) return number as number;
  throw wrong(key, value, 'must be a whole number');
}

/** A list of strings; also one string with commas in it. */
export function wordsIn(body: Body, key: string): readonly string[] {
  const value = body[key] ?? [];
  const words = typeof value === 'string' ? value.split(',').map((word) => word.trim()) : value;
  if (Array.isArray(words) && words.every((word) => typeof word === 'string'))
    return words.filter((word) => word !== '');
  throw wrong(key, value, 'must be a list of strings, or a string of words with commas between them');
}

/** A list of objects; an empty one when it is not there. */
export function objectsIn(body: Body, key: string): readonly Body[] {
  const value = body[key] ?? [];
  if (Array.isArray(value) && value.every(isJsonObject)) return value;
  throw wrong(key, value, 'must be a list of JSON objects');
}

/** Arguments; none when they are not there, or an empty list, which some languages write for an empty map. */
export function argumentsIn({ arguments: args }: Body): FieldTable {
  return tableOfJson(isEmptyList(args) ? {} : args, 'arguments');
}

const DEPTH_MAX = 64;

/** A value as JSON text, to be kept. 400 for one that is nested so deep that whoever reads it may not be able to. */
export function keptJson(value: unknown): string {
  if (isWithin(value, DEPTH_MAX)) return JSON.stringify(value ?? null);
  throw badRequest(`value is nested deeper than the ${DEPTH_MAX} levels that are allowed`);
}

function isWithin(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((each) => isWithin(each, depth - 1));
}

export function isEmptyList(json: unknown): boolean {
  return Array.isArray(json) && json.length === 0;
}

function wrong(key: string, value: unknown, allowed: string): ApiError {
  const found = typeof value === 'string' ? `'${shortened(value)}'` : kindOf(value);
  return badRequest(`${key} is ${found}, but ${allowed}`);
}

const SHOWN_MAX = 200;

function shortened(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}

/** What a JSON value is, in words. */
export function kindOf(json: unknown): string {
  if (json === undefined) return 'missing';
  if (json === null) return 'null';
  if (Array.isArray(json)) return 'an array';
  return typeof json === 'object' ? 'an object' : `the ${typeof json} ${shortened(String(json))}`;
}
