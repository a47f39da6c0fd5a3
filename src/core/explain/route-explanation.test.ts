import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RuntimeUnderTest } from '../../../test/core/runtime-under-test.ts';
import { type FieldTable, field, tableOf } from '../../codec/field-table.ts';
import { Publication } from '../message/publication.ts';
import type { Queue } from '../queue/queue.ts';
import type { RouterType } from '../routing/create-router.ts';
import { VirtualHost } from '../vhost/virtual-host.ts';
import { explainRoute, type RouteExplanation } from './route-explanation.ts';

const NO_DEFINITIONS = { put: () => {}, remove: () => {} };
const QUEUES = ['q1', 'q2', 'q3'];
const EXCHANGES = ['e1', 'e2', 'e3'];
const TYPES: readonly RouterType[] = [
  'direct',
  'fanout',
  'topic',
  'headers',
  'x-consistent-hash',
  'x-modulus-hash',
  'x-random',
];

interface Bound {
  readonly source: string;
  readonly toQueue: boolean;
  readonly destination: number;
  readonly key: string;
  readonly args: FieldTable;
}

const key = fc.constantFrom('a', 'a.b', '*.b', '#', 'q1', '1');
const args = fc.constantFrom(tableOf({}), tableOf({ h: 1 }), tableOf({ 'x-match': 'any', h: 1, i: 2 }));
const bound: fc.Arbitrary<Bound> = fc.record({
  source: fc.constantFrom(...EXCHANGES),
  toQueue: fc.boolean(),
  destination: fc.nat({ max: 2 }),
  key,
  args,
});
const types = fc.tuple(fc.constantFrom(...TYPES), fc.constantFrom(...TYPES), fc.constantFrom(...TYPES));
const alternates = fc.tuple(...EXCHANGES.map(() => fc.constantFrom(undefined, ...EXCHANGES, 'nowhere')));
const headers = fc.constantFrom(
  tableOf({}),
  tableOf({ h: 1 }),
  new Map([['CC', field.array([field.string('a.b'), field.string('q2')])]]),
  new Map([['BCC', field.array([field.string('q1')])]]),
);

function vhostWith(
  exchangeTypes: readonly RouterType[],
  alternateNames: readonly (string | undefined)[],
  bindings: readonly Bound[],
): VirtualHost {
  const vhost = new VirtualHost(new RuntimeUnderTest().runtime, '/', NO_DEFINITIONS);
  for (const [index, name] of EXCHANGES.entries()) {
    const alternate = alternateNames[index];
    vhost.declareExchange({
      name,
      type: exchangeTypes[index] as RouterType,
      durable: false,
      autoDelete: false,
      internal: false,
      arguments: alternate === undefined ? new Map() : tableOf({ 'alternate-exchange': alternate }),
    });
  }
  for (const name of QUEUES) declareQueue(vhost, name);
  for (const { source, toQueue, destination, key: bindingKey, args: bindingArgs } of bindings) {
    const names = toQueue ? vhost.queues : vhost.exchanges;
    const target = names.get((toQueue ? QUEUES : EXCHANGES)[destination] as string);
    const from = vhost.exchange(source);
    const weight = from.type === 'x-consistent-hash' ? '1' : bindingKey;
    if (target !== undefined) vhost.bind(from, target, weight, bindingArgs);
  }
  return vhost;
}

function declareQueue(vhost: VirtualHost, name: string, queueArguments: FieldTable = new Map()): Queue {
  const properties = { durable: false, autoDelete: false, exclusiveOwner: undefined };
  return vhost.declareQueue({ name, ...properties, arguments: queueArguments });
}

