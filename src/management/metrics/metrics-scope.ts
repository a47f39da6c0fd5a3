/** /metrics: for Prometheus. Users with the tag monitoring may ask, or everybody when an option says so. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify';
import { Pattern } from '../../core/access/pattern.ts';
import { ApiError } from '../api-error.ts';
import { authenticate } from '../authentication.ts';
import { callerOf, requireAccess } from '../caller.ts';
import type { ManagementContext } from '../management-context.ts';
import { EventLoopDelay } from './event-loop-delay.ts';
import { HttpRequests } from './http-requests.ts';
import { METRICS_CONTENT_TYPE } from './metrics-text.ts';
import {
  type DetailFilter,
  type ScrapeSources,
  scrapeDetailed,
  scrapePerObject,
  scrapeTotals,
} from './scrape.ts';

/** Scrapes under way at a time: of a client that does not read, the answer waits in memory. */
const SCRAPES_MAX = 8;

interface DetailedQuery {
  readonly family?: string | readonly string[];
  readonly vhost?: string | readonly string[];
  readonly queue?: string | readonly string[];
}

/** To be called before other routes of `app` are registered: their requests are counted, too. */
export async function registerMetrics(
  app: FastifyInstance,
  context: ManagementContext,
  onDefect: (error: Error, what: string) => void,
): Promise<void> {
  const requests = new HttpRequests();
  requests.watch(app);
  const eventLoopDelay = new EventLoopDelay();
  app.addHook('onClose', async () => eventLoopDelay.stop());
  const sources: ScrapeSources = { context, requests, eventLoopDelay };
  const plugin: FastifyPluginAsync = (metrics) => fillScope(metrics, sources, onDefect);
  await app.register(plugin, { prefix: '/metrics' });
}

async function fillScope(
  metrics: FastifyInstance,
  sources: ScrapeSources,
  onDefect: (error: Error, what: string) => void,
): Promise<void> {
  const { context } = sources;
  if (context.host.metricsAreAnonymous !== true) {
    metrics.addHook('onRequest', async (request, reply) => {
      await authenticate(context, request, reply);
      requireAccess(callerOf(request), 'monitoring');
    });
  }
  addRoutes(metrics, new Scrapes(onDefect), sources);
}

function addRoutes(app: FastifyInstance, scrapes: Scrapes, sources: ScrapeSources): void {
  app.get('/', (_request, reply) => scrapes.answer(reply, scrapeTotals(sources)));
  app.get('/per-object', (_request, reply) => scrapes.answer(reply, scrapePerObject(sources)));
  app.get<{ Querystring: DetailedQuery }>('/detailed', (request, reply) =>
    scrapes.answer(reply, scrapeDetailed(sources, filterOf(request.query))),
  );
}

/** Those that are under way. */
class Scrapes {
  readonly #onDefect: (error: Error, what: string) => void;
  #count = 0;

  constructor(onDefect: (error: Error, what: string) => void) {
    this.#onDefect = onDefect;
  }

  answer(reply: FastifyReply, text: AsyncGenerator<string>): FastifyReply {
    if (this.#count >= SCRAPES_MAX) {
      reply.header('retry-after', 1);
      throw new ApiError(
        503,
        'too_many_scrapes',
        `${this.#count} scrapes are under way, and no more are allowed`,
      );
    }
    this.#count++;
    const stream = Readable.from(text);
    stream.once('close', () => this.#count--);
    // The answer has begun when it breaks: Fastify ends the connection, and nobody else tells what happened.
    stream.once('error', (error) => this.#onDefect(error, reply.request.url));
    return reply
      .header('content-type', METRICS_CONTENT_TYPE)
      .header('cache-control', 'no-store')
      .send(stream);
  }
}

/** A family or vhost that is not there is no error, as in RabbitMQ. */
function filterOf({ family, vhost, queue }: DetailedQuery): DetailFilter {
  const vhosts = textsOf(vhost);
  return {
    families: new Set(textsOf(family)),
    vhosts: vhosts.length === 0 ? undefined : new Set(vhosts),
    queues: patternOf(textsOf(queue)),
  };
}

function patternOf([text]: readonly string[]): Pattern | undefined {
  return text === undefined || text === '' ? undefined : Pattern.compile(text);
}

function textsOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
