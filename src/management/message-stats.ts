/** Counters and levels with their rates and samples, as RabbitMQ's management API shows them: `x` and `x_details`. */
import type { MessageCounters } from '../core/statistics/message-counters.ts';
import type { Sample, Series, SeriesName } from '../core/statistics/series.ts';
import type { JsonObject, JsonValue } from './field-json.ts';
import type { SampleRange } from './list-query.ts';

/** What rates and samples are made of. */
export type RecentPast = Pick<Series, 'rateOf' | 'samplesOf'>;

/** A name in JSON, and that of the counter. */
type Stat = readonly [name: string, counter: SeriesName & keyof MessageCounters];

const DELIVERIES: readonly Stat[] = [
  ['get', 'get'],
  ['get_no_ack', 'getNoAck'],
  ['deliver', 'deliver'],
  ['deliver_no_ack', 'deliverNoAck'],
  ['redeliver', 'redeliver'],
  ['ack', 'ack'],
  ['deliver_get', 'deliverGet'],
  ['get_empty', 'getEmpty'],
];

export const QUEUE_STATS: readonly Stat[] = [['publish', 'publish'], ...DELIVERIES];

/** Of a channel, a vhost and the whole broker. */
export const CHANNEL_STATS: readonly Stat[] = [
  ['publish', 'publish'],
  ['confirm', 'confirm'],
  ['return_unroutable', 'returnUnroutable'],
  ['drop_unroutable', 'dropUnroutable'],
  ...DELIVERIES,
];

export const EXCHANGE_STATS: readonly Stat[] = [
  ['publish_in', 'publishIn'],
  ['publish_out', 'publishOut'],
];

/** Undefined while nothing was counted. */
export function messageStats(
  stats: readonly Stat[],
  counters: MessageCounters,
  series: RecentPast | undefined,
  range: SampleRange | undefined,
): JsonObject | undefined {
  if (stats.every(([, counter]) => counters[counter] === 0)) return undefined;
  const json: { [name: string]: JsonValue } = {};
  for (const [name, counter] of stats) {
    json[name] = counters[counter];
    json[`${name}_details`] = details(series, counter, range);
  }
  return json;
}

/** The rate of a number that changes, per second, and when a range is asked for its samples, newest first. */
export function details(
  series: RecentPast | undefined,
  name: SeriesName,
  range: SampleRange | undefined,
): JsonObject {
  const rate = series?.rateOf(name) ?? 0;
  if (range === undefined) return { rate };
  const samples = (series?.samplesOf(name, range.ageSeconds, range.incrementSeconds) ?? []).map(
    ({ timestampMs, value }) => ({ sample: value, timestamp: timestampMs }),
  );
  return { rate, samples, ...averages(samples) };
}

interface SampleJson {
  readonly sample: number;
  readonly timestamp: number;
}

/** Of one sample there are none. */
function averages(samples: readonly SampleJson[]): { avg_rate?: number; avg?: number } {
  const newest = samples[0];
  const oldest = samples.at(-1);
  if (newest === undefined || oldest === undefined || newest === oldest) return {};
  const elapsedMs = newest.timestamp - oldest.timestamp;
  const total = samples.reduce((sum, { sample }) => sum + sample, 0);
  return { avg_rate: ((newest.sample - oldest.sample) * 1000) / elapsedMs, avg: total / samples.length };
}

/** Of something that no samples are kept of. */
export const NO_DETAILS: JsonObject = { rate: 0 };

/** Several together. */
export function sumOfSeries(all: readonly RecentPast[]): RecentPast {
  return {
    rateOf: (name) => all.reduce((rate, series) => rate + series.rateOf(name), 0),
    samplesOf: (name, ageSeconds, incrementSeconds) =>
      all.map((series) => series.samplesOf(name, ageSeconds, incrementSeconds)).reduce(addSamples, []),
  };
}

/** All are taken at the same times. */
function addSamples(sums: Sample[], samples: Sample[]): Sample[] {
  return samples.map(({ timestampMs, value }, index) => ({
    timestampMs,
    value: value + (sums[index]?.value ?? 0),
  }));
}
