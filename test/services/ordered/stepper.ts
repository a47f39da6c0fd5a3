import { z } from 'zod';
import { type AnyContract, type Event, event } from '../../../src/services/contract.ts';
import type { HandlerOptions } from '../../../src/services/part.ts';
import { service, type Unit } from '../../../src/services/service.ts';

/** The `n`th message of its key. */
export interface Step {
  readonly key: string;
  readonly n: number;
}

export interface StepperNames {
  readonly service: string;
  readonly contract: string;
}

/** A service with one ordered handler. */
export function stepperUnit(
  names: StepperNames,
  handle: (step: Step) => Promise<void> | void,
  options: Omit<HandlerOptions, 'ordered'> = {},
): { readonly contract: AnyContract; readonly unit: Unit } {
  const schema = z.object({ key: z.string(), n: z.number() });
  const contract: Event<Step> = event(names.contract, schema, { key: (step) => step.key });
  const stepper = service(names.service);
  const handler = stepper.on(contract, (step) => handle(step), { ...options, ordered: true });
  return { contract, unit: stepper.with(handler) };
}
