import type { Broker } from '../../core/broker.ts';
import type { Session } from '../../core/session/session.ts';

/** A deadline further ahead is none. */
const LEFT_MS_MAX = 365 * 86_400_000;

/** For how long the token of whoever asks is good; undefined without a token. What it waits for must not go on for longer. */
export function tokenLeftMs({ runtime }: Broker, { identity: { expiresAtMs } }: Session): number | undefined {
  if (expiresAtMs === undefined) return undefined;
  const leftMs = expiresAtMs - runtime.environment.clock.wallMs();
  return Math.min(Math.max(0, leftMs), LEFT_MS_MAX);
}
