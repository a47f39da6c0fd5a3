/** How long a message waits before it is routed: header x-deliver-at, or x-delay of one that comes to a delayed exchange. */
import { field } from '../../codec/field-table.ts';
import { preconditionFailed } from '../failures.ts';
import type { Publication } from '../message/publication.ts';
import type { Exchange } from './exchange.ts';

/** A delay is a u32 of milliseconds, 49 days, as an expiration is. */
export const DELAY_MAX_MS: number = 2 ** 32 - 1;

/**
 * In milliseconds; 0 and less: not at all. As the headers say it, which may be more than is allowed, or not-a-number. `wallMs`: now,
 * in milliseconds since 1970.
 */
export function delayOf(exchange: Exchange, publication: Publication, wallMs: () => number): number {
  if (!publication.mayBeRedirected && !exchange.isDelayed) return 0;
  const headers = publication.headers();
  const deliverAt = headers?.get('x-deliver-at');
  if (deliverAt !== undefined) return Number(deliverAt.value) * (deliverAt.tag === 'T' ? 1000 : 1) - wallMs();
  const delay = exchange.isDelayed ? headers?.get('x-delay') : undefined;
  return delay === undefined ? 0 : Number(delay.value);
}

/** 406 when the delay is no number, or too long. */
export function assertDelay(delayMs: number, publication: Publication): void {
  if (delayMs <= DELAY_MAX_MS) return;
  const header = publication.headers()?.has('x-deliver-at') === true ? 'x-deliver-at' : 'x-delay';
  throw preconditionFailed(
    `invalid header '${header}': a delay of ${delayMs} ms, where at most ${DELAY_MAX_MS} ms are allowed; x-delay is a ` +
      'number of milliseconds, x-deliver-at a timestamp or an integer of milliseconds since 1970',
  );
}

/**
 * As RabbitMQ's plugin does: a message that was held has its x-delay negated, so that its receiver sees how long that was, and
 * no other delayed exchange holds it again.
 */
export function negateDelay(publication: Publication): void {
  const properties = publication.properties();
  const delayMs = Number(properties.headers?.get('x-delay')?.value);
  if (!Number.isSafeInteger(delayMs) || delayMs <= 0) return;
  const headers = new Map(properties.headers).set('x-delay', field.int(-delayMs));
  publication.replaceProperties({ ...properties, headers });
}
