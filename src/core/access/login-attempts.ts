/** Counts log-ins, for `GET /api/auth/attempts`. */
import { RecencyMap } from '../recency-map.ts';

export type LoginProtocol = 'amqp' | 'http';

export interface AttemptCounts {
  readonly protocol: LoginProtocol;
  readonly succeeded: number;
  readonly failed: number;
}

/** Those of one user from one address. */
export interface SourceAttempts extends AttemptCounts {
  readonly remoteAddress: string;
  readonly username: string;
}

type Counts<T> = { -readonly [K in keyof T]: T[K] };

/** Strangers choose names: the sources that were not heard of the longest are forgotten. */
const SOURCES_MAX = 1_000;
const NAME_CHARACTERS_MAX = 255;

export class LoginAttempts {
  readonly #byProtocol: Readonly<Record<LoginProtocol, Counts<AttemptCounts>>> = {
    amqp: { protocol: 'amqp', succeeded: 0, failed: 0 },
    http: { protocol: 'http', succeeded: 0, failed: 0 },
  };
  readonly #bySource = new RecencyMap<string, Counts<SourceAttempts>>(SOURCES_MAX);

  /** Of all together, since the start or the last `clear`. */
  get byProtocol(): readonly AttemptCounts[] {
    return Object.values(this.#byProtocol);
  }

  /** Of the latest 1000 sources. */
  get bySource(): readonly SourceAttempts[] {
    return [...this.#bySource.values()];
  }

  add(protocol: LoginProtocol, remoteAddress: string, username: string, succeeded: boolean): void {
    count(this.#byProtocol[protocol], succeeded);
    const name = username.slice(0, NAME_CHARACTERS_MAX);
    const key = `${protocol} ${remoteAddress} ${name}`;
    let source = this.#bySource.get(key);
    if (source === undefined) {
      source = { protocol, remoteAddress, username: name, succeeded: 0, failed: 0 };
      this.#bySource.set(key, source);
    }
    count(source, succeeded);
  }

  clear(): void {
    for (const counts of Object.values(this.#byProtocol)) Object.assign(counts, { succeeded: 0, failed: 0 });
    this.clearSources();
  }

  clearSources(): void {
    this.#bySource.clear();
  }
}

function count(counts: Counts<AttemptCounts>, succeeded: boolean): void {
  if (succeeded) counts.succeeded++;
  else counts.failed++;
}
