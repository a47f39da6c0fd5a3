import type { IncomingDelivery } from '../../client/incoming-delivery.ts';
import type { ClaimCheck } from '../claim-check/claim-check.ts';
import type { AnyContract } from '../contract.ts';
import { validated } from '../schema.ts';
import { HEADER } from '../wire.ts';

/**
 * The payload of a message as its contract makes it, at once unless the schema or a claim check takes its time. Throws
 * `PayloadInvalid`, or `BodyUnreadable` for what is no JSON.
 */
export function payloadOf(
  delivery: IncomingDelivery,
  contract: AnyContract,
  service: string,
  claimCheck: ClaimCheck | undefined,
): unknown {
  const claim = delivery.properties.headers?.get(HEADER.claimCheck)?.value;
  if (typeof claim === 'string') return loaded(claim, delivery, contract, service, claimCheck);
  return checked(delivery, contract, delivery.bytes);
}

async function loaded(
  claim: string,
  delivery: IncomingDelivery,
  contract: AnyContract,
  service: string,
  claimCheck: ClaimCheck | undefined,
): Promise<unknown> {
  if (claimCheck !== undefined) return checked(delivery, contract, await claimCheck.load(claim));
  throw new Error(
    `the payload of '${contract.name}' travels beside the queue, and service '${service}' has no claimCheck; give it the folder of the service that sent it`,
  );
}

function checked(delivery: IncomingDelivery, contract: AnyContract, bytes: Uint8Array): unknown {
  const value = bytes.length === 0 ? undefined : parsed(delivery, bytes);
  return validated(`a message of '${contract.name}'`, contract.schema, value);
}

function parsed(delivery: IncomingDelivery, bytes: Uint8Array): unknown {
  return bytes === delivery.bytes ? delivery.json() : JSON.parse(utf8.decode(bytes));
}

const utf8 = new TextDecoder();
