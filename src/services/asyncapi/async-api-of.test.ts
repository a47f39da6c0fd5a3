import { createRequire } from 'node:module';
import specs from '@asyncapi/specs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyContract, command, event } from '../contract.ts';
import { topologyOf } from '../runtime/topology-of.ts';
import { done } from '../saga.ts';
import { service, type Unit } from '../service.ts';
import { type AsyncApiOptions, asyncApiOf } from './async-api-of.ts';

const INFO = { title: 'Shop', version: '1.2.3' };

const order = z.object({ id: z.string(), at: z.string().transform((text) => new Date(text)) });
const place = command('orders.place', order, {
  reply: z.object({ status: z.enum(['accepted', 'rejected']) }),
  key: ({ id }) => id,
});
const placed = event('orders.placed', z.object({ id: z.string() }), { key: ({ id }) => id });
const paid = event('payments.paid', z.object({ id: z.string() }));
const ship = command('shipping.ship', z.object({ id: z.string() }));

const orders = service('orders', { database: {} });
const ordersUnit = orders.with(
  orders.on(place, () => ({ status: 'accepted' }), { ordered: true }),
  orders
    .saga('fulfilment', { state: z.object({}), timers: ['late'] })
    .starts(
      placed,
      ({ id }) => id,
      () => ({}),
    )
    .on(
      paid,
      ({ id }) => id,
      () => done,
    )
    .timeout('late', () => done),
  orders.every('report', '0 6 * * *', () => {}),
);
const mails = service('mails');
const mailsUnit = mails.with(mails.onBatch(placed, () => {}));

interface Validate {
  (document: unknown): boolean;
  readonly errors: readonly { readonly instancePath: string; readonly message: string }[] | null;
}

/** The validator of JSON Schema that fastify brings along. */
const { Ajv } = createRequire(createRequire(import.meta.url).resolve('fastify'))('ajv') as {
  readonly Ajv: new (
    options: object,
  ) => { compile(schema: object): Validate; addFormat(name: string, format: RegExp | true): unknown };
};

const validate = compiled();

function compiled(): Validate {
  const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
  for (const name of ['uri', 'uri-reference', 'uri-template', 'email', 'regex']) ajv.addFormat(name, true);
  return ajv.compile(specs.schemas['3.0.0'] as object);
}

function problemsOf(document: unknown): readonly string[] {
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}

/** The document as a reader of the file gets it, after a check that it is one, and that each reference leads somewhere. */
function documentOf(
  units: readonly Unit[],
  options: Partial<AsyncApiOptions> = {},
): ReturnType<typeof asyncApiOf> {
  const document = JSON.parse(JSON.stringify(asyncApiOf(units, { ...INFO, ...options })));
  expect(problemsOf(document)).toEqual([]);
  expect(referencesIn(document).filter((reference) => !leadsSomewhere(document, reference))).toEqual([]);
  return document;
}

function referencesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  );
}

function leadsSomewhere(document: unknown, reference: string): boolean {
  let place: unknown = document;
  for (const step of reference.split('/').slice(1))
    place = (place as Record<string, unknown> | undefined)?.[step];
  return place !== undefined;
}

test('a system has a channel for each exchange, queue and answer', () => {
  const { channels } = documentOf([ordersUnit, mailsUnit]);
  expect(Object.keys(channels)).toEqual([
    'exchange.orders.place',
    'exchange.orders.placed',
    'exchange.payments.paid',
    'queue.mails.dead',
    'queue.mails.in',
    'queue.orders.dead',
    'queue.orders.in',
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((partition) => `queue.orders.orders.place.${partition}`),
    'reply.orders.place',
  ]);
  expect(channels['exchange.orders.place']).toMatchObject({
    address: 'slot.{slot}',
    bindings: {
      amqp: { is: 'routingKey', exchange: { name: 'orders.place', type: 'topic', durable: true } },
    },
  });
  expect(channels['exchange.payments.paid']?.address).toBe('none');
  expect(channels['queue.orders.in']).toMatchObject({
    address: 'orders.in',
    description: "Bound to 'orders.placed', 'payments.paid'.",
    bindings: { amqp: { is: 'queue', queue: { name: 'orders.in', durable: true } } },
  });
  expect(Object.keys(channels['queue.orders.dead']?.messages ?? {})).toEqual([
    'message.orders.place',
    'message.orders.placed',
    'message.payments.paid',
  ]);
});

test('the queues are those that services declare, but for recurring jobs', () => {
  const parcels = service('parcels');
  const limited = parcels.on(ship, () => {}, { rate: { perSecond: 5 } });
  const units = [
    ordersUnit,
    mailsUnit,
    parcels.with(
      limited,
      parcels.onBatch(paid, () => {}),
    ),
  ];
  const { channels, operations } = documentOf(units);
  const declared = units.flatMap((unit) => topologyOf(unit).queues.map(({ queue }) => `queue.${queue}`));
  const described = Object.keys(channels).filter((name) => name.startsWith('queue.'));
  expect(described).toEqual(declared.filter((queue) => queue !== 'queue.orders.every').sort());
  expect(operations['receive.parcels.shipping.ship']?.['x-queues']).toEqual(['parcels.shipping.ship.in']);
});

