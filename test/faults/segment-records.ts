import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A record of a segment file, as docs/format-log.md draws it: the headers of segment and blocks are records, too. */
export interface SegmentRecord {
  readonly kind: string;
  readonly offset: number;
  readonly bytes: number;
}

const KIND_HEADER = 15;
const SEGMENT_HEADER_FLAGS = 8;
const SEAL_FLAG = 2;
const KINDS: Readonly<Record<number, string>> = {
  0: 'message',
  1: 'settled',
  2: 'note',
  3: 'reach',
  4: 'definition',
  5: 'definitions-void',
};

/** The names of a stream's segments, oldest first. */
export async function segmentNames(dataDir: string, stream: string): Promise<string[]> {
  const names = await readdir(dataDir);
  return names.filter((name) => name.startsWith(`${stream}-`) && name.endsWith('.log')).sort();
}

/** All records of a file that nobody has damaged. */
export function segmentRecords(path: string): SegmentRecord[] {
  const file = readFileSync(path);
  const records: SegmentRecord[] = [];
  for (let offset = 0; offset < file.length; ) {
    const bytes = file.readUInt32LE(offset);
    const kindAndFlags = file.readUInt8(offset + 4);
    if (bytes < 5) throw new Error(`${path}: a record of ${bytes} bytes at offset ${offset}`);
    records.push({ kind: kindOf(kindAndFlags >>> 4, kindAndFlags & 15), offset, bytes });
    offset += bytes;
  }
  return records;
}

function kindOf(kind: number, flags: number): string {
  if (kind !== KIND_HEADER) return KINDS[kind] ?? `unknown kind ${kind}`;
  if ((flags & SEGMENT_HEADER_FLAGS) !== 0) return 'segment header';
  return (flags & SEAL_FLAG) !== 0 ? 'seal' : 'block header';
}

/** The records of the first segment of main, for a data directory with one of each kind. */
export async function recordsOf(dataDir: string): Promise<{ name: string; records: SegmentRecord[] }> {
  const [name] = await segmentNames(dataDir, 'main');
  if (name === undefined) throw new Error(`${dataDir} has no segment of the stream main`);
  return { name, records: segmentRecords(join(dataDir, name)) };
}
