import type { BrokerEvent } from '../../core/environment.ts';
import type { StorageError } from './storage-error.ts';

/** Who hears of a disk in trouble, and of what was found at a start. */
export interface StorageEvents {
  onEvent(event: BrokerEvent): void;
  /** Nothing that is appended from now on will be durable. Called at most once by each engine. */
  onFailure(reason: StorageError): void;
  /** The disk has no room for what was appended, or has again. */
  onFull(on: boolean): void;
}
