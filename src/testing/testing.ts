// biome-ignore-all lint/performance/noBarrelFile: the entry of the package, not for use inside it
/**
 * The public entry `leveret/testing`: brokers and services inside a test, with a clock that the test moves.
 *
 * @example
 * import { startTestBroker, testServices } from 'leveret/testing';
 */
export type { CrashPoint } from '../services/runtime/faults.ts';
export type { DeadLetter } from './dead-letters.ts';
export type { Duration } from './duration.ts';
export type { CrashCandidate, FaultOptions } from './injected-faults.ts';
export {
  startTestBroker,
  type TestBroker,
  type TestBrokerOptions,
  type TestClock,
} from './test-broker.ts';
export {
  type ServiceFailure,
  type TestServices,
  type TestServicesOptions,
  testServices,
} from './test-services.ts';
