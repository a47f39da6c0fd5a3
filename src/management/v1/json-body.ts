import { isUtf8 } from 'node:buffer';
import type { FastifyRequest } from 'fastify';
import { isJsonType } from '../content-type.ts';
import { hasMoreValues } from '../json-values.ts';
import { invalidRequest, Problem } from './problem.ts';

/** Parsing so many takes about 20 ms. */
const VALUES_MAX = 100_000;
/** What is shorter has not many values. */
const SHORT_BYTES_MAX = 64 * 1024;

/**
 * The JSON of a body that was kept as bytes; undefined for an empty one. Problem 400 when it is no JSON, 415 when it does not
 * say that it is.
 */
export function jsonBody({ body, headers }: FastifyRequest): unknown {
  const bytes = body as Buffer | undefined | null;
  if (bytes === undefined || bytes === null || bytes.length === 0) return undefined;
  const type = headers['content-type'] ?? '';
  if (isJsonType(type)) return parseJson(bytes, 'body');
  throw new Problem('unsupported-media-type', `the Content-Type is '${type}': it must be application/json`);
}

/** Problem 400 when `bytes`, which stand at `at`, are no JSON, 413 when they hold too many values. */
export function parseJson(bytes: Buffer, at: string): unknown {
  if (!isUtf8(bytes)) throw invalidRequest(`${at} is not UTF-8, which JSON has to be`);
  if (bytes.length > SHORT_BYTES_MAX && hasMoreValues(bytes, VALUES_MAX)) {
    const detail = `${at} has more than the ${VALUES_MAX} members, elements, objects and arrays that are allowed: send less at once`;
    throw new Problem('too-large', detail);
  }
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    // what the parser says quotes the body, and may quote a password
    throw invalidRequest(`${at} is no JSON`, [{ at, message: 'is no JSON' }]);
  }
}
