import { type FieldTable, tableOf } from '../codec/field-table.ts';
import type { BasicProperties } from '../codec/properties.ts';
import type { PublishProperties, TableInput } from './delivery.ts';

/** The typed table of `input`; an empty one for undefined. */
export function fieldTableOf(input: TableInput | undefined): FieldTable {
  return input instanceof Map ? input : tableOf(input ?? {});
}

export function basicPropertiesOf(properties: PublishProperties | undefined): BasicProperties {
  if (properties === undefined) {
    return {};
  }
  const { headers, ...others } = properties;
  return headers === undefined ? others : { ...others, headers: fieldTableOf(headers) };
}
