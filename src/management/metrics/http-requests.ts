import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { labelsOf } from './metrics-text.ts';

/** The first part of a path: what is asked for there is one API. Others count as `other`. */
const SCOPES: readonly string[] = ['api', 'v1', 'metrics', 'docs', 'cli'];

interface Requests {
  readonly labels: string;
  count: number;
}

interface Durations {
  count: number;
  seconds: number;
}

/** Counts what is answered over HTTP. Paths come from strangers, and are no labels; of methods Fastify takes but a few. */
export class HttpRequests {
  readonly #byStatus = new Map<string, Requests>();
  readonly #durations = new Map<string, Durations>();

  /** Counts every request of `app`; to be called before routes are registered. */
  watch(app: FastifyInstance): void {
    app.addHook('onResponse', (request, reply, done) => {
      this.#add(request, reply);
      done();
    });
  }

  get counts(): Iterable<Readonly<Requests>> {
    return this.#byStatus.values();
  }

  /** By scope. */
  get durations(): Iterable<readonly [scope: string, Readonly<Durations>]> {
    return this.#durations;
  }

  #add(request: FastifyRequest, reply: FastifyReply): void {
    const scope = scopeOf(request);
    const key = `${scope} ${request.method} ${reply.statusCode}`;
    let requests = this.#byStatus.get(key);
    if (requests === undefined) {
      const labels = labelsOf({ scope, method: request.method, code: String(reply.statusCode) });
      requests = { labels, count: 0 };
      this.#byStatus.set(key, requests);
    }
    requests.count++;
    let durations = this.#durations.get(scope);
    if (durations === undefined) {
      durations = { count: 0, seconds: 0 };
      this.#durations.set(scope, durations);
    }
    durations.count++;
    durations.seconds += reply.elapsedTime / 1000;
  }
}

function scopeOf({ url }: FastifyRequest): string {
  const first = FIRST_PART.exec(url)?.[1] ?? '';
  return SCOPES.includes(first) ? first : 'other';
}

const FIRST_PART = /^\/([a-z0-9]+)/;
