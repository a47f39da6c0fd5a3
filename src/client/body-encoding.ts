import { isUint8Array } from 'node:util/types';
import { BodyUnreadable } from './client-failures.ts';

/**
 * A body as a program has it. Bytes and texts are sent as they are; anything else is sent as JSON, so that an object with a
 * `toJSON` may be a body.
 */
export type Body = Uint8Array | string | number | boolean | null | object;

export interface EncodedBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain';
const BYTES_TYPE = 'application/octet-stream';

/** The bytes of a body, and its content-type when none was given. Throws `TypeError` for what has no form. */
export function encodeBody(body: Body, contentType: string | undefined): EncodedBody {
  if (typeof body === 'string') return { bytes: encodeText(body), contentType: contentType ?? TEXT_TYPE };
  if (isUint8Array(body)) return { bytes: body, contentType: contentType ?? BYTES_TYPE };
  if (contentType !== undefined && !isJson(contentType)) {
    throw new TypeError(
      `body: found a value for the content-type '${contentType}'; allowed: a string or a Uint8Array, or a JSON content-type`,
    );
  }
  return { bytes: encodeText(jsonOf(body)), contentType: contentType ?? JSON_TYPE };
}

function jsonOf(body: unknown): string {
  const isBinary = body instanceof ArrayBuffer || ArrayBuffer.isView(body);
  const isUnseen = body instanceof Map || body instanceof Set || body instanceof Promise;
  const text: string | undefined = isBinary || isUnseen ? undefined : JSON.stringify(body);
  if (text !== undefined) return text;
  const found = typeof body === 'object' ? body?.constructor.name : typeof body;
  throw new TypeError(
    `body: found ${found}; allowed: a Uint8Array, a string, or a value that JSON has a form for; convert it first`,
  );
}

/** What a body is by its content-type: a value of JSON, a text, or bytes. Throws `BodyUnreadable`. */
export function decodeBody(bytes: Uint8Array, contentType: string | undefined): unknown {
  if (contentType === undefined) return bytes;
  if (isJson(contentType)) return decodeJson(bytes);
  return contentType.toLowerCase().startsWith('text/') ? decodeText(bytes) : bytes;
}

/** In UTF-8, from Node's pool: a tenth of what an array of its own takes. */
export function encodeText(text: string): Uint8Array {
  return Buffer.from(text);
}

/** Throws `BodyUnreadable` for bytes that are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch (reason) {
    throw new BodyUnreadable(`the body of ${bytes.length} bytes is no UTF-8; read its bytes`, reason);
  }
}

/** Throws `BodyUnreadable` for what is no JSON. */
export function decodeJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes);
  try {
    return JSON.parse(text);
  } catch (reason) {
    throw new BodyUnreadable(`the body of ${bytes.length} bytes is no JSON: ${String(reason)}`, reason);
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isJson(contentType: string): boolean {
  return contentType === JSON_TYPE || /^application\/(.*\+)?json\s*(;|$)/i.test(contentType);
}
