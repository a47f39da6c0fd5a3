import type { IncomingDelivery } from '../../../client/incoming-delivery.ts';
import type { ClaimCheck } from '../../claim-check/claim-check.ts';
import type { AnyContract } from '../../contract.ts';
import { payloadOf } from '../payload-of.ts';

/** What keys are read with. */
export interface KeySource {
  readonly contract: AnyContract;
  readonly service: string;
  readonly claimCheck: ClaimCheck | undefined;
}

/**
 * The key of a message, at once unless its payload takes its time. One whose payload cannot be read has none, and goes by its
 * routing key: it will be a dead letter, in whatever order.
 */
export function messageKey(delivery: IncomingDelivery, source: KeySource): string | Promise<string> {
  const { contract, service, claimCheck } = source;
  try {
    const payload = payloadOf(delivery, contract, service, claimCheck);
    if (!(payload instanceof Promise)) return keyOf(contract, payload);
    return payload.then((later) => keyOf(contract, later)).catch(() => delivery.routingKey);
  } catch {
    return delivery.routingKey;
  }
}

function keyOf(contract: AnyContract, payload: unknown): string {
  return String(contract.key?.(payload));
}
