/**
 * Bytes, integers and text. AMQP's integers are unsigned and in network byte order (AMQP 0-9-1, section 4.2.5.1).
 *
 * The readers here check nothing: the caller has made sure that the bytes are there (past the end of an array they
 * would read 0). Whoever reads bytes of unknown length uses `ByteReader`.
 */

const UINT32_RANGE = 0x1_0000_0000;

/** Below it a plain loop beats the native call behind `set` (about 50-100 ns). */
const NATIVE_COPY_BYTES_MIN = 48;

/**
 * A copy of `bytes[start, end)`. `slice` is not one when the bytes came from a socket: Node's Buffer is a Uint8Array too,
 * but its `slice` is a view, which would keep the whole chunk in memory.
 */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}

/** Copies `source[start, end)` to `target[at, ...)`. Runs per message. */
export function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  if (end - start >= NATIVE_COPY_BYTES_MIN) {
    target.set(source.subarray(start, end), at);
    return;
  }
  // Eight at a time: measured, 19 ns instead of 26 for 16 bytes, 33 instead of 57 for 32.
  const distance = at - start;
  const lastEight = end - 7;
  let from = start;
  for (; from < lastEight; from += 8) {
    const to = from + distance;
    target[to] = source[from] as number;
    target[to + 1] = source[from + 1] as number;
    target[to + 2] = source[from + 2] as number;
    target[to + 3] = source[from + 3] as number;
    target[to + 4] = source[from + 4] as number;
    target[to + 5] = source[from + 5] as number;
    target[to + 6] = source[from + 6] as number;
    target[to + 7] = source[from + 7] as number;
  }
  for (; from < end; from++) target[from + distance] = source[from] as number;
}

/** Whether `known[0, knownEnd)` and `bytes[start, end)` are the same. Runs per message. */
export function sameBytes(
  known: Uint8Array,
  knownEnd: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (end - start !== knownEnd) return false;
  for (let index = 0; index < knownEnd; index++) {
    if (known[index] !== bytes[start + index]) return false;
  }
  return true;
}

export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}

/** Exact up to 2^53; a larger value is rounded. Delivery tags and body sizes never come near it. */
export function readU64(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) * UINT32_RANGE + readU32(bytes, at + 4);
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Takes whole numbers from -2^53 to 2^53; negative ones are written as two's complement. */
export function writeU64(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, Math.floor(value / UINT32_RANGE));
  writeU32(bytes, at + 4, value);
}

const REPLACEMENT = 0xfffd;

/** `String.fromCharCode` takes its units as arguments, and the stack has an end. */
const TEXT_UNITS_MAX = 4096;

/** The text of `bytes[start, end)`. Each invalid sequence becomes one U+FFFD, as the WHATWG encoding standard says. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > TEXT_UNITS_MAX || !isAscii(bytes, start, end)) return decodeInPieces(bytes, start, end);
  // Measured against `text += ...` and `fromCharCode.apply(null, subarray)`: as fast or faster at every length, about
  // 50 ns for 3 characters and 200 ns for 24.
  const units = new Array<number>(end - start);
  for (let at = start; at < end; at++) units[at - start] = bytes[at] as number;
  return String.fromCharCode.apply(null, units);
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let union = 0;
  for (let at = start; at < end; at++) union |= bytes[at] as number;
  return union < 0x80;
}

function decodeInPieces(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  let units: number[] = [];
  for (let at = start; at < end; ) {
    const codePoint = readCodePoint(bytes, at, end);
    if (codePoint < 0) {
      units.push(REPLACEMENT);
      at -= codePoint;
    } else {
      if (codePoint < 0x10000) units.push(codePoint);
      else units.push(0xd800 + ((codePoint - 0x10000) >>> 10), 0xdc00 + (codePoint & 0x3ff));
      at += encodedLength(codePoint);
    }
    if (units.length >= TEXT_UNITS_MAX) {
      text += String.fromCharCode.apply(null, units);
      units = [];
    }
  }
  return text + String.fromCharCode.apply(null, units);
}

/** True when `bytes[start, end)` is well-formed UTF-8: nothing overlong, no surrogates, nothing above U+10FFFF. */
export function isUtf8(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; ) {
    const codePoint = readCodePoint(bytes, at, end);
    if (codePoint < 0) return false;
    at += encodedLength(codePoint);
  }
  return true;
}

