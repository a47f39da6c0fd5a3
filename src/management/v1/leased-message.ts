import type { Broker } from '../../core/broker.ts';
import type { LeasedMessage } from '../../core/lease/lease.ts';
import { traceOrigin } from '../../core/session/publish-message.ts';
import type { Session } from '../../core/session/session.ts';
import type { PayloadEncoding } from '../payload-text.ts';
import { messageJson, timeText } from './message-output.ts';
import type { RequestInput } from './request-input.ts';

const LEASE_MS = { min: 1000, max: 86_400_000 };
const LEASE_MS_DEFAULT = 30_000;
/** Of payloads: beyond it the next messages wait for the next request. */
export const ANSWER_BYTES_MAX: number = 16 * 2 ** 20;

/** A message under a lease, as it is handed out. */
export function leasedJson(
  broker: Broker,
  message: LeasedMessage,
  encoding: PayloadEncoding,
): Record<string, unknown> {
  const { leaseId, dueMs, redelivered, returnCount, arrivalMs, publication } = message;
  return {
    lease_id: leaseId,
    lease_expires_at: timeText(broker, dueMs),
    ...messageJson(publication, encoding, Number.POSITIVE_INFINITY),
    redelivered,
    return_count: returnCount,
    arrived_at: timeText(broker, arrivalMs),
  };
}

/** The firehose shows what is received over HTTP, too. */
export function traceDelivery(
  { settings }: Broker,
  { vhost, username }: Session,
  queue: string,
  { publication, redelivered }: LeasedMessage,
): void {
  vhost.tracer?.delivered(queue, publication, redelivered, traceOrigin(settings, username));
}

export function leaseMsOf(input: RequestInput): number {
  return input.duration('lease', LEASE_MS) ?? LEASE_MS_DEFAULT;
}

export function encodingOf(input: RequestInput): PayloadEncoding {
  return input.oneOf('encoding', ['auto', 'base64']) ?? 'auto';
}
