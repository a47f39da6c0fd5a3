/*
 * Bodies that say which message they are, and show any damage:
 *
 *     0        4        8
 *     +--------+--------+~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~+
 *     | id u32 | bytes  | filling: made of id and offset   |
 *     +--------+--------+~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~+
 */

export const BODY_BYTES_MIN = 8;

export function makeBody(id: number, bodyBytes: number): Uint8Array {
  const body = new Uint8Array(bodyBytes);
  const view = new DataView(body.buffer);
  view.setUint32(0, id);
  view.setUint32(4, bodyBytes);
  for (let at = BODY_BYTES_MIN; at < bodyBytes; at++) body[at] = fillingAt(id, at);
  return body;
}

/** The id of the message with this body; undefined when the body is not as it was made. */
export function readBody(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start < BODY_BYTES_MIN) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  const id = view.getUint32(0);
  if (view.getUint32(4) !== end - start) return undefined;
  for (let at = BODY_BYTES_MIN; at < end - start; at++) {
    if (bytes[start + at] !== fillingAt(id, at)) return undefined;
  }
  return id;
}

function fillingAt(id: number, at: number): number {
  return (id * 31 + at * 7 + (at >>> 8)) & 0xff;
}