function explain(vhost: VirtualHost, exchange: string, publication: Publication): RouteExplanation {
  const steps = explainRoute(vhost, vhost.exchange(exchange), publication);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

test('a route is explained as messages go', () => {
  fc.assert(
    fc.property(
      types,
      alternates,
      fc.array(bound, { maxLength: 12 }),
      fc.constantFrom('', ...EXCHANGES),
      key,
      headers,
      (exchangeTypes, alternateNames, bindings, exchange, routingKey, table) => {
        const vhost = vhostWith(exchangeTypes, alternateNames, bindings);
        const publication = Publication.of(exchange, routingKey, { headers: table }, new Uint8Array(0));
        const queues: Queue[] = [];
        vhost.route(vhost.exchange(exchange), publication, queues);
        const { targets } = explain(vhost, exchange, publication);
        const names = new Set(queues.map(({ name }) => name));
        const possible = new Set(targets.map(({ queue }) => queue.name));
        if (bindings.some(({ source }) => vhost.exchange(source).type === 'x-random')) {
          expect([...possible]).toEqual(expect.arrayContaining([...names]));
        } else {
          expect(possible).toEqual(names);
          expect(targets.some(({ byChance }) => byChance)).toBe(false);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('bindings that do not match are shown up to a limit, and all are counted', () => {
  const vhost = vhostWith(['direct', 'direct', 'direct'], [undefined, undefined, undefined], []);
  for (let index = 0; index < 150; index++) {
    vhost.bind(vhost.exchange('e1'), vhost.queue('q1', undefined), `k${index}`, new Map());
  }
  const publication = Publication.of('e1', 'k149', {}, new Uint8Array(0));
  const [explained] = explain(vhost, 'e1', publication).exchanges;
  expect(explained?.bindingCount).toBe(150);
  expect(explained?.matchedCount).toBe(1);
  expect(explained?.bindings).toHaveLength(101);
  expect(explained?.bindings[0]).toMatchObject({ matches: true, routingKey: 'k149' });
});

test('an alternate exchange that is not there is named', () => {
  const vhost = vhostWith(['direct', 'direct', 'direct'], ['nowhere', undefined, undefined], []);
  const { exchanges, targets } = explain(vhost, 'e1', Publication.of('e1', 'a', {}, new Uint8Array(0)));
  expect(exchanges[0]?.alternate).toMatchObject({ name: 'nowhere', isUsed: false });
  expect(exchanges[0]?.alternate?.why).toContain("there is no exchange 'nowhere'");
  expect(targets).toEqual([]);
});

test.each([
  [{ 'x-max-length': 0, 'x-overflow': 'reject-publish' }, false, ['full_refuses', 'no_consumer']],
  [{ 'x-max-length': 0 }, true, ['full_drops_oldest', 'no_consumer']],
  [{ 'x-max-length-bytes': 9, 'x-overflow': 'reject-publish' }, false, ['full_refuses', 'no_consumer']],
  [{ 'x-message-ttl': 60_000 }, true, ['expires', 'no_consumer']],
  [{}, true, ['no_consumer']],
])('a queue with %j says whether it takes the message: %s', (queueArguments, takes, codes) => {
  const vhost = vhostWith(['direct', 'direct', 'direct'], [undefined, undefined, undefined], []);
  declareQueue(vhost, 'limited', tableOf(queueArguments));
  const [target] = explain(vhost, '', Publication.of('', 'limited', {}, new Uint8Array(10))).targets;
  expect(target?.takes).toBe(takes);
  expect(target?.notes.map(({ code }) => code)).toEqual(codes);
});

test('a repeated message is refused by a queue that deduplicates, and goes nowhere from an exchange that does', () => {
  const vhost = vhostWith(['direct', 'direct', 'direct'], [undefined, undefined, undefined], []);
  const deduplicates = tableOf({ 'x-message-deduplication': true, 'x-cache-ttl': 60_000 });
  declareQueue(vhost, 'once', deduplicates);
  const exchange = {
    name: 'e4',
    type: 'fanout',
    durable: false,
    autoDelete: false,
    internal: false,
  } as const;
  vhost.declareExchange({ ...exchange, arguments: deduplicates });
  vhost.bind(vhost.exchange('e4'), vhost.queue('q1', undefined), '', new Map());
  const headers = tableOf({ 'x-deduplication-header': 'k' });
  for (const name of ['', 'e4']) {
    const publication = Publication.of(name, 'once', { headers }, new Uint8Array(1));
    expect(explain(vhost, name, publication).isRepeated).toBe(false);
    vhost.publish(vhost.exchange(name), publication);
    const { isRepeated, targets } = explain(vhost, name, publication);
    expect(isRepeated).toBe(name === 'e4');
    if (name === '') expect(targets[0]).toMatchObject({ takes: false, notes: [{ code: 'repeated' }, {}] });
  }
});
