import type { Totals } from '../../core/statistics/totals.ts';
import type { MetricType } from './metrics-text.ts';

/** A metric of each object of a kind. */
export interface ObjectMetric<T> {
  /** Without the prefix of the endpoint. */
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** What `/metrics/detailed?family=` calls the group that it belongs to: RabbitMQ's name for it. */
  readonly family: string;
  /** Undefined: this one has no such value. */
  readonly value: (object: T) => number | undefined;
  /**
   * What the sum over all objects is, if it is not the sum over those that are there now: a counter must not go back when an
   * object goes. Undefined: the sum over those that are there.
   */
  readonly total?: (totals: Totals) => number;
}
