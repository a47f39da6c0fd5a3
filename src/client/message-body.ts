import { isUint8Array } from 'node:util/types';
import { encodeText } from './body-encoding.ts';

/** The bytes of a body to publish. Throws `TypeError` for what is neither bytes nor text. */
export function messageBody(body: unknown): Uint8Array {
  if (isUint8Array(body)) {
    return body;
  }
  if (typeof body === 'string') {
    return encodeText(body);
  }
  throw new TypeError(
    `body: found ${kindOf(body)}; allowed: a Uint8Array, or a string, which is sent as UTF-8 (JSON.stringify makes one of an object)`,
  );
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) {
    return String(value);
  }
  if (Array.isArray(value)) {
    return 'an array';
  }
  if (typeof value !== 'object') {
    return `a ${typeof value}`;
  }
  const name = Object.prototype.toString.call(value).slice('[object '.length, -1);
  return name === 'Object' ? 'an object' : `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`;
}
