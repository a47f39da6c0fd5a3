import { isUtf8 } from 'node:buffer';

/** What is longer is base64 in any case: as text, escaped for JSON, it may be six times as long, and a string has an end. */
const TEXT_BYTES_MAX = 64 * 2 ** 20;

/** How to show a payload: as text when it is UTF-8 and as base64 otherwise, or always as base64. */
export type PayloadEncoding = 'auto' | 'base64';

/** The bytes of a payload in a JSON string. */
export function payloadText(
  bytes: Uint8Array,
  encoding: PayloadEncoding,
): { readonly text: string; readonly isBase64: boolean } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (encoding === 'auto' && bytes.length <= TEXT_BYTES_MAX && isUtf8(bytes))
    return { text: buffer.toString('utf8'), isBase64: false };
  return { text: buffer.toString('base64'), isBase64: true };
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The bytes of a text in base64 with padding; undefined when it is none. */
export function bytesOfBase64(text: string): Buffer | undefined {
  return text.length % 4 === 0 && BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
}
