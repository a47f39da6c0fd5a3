/** A time as RabbitMQ writes it: `2026-01-31T12:00:00.123+00:00`. */
export function timeText(timestampMs: number): string {
  return new Date(timestampMs).toISOString().replace('Z', '+00:00');
}
