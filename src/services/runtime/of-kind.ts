import type { AnyContract } from '../contract.ts';

/** A program without types may mistake one for the other. */
export function ofKind<C extends AnyContract>(kind: C['kind'], contract: C): C {
  if (contract.kind === kind) return contract;
  const verb = contract.kind === 'event' ? 'publish' : 'send or call';
  throw new TypeError(
    `'${contract.name}' is ${contract.kind === 'event' ? 'an event' : 'a command'}: ${verb} it`,
  );
}