/**
 * The code point whose encoding begins at `at`; or, of an invalid sequence, the number of its bytes, negated: the
 * longest beginning of a sequence that could have become valid, at least one byte.
 * The second byte is where overlong forms, surrogates and values above U+10FFFF give themselves away.
 */
function readCodePoint(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return lead;
  if (lead < 0xc2 || lead > 0xf4) return -1;
  const following = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  let lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  let highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  let codePoint = lead & (0x3f >>> following);
  for (let index = 1; index <= following; index++) {
    if (at + index >= end) return -index;
    const next = bytes[at + index] as number;
    if (next < lowest || next > highest) return -index;
    codePoint = (codePoint << 6) | (next & 0x3f);
    lowest = 0x80;
    highest = 0xbf;
  }
  return codePoint;
}

function encodedLength(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** The code point at a UTF-16 position. A surrogate without its partner has no encoding and counts as U+FFFD. */
function codePointOf(text: string, index: number): number {
  const codePoint = text.codePointAt(index) as number;
  return codePoint >= 0xd800 && codePoint <= 0xdfff ? REPLACEMENT : codePoint;
}

export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  writeUtf8(text, bytes, 0);
  return bytes;
}

/** The number of bytes that `encodeUtf8` gives. */
export function utf8Length(text: string): number {
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const codePoint = codePointOf(text, index);
    length += encodedLength(codePoint);
    if (codePoint > 0xffff) index++;
  }
  return length;
}

/** Writes `text` at `target[at, ...)` and returns the position behind it. Needs up to 3 bytes per UTF-16 unit. */
export function writeUtf8(text: string, target: Uint8Array, at: number): number {
  let to = at;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      target[to++] = unit;
    } else {
      const codePoint = codePointOf(text, index);
      to = writeCodePoint(codePoint, target, to);
      if (codePoint > 0xffff) index++;
    }
  }
  return to;
}

/** `codePoint` is U+0080 or above. */
function writeCodePoint(codePoint: number, target: Uint8Array, at: number): number {
  let to = at;
  if (codePoint < 0x800) {
    target[to++] = 0xc0 | (codePoint >>> 6);
  } else {
    if (codePoint < 0x10000) {
      target[to++] = 0xe0 | (codePoint >>> 12);
    } else {
      target[to++] = 0xf0 | (codePoint >>> 18);
      target[to++] = 0x80 | ((codePoint >>> 12) & 0x3f);
    }
    target[to++] = 0x80 | ((codePoint >>> 6) & 0x3f);
  }
  target[to++] = 0x80 | (codePoint & 0x3f);
  return to;
}

const ELLIPSIS = '...';
/** The length of a shortstr is one octet (AMQP 0-9-1, section 4.2.5.3). */
export const SHORTSTR_BYTES_MAX = 255;

/**
 * The text of a shortstr, `bytes[start, end)`. What is no UTF-8 grows when it is replaced by U+FFFD, so the text is shortened
 * where it could not be written as a shortstr again.
 */
export function decodeShortstr(bytes: Uint8Array, start: number, end: number): string {
  return shortenUtf8(decodeUtf8(bytes, start, end), SHORTSTR_BYTES_MAX);
}

/** `text` with its length in front. The text takes at most 255 bytes, as every text that was a shortstr does. */
export function encodeShortstr(text: string): Uint8Array {
  const length = utf8Length(text);
  const bytes = new Uint8Array(1 + length);
  bytes[0] = length;
  writeUtf8(text, bytes, 1);
  return bytes;
}

/**
 * `text`, or its beginning and `...` when it takes more than `bytesMax` bytes. A reply text is a shortstr (255 bytes)
 * that may hold a name as long as itself; RabbitMQ shortens it in the same way.
 */
export function shortenUtf8(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax || utf8Length(text) <= bytesMax) return text;
  let bytes = ELLIPSIS.length;
  let index = 0;
  while (index < text.length) {
    const codePoint = codePointOf(text, index);
    bytes += encodedLength(codePoint);
    if (bytes > bytesMax) break;
    index += codePoint > 0xffff ? 2 : 1;
  }
  return text.slice(0, index) + ELLIPSIS;
}
