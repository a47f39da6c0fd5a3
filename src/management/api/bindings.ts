/** `GET /api/bindings...`, and those of one exchange or queue. */
import type { FastifyInstance } from 'fastify';
import type { FieldTable } from '../../codec/field-table.ts';
import type { Exchange } from '../../core/vhost/exchange.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { objectNotFound } from '../api-error.ts';
import { jsonOfTable } from '../field-json.ts';
import { findByPropertiesKey, propertiesKey } from '../properties-key.ts';
import { listRoute, objectRoute, type ReadContext, type ReadRequest } from '../read-request.ts';
import { View } from '../view.ts';

interface BindingRow {
  readonly vhost: VirtualHost;
  readonly source: string;
  readonly destination: string;
  readonly destinationKind: 'queue' | 'exchange';
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

const NO_ARGUMENTS: FieldTable = new Map();

const VIEW: View<BindingRow> = new View<BindingRow>({
  source: (row) => row.source,
  vhost: (row) => row.vhost.name,
  destination: (row) => row.destination,
  destination_type: (row) => row.destinationKind,
  routing_key: (row) => row.routingKey,
  arguments: (row) => jsonOfTable(row.arguments),
  properties_key: propertiesKey,
});

const LISTING = {
  view: VIEW,
  sortedBy: ['vhost', 'source', 'destination_type', 'destination', 'routing_key', 'properties_key'],
};

const BETWEEN = '/bindings/:vhost/e/:source/:dtype/:destination';

export function bindingRoutes(app: FastifyInstance, context: ReadContext): void {
  listRoute(app, context, '/bindings', LISTING, (request) => bindingsOf(request.readableVhosts()));
  listRoute(app, context, '/bindings/:vhost', LISTING, (request) => bindingsOf([request.readableVhost()]));
  listRoute(app, context, '/queues/:vhost/:queue/bindings', LISTING, bindingsToQueue);
  listRoute(app, context, '/exchanges/:vhost/:exchange/bindings/source', LISTING, bindingsFrom);
  listRoute(app, context, '/exchanges/:vhost/:exchange/bindings/destination', LISTING, bindingsToExchange);
  listRoute(app, context, BETWEEN, LISTING, bindingsBetween);
  objectRoute(app, context, `${BETWEEN}/:properties`, VIEW, findBinding);
}

/** All bindings, with those of the default exchange, which has one to each queue without anybody having made them. */
function* bindingsOf(vhosts: Iterable<VirtualHost>): Generator<BindingRow> {
  for (const vhost of vhosts) {
    for (const name of vhost.queues.keys()) yield implicitBinding(vhost, name);
    for (const exchange of vhost.exchanges.values()) yield* bindingsFromExchange(vhost, exchange);
  }
}

/** Of what is not there no binding leaves: RabbitMQ answers with an empty list, too. */
function* bindingsFrom(request: ReadRequest): Generator<BindingRow> {
  const vhost = request.readableVhost();
  const name = request.exchangeName('exchange');
  if (name === '') for (const queue of vhost.queues.keys()) yield implicitBinding(vhost, queue);
  const exchange = vhost.exchanges.get(name);
  if (exchange !== undefined) yield* bindingsFromExchange(vhost, exchange);
}

function* bindingsToQueue(request: ReadRequest): Generator<BindingRow> {
  const vhost = request.readableVhost();
  const queue = vhost.queues.get(request.parameter('queue'));
  if (queue === undefined) return;
  yield implicitBinding(vhost, queue.name);
  for (const binding of vhost.bindingsTo(queue)) yield rowOf(vhost, binding.source, binding);
}

function* bindingsToExchange(request: ReadRequest): Generator<BindingRow> {
  const vhost = request.readableVhost();
  const exchange = vhost.exchanges.get(request.exchangeName('exchange'));
  if (exchange === undefined) return;
  for (const binding of vhost.bindingsTo(exchange)) yield rowOf(vhost, binding.source, binding);
}

function* bindingsBetween(request: ReadRequest): Generator<BindingRow> {
  const vhost = request.readableVhost();
  const kind = destinationKind(request);
  const source = request.exchangeName('source');
  const name = kind === 'queue' ? request.parameter('destination') : request.exchangeName('destination');
  const destination = kind === 'queue' ? vhost.queues.get(name) : vhost.exchanges.get(name);
  if (destination === undefined) return;
  if (source === '' && kind === 'queue') yield implicitBinding(vhost, name);
  for (const binding of vhost.bindingsTo(destination)) {
    if (binding.source.name === source) yield rowOf(vhost, binding.source, binding);
  }
}

function findBinding(request: ReadRequest): BindingRow {
  const row = findByPropertiesKey(request.parameter('properties'), bindingsBetween(request));
  if (row === undefined) throw objectNotFound();
  return row;
}

function destinationKind(request: ReadRequest): 'queue' | 'exchange' {
  switch (request.parameter('dtype')) {
    case 'q':
      return 'queue';
    case 'e':
      return 'exchange';
    default:
      throw objectNotFound();
  }
}

function* bindingsFromExchange(vhost: VirtualHost, exchange: Exchange): Generator<BindingRow> {
  for (const binding of exchange.bindings.values()) yield rowOf(vhost, exchange, binding);
}

interface BindingLike {
  readonly destination: { readonly kind: 'queue' | 'exchange'; readonly name: string };
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

function rowOf(vhost: VirtualHost, source: Exchange, binding: BindingLike): BindingRow {
  const { destination, routingKey } = binding;
  return {
    vhost,
    source: source.name,
    destination: destination.name,
    destinationKind: destination.kind,
    routingKey,
    arguments: binding.arguments,
  };
}

function implicitBinding(vhost: VirtualHost, queue: string): BindingRow {
  return {
    vhost,
    source: '',
    destination: queue,
    destinationKind: 'queue',
    routingKey: queue,
    arguments: NO_ARGUMENTS,
  };
}
