/**
 * The time of sending in a body's first 8 bytes: microseconds of this process's monotonic clock as a 64-bit float. Producers
 * and consumers run in one process, so one clock serves both.
 */
export const TIMESTAMP_BYTES = 8;

const scratch: Float64Array = new Float64Array(1);
const scratchBytes: Uint8Array = new Uint8Array(scratch.buffer);

export function writeSentUs(bytes: Uint8Array, at: number, sentUs: number): void {
  scratch[0] = sentUs;
  for (let i = 0; i < TIMESTAMP_BYTES; i += 1) {
    bytes[at + i] = scratchBytes[i] as number;
  }
}

export function readSentUs(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < TIMESTAMP_BYTES; i += 1) {
    scratchBytes[i] = bytes[at + i] as number;
  }
  return scratch[0] as number;
}