test('each handler and each message of a saga is an operation, recurring jobs and timers are none', () => {
  const { operations } = documentOf([ordersUnit, mailsUnit]);
  expect(Object.entries(operations).map(([name, { action, summary }]) => [name, action, summary])).toEqual([
    ['receive.mails.orders.placed', 'receive', "mails handles 'orders.placed' in batches."],
    ['receive.orders.orders.place', 'receive', "orders handles 'orders.place' in order by key."],
    ['receive.orders.orders.placed', 'receive', "orders handles 'orders.placed' by the saga 'fulfilment'."],
    ['receive.orders.payments.paid', 'receive', "orders handles 'payments.paid' by the saga 'fulfilment'."],
  ]);
  expect(operations['receive.orders.orders.placed']?.['x-queues']).toEqual(['orders.in']);
  expect(operations['receive.orders.orders.place']).toMatchObject({
    channel: { $ref: '#/channels/exchange.orders.place' },
    reply: {
      address: { location: '$message.header#/reply-to' },
      messages: [
        { $ref: '#/channels/reply.orders.place/messages/reply.orders.place' },
        { $ref: '#/channels/reply.orders.place/messages/error' },
      ],
    },
  });
});

test('payloads are what is sent, as JSON Schema', () => {
  const { components } = documentOf([ordersUnit], { contracts: [ship] });
  expect(components.schemas['message.orders.place']).toEqual({
    type: 'object',
    properties: { id: { type: 'string' }, at: { type: 'string' } },
    required: ['id', 'at'],
  });
  expect(components.schemas['reply.orders.place']).toMatchObject({
    properties: { status: { enum: ['accepted', 'rejected'] } },
  });
  expect(components.schemas['reply.shipping.ship']).toEqual({ type: 'null' });
  expect(components.messages['message.orders.place']).toMatchObject({
    name: 'orders.place',
    contentType: 'application/json',
    bindings: { amqp: { messageType: 'orders.place' } },
  });
});

test('contracts that no unit handles are sent to others', () => {
  const { operations } = documentOf([ordersUnit, mailsUnit], {
    contracts: [place, ship, event('log', z.unknown())],
  });
  const sent = Object.entries(operations).filter(([, { action }]) => action === 'send');
  expect(sent.map(([name, { summary, reply }]) => [name, summary, reply !== undefined])).toEqual([
    ['send.log', "'log' is published to others.", false],
    ['send.shipping.ship', "'shipping.ship' is sent to others.", true],
  ]);
});

test('the order of units and contracts makes no difference', () => {
  const one = asyncApiOf([ordersUnit, mailsUnit], { ...INFO, contracts: [ship, paid] });
  const other = asyncApiOf([mailsUnit, ordersUnit], { ...INFO, contracts: [paid, ship] });
  expect(JSON.stringify(other)).toBe(JSON.stringify(one));
});

test('a schema that refers to its own parts finds them in the document', () => {
  const node = z.object({
    name: z.string(),
    get nodes() {
      return z.array(node);
    },
  });
  const words = z.object({ $ref: z.string().default('#/nowhere'), tree: node, again: node });
  const { components } = documentOf([], { contracts: [event('tree', words)] });
  const schema = components.schemas['message.tree'] as { properties: Record<string, object> };
  expect(schema.properties['tree']).toEqual({
    $ref: expect.stringMatching(/^#\/components\/schemas\/message\.tree\/definitions\//),
  });
  expect(schema.properties['$ref']).toEqual({ type: 'string', default: '#/nowhere' });
});

test('a schema that cannot say what it allows allows anything, and the document says why', () => {
  const byHand: AnyContract['schema'] = {
    '~standard': { version: 1, vendor: 'by-hand', validate: (value) => ({ value }) },
  };
  const { schemas } = documentOf([], {
    contracts: [event('hand', byHand), event('big', z.object({ n: z.bigint() }))],
  }).components;
  expect(schemas['message.hand']).toEqual({ description: 'Checked by by-hand, which gives no JSON Schema.' });
  expect(schemas['message.big']).toEqual({
    description: 'Checked by zod, which gives no JSON Schema: BigInt cannot be represented in JSON Schema',
  });
});

test('a command and an event cannot share a name', () => {
  expect(() =>
    asyncApiOf([ordersUnit], { ...INFO, contracts: [event('orders.place', z.unknown())] }),
  ).toThrow(
    "'orders.place' is the name of a command and of an event; allowed: a name of its own for each; rename one",
  );
});

test('the check of these tests finds what is no AsyncAPI', () => {
  const document = asyncApiOf([ordersUnit], INFO);
  const { asyncapi: _, ...unnamed } = document;
  expect(problemsOf(unnamed)).toContain(": must have required property 'asyncapi'");
  expect(problemsOf({ ...document, operations: { wrong: { action: 'take', channel: {} } } })).not.toEqual([]);
});
