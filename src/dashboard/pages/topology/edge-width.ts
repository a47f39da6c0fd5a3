const WIDTH_MIN = 1.5;
const WIDTH_MAX = 8;
/** As thick as this becomes only what carries as much at least, so that a trickle does not look like a stream. */
const RATE_FLOOR = 50;

/** Pixels for a rate, by its magnitude: a hundred times the traffic is not a hundred times as thick. */
export function edgeWidth(rate: number | undefined, rateMax: number): number {
  if (rate === undefined || rate <= 0) return WIDTH_MIN;
  const share = Math.log1p(rate) / Math.log1p(Math.max(rateMax, rate, RATE_FLOOR));
  return WIDTH_MIN + share * (WIDTH_MAX - WIDTH_MIN);
}
