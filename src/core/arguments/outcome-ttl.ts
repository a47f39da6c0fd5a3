import type { FieldTable } from '../../codec/field-table.ts';
import { preconditionFailed } from '../failures.ts';
import { fieldText, isInteger } from './field-text.ts';

/** As an expiration: a u32 of milliseconds, 49 days. */
export const OUTCOME_TTL_MAX_MS: number = 2 ** 32 - 1;

/**
 * Header x-outcome-ttl: for how many milliseconds the outcome of the message is to be kept; 0: not at all, whatever its queue
 * does. Undefined when it is not there, or anything but such a number.
 */
export function outcomeTtlOf(headers: FieldTable | undefined): number | undefined {
  const field = headers?.get('x-outcome-ttl');
  const ttlMs = field !== undefined && isInteger(field) ? Number(field.value) : Number.NaN;
  return ttlMs >= 0 && ttlMs <= OUTCOME_TTL_MAX_MS ? ttlMs : undefined;
}

/** 406 when header x-outcome-ttl is there and no such number. */
export function assertOutcomeTtl(headers: FieldTable | undefined): void {
  const field = headers?.get('x-outcome-ttl');
  if (field === undefined || outcomeTtlOf(headers) !== undefined) return;
  throw preconditionFailed(
    `invalid header 'x-outcome-ttl': expected an integer of milliseconds from 0 to ${OUTCOME_TTL_MAX_MS}, got ` +
      `${fieldText(field)} of type ${field.tag}`,
  );
}
