/**
 * Hashes that give the same number for the same input in every process and on every machine, so that a routing key keeps
 * its queue over a restart. Not for tables that strangers may fill: they are easy to collide on purpose.
 */

/** A uniform 32-bit hash of a text: FNV-1a over its UTF-16 units, then a full mix. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mixBits(hash);
}

export function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return mixBits(hash);
}

/** A hash of `hash` that is independent for each `seed`. */
export function mixHash(hash: number, seed: number): number {
  return mixBits(hash ^ Math.imul(seed + 1, 0x9e3779b1));
}

/** The finalizer of MurmurHash3: each input bit changes each output bit with probability one half. */
function mixBits(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
