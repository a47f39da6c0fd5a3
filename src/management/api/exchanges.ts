/** `GET /api/exchanges...`, without the bindings. */
import type { FastifyInstance } from 'fastify';
import type { Exchange } from '../../core/vhost/exchange.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { objectNotFound } from '../api-error.ts';
import { jsonOfTable } from '../field-json.ts';
import type { ManagementContext } from '../management-context.ts';
import { EXCHANGE_STATS, messageStats } from '../message-stats.ts';
import { listRoute, objectRoute, type ReadContext, type ReadRequest } from '../read-request.ts';
import { type Fields, View } from '../view.ts';

interface ExchangeRow {
  readonly exchange: Exchange;
  readonly vhost: VirtualHost;
}

export function exchangeRoutes(app: FastifyInstance, context: ReadContext): void {
  const fields = exchangeFields(context);
  const listing = {
    view: new View(fields),
    sortedBy: ['vhost', 'name'],
    nameOf: ({ exchange }: ExchangeRow) => exchange.name,
  };
  // Rates per channel and per queue are not kept: RabbitMQ leaves these lists empty, too.
  const view = new View<ExchangeRow>({ ...fields, incoming: () => [], outgoing: () => [] });
  listRoute(app, context, '/exchanges', listing, (request) => exchangesOf(request.readableVhosts()));
  listRoute(app, context, '/exchanges/:vhost', listing, (request) => exchangesOf([request.readableVhost()]));
  objectRoute(app, context, '/exchanges/:vhost/:exchange', view, findExchange);
}

function* exchangesOf(vhosts: Iterable<VirtualHost>): Generator<ExchangeRow> {
  for (const vhost of vhosts) {
    for (const exchange of vhost.exchanges.values()) yield { exchange, vhost };
  }
}

function findExchange(request: ReadRequest): ExchangeRow {
  const vhost = request.readableVhost();
  const exchange = vhost.exchanges.get(request.exchangeName('exchange'));
  if (exchange === undefined) throw objectNotFound();
  return { exchange, vhost };
}

function exchangeFields({ broker }: ManagementContext): Fields<ExchangeRow> {
  return {
    name: ({ exchange }) => exchange.name,
    vhost: ({ vhost }) => vhost.name,
    type: ({ exchange }) => exchange.type,
    durable: ({ exchange }) => exchange.durable,
    auto_delete: ({ exchange }) => exchange.autoDelete,
    internal: ({ exchange }) => exchange.internal,
    arguments: ({ exchange }) => jsonOfTable(exchange.arguments),
    policy: ({ exchange, vhost }) => vhost.effectivePolicy(exchange).policy?.name,
    message_stats: ({ exchange }, { messageRates, disableStats }) =>
      disableStats
        ? undefined
        : messageStats(EXCHANGE_STATS, exchange.counters, broker.statistics.of(exchange), messageRates),
  };
}
