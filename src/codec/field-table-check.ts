import { readU32 } from './bytes.ts';
import { CodecError } from './errors.ts';
import { TABLE_DEPTH_MAX, TABLE_ENTRIES_MAX, tableEnd } from './field-table.ts';
import { SYNTAX_ERROR } from './reply-codes.ts';

const SIZE_OF_LONGSTR = -1;
const SIZE_OF_NESTED = -2;
const SIZE_OF_TABLE = -3;
const SIZE_UNKNOWN = -4;

/** By tag: how many bytes a value has, or one of the constants above. */
const SIZES: Int8Array = sizes();

/** Entries that may still come. One walk at a time: nothing here waits. */
let entriesLeft = 0;

/**
 * Makes sure that `decodeTable` of the table at `start` would succeed, without decoding or allocating anything: what is
 * stored now may be decoded much later, where an error could be told to nobody. Returns the offset behind the table.
 * CodecError 502. Runs per message with new headers.
 */
export function checkTable(bytes: Uint8Array, start: number, limit: number): number {
  entriesLeft = TABLE_ENTRIES_MAX;
  return checkNested(bytes, start, limit, 1, true);
}

/** A table, whose values have names, or an array, whose values have none. */
function checkNested(bytes: Uint8Array, start: number, limit: number, depth: number, named: boolean): number {
  if (depth > TABLE_DEPTH_MAX) {
    throw new CodecError(SYNTAX_ERROR, `a field table is nested more than ${TABLE_DEPTH_MAX} levels deep`);
  }
  const end = tableEnd(bytes, start, limit);
  let at = start + 4;
  while (at < end) {
    if (--entriesLeft < 0) {
      throw new CodecError(SYNTAX_ERROR, `a field table has more than ${TABLE_ENTRIES_MAX} entries`);
    }
    if (named) at += 1 + (bytes[at] as number);
    if (at >= end) throw cutShort();
    at = checkValue(bytes, at, end, depth);
  }
  return end;
}

function checkValue(bytes: Uint8Array, at: number, end: number, depth: number): number {
  const size = SIZES[bytes[at] as number] as number;
  let next = at + 1 + size;
  if (size === SIZE_OF_LONGSTR) next = end - at < 5 ? end + 1 : at + 5 + readU32(bytes, at + 1);
  else if (size === SIZE_OF_NESTED) next = checkNested(bytes, at + 1, end, depth + 1, false);
  else if (size === SIZE_OF_TABLE) next = checkNested(bytes, at + 1, end, depth + 1, true);
  else if (size === SIZE_UNKNOWN) throw unknownTag(bytes[at] as number);
  if (next > end) throw cutShort();
  return next;
}

function sizes(): Int8Array {
  const all = new Int8Array(256).fill(SIZE_UNKNOWN);
  const bySize: readonly (readonly [number, string])[] = [
    [0, 'V'],
    [1, 'tbB'],
    [2, 'su'],
    [4, 'Iif'],
    [5, 'D'],
    [8, 'lLdT'],
    [SIZE_OF_LONGSTR, 'Sx'],
    [SIZE_OF_NESTED, 'A'],
    [SIZE_OF_TABLE, 'F'],
  ];
  for (const [size, tags] of bySize) for (const tag of tags) all[tag.charCodeAt(0)] = size;
  return all;
}

function cutShort(): CodecError {
  return new CodecError(SYNTAX_ERROR, 'a value in a field table is cut short');
}

function unknownTag(tag: number): CodecError {
  return new CodecError(
    SYNTAX_ERROR,
    `a field table holds a value of the unknown type 0x${tag.toString(16).padStart(2, '0')}`,
  );
}
