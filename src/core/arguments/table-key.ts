import { ByteWriter } from '../../codec/byte-writer.ts';
import type { FieldTable } from '../../codec/field-table.ts';

/** A text that is the same for tables with the same entries, in whatever order; '' for an empty one. */
export function tableKey(table: FieldTable): string {
  if (table.size === 0) return '';
  const writer = new ByteWriter();
  writer.table(new Map([...table].sort(([a], [b]) => (a < b ? -1 : 1))));
  let key = '';
  for (let index = 0; index < writer.position; index++)
    key += String.fromCharCode(writer.bytes[index] as number);
  return key;
}
