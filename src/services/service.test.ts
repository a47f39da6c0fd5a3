import { expect, test } from 'vitest';
import { z } from 'zod';
import { command, event } from './contract.ts';
import type { Part } from './part.ts';
import { done } from './saga.ts';
import { service } from './service.ts';

const place = command('orders.place', z.object({ id: z.string() }));
const placed = event('orders.placed', z.object({ id: z.string() }), { key: ({ id }) => id });
const paid = event('payments.paid', z.object({ id: z.string() }));
const orders = service('orders', { database: {} });
const onPlace = orders.on(place, () => {});
const state = z.object({});
const idOf = ({ id }: { id: string }): string => id;
const orderSaga = orders.saga('order', { state }).starts(placed, idOf, () => ({}));

test('a unit is the service, its options and its parts', () => {
  const job = orders.every('report', '0 6 * * *', () => {});
  const unit = orders.with(onPlace, orderSaga, job);
  expect(unit).toEqual({ name: 'orders', options: { database: {} }, parts: [onPlace, orderSaga, job] });
});

const conflicts: readonly (readonly [string, readonly Part[], string])[] = [
  [
    'two handlers of a contract',
    [onPlace, orders.on(place, () => {})],
    "'orders.place' is handled by the handler of 'orders.place' twice; allowed: one part;",
  ],
  [
    'a handler and a batch handler of a contract',
    [onPlace, orders.onBatch(place, () => {})],
    "'orders.place' is handled by the handler of 'orders.place' and the batch handler of 'orders.place'; allowed: one part;",
  ],
  [
    'a handler and a saga of a contract',
    [orders.on(placed, () => {}), orderSaga],
    "'orders.placed' is handled by the handler of 'orders.placed' and the saga 'order'; allowed: one part;",
  ],
  [
    'a saga that names a contract twice',
    [orderSaga.on(placed, idOf, () => done)],
    "'orders.placed' is handled by the saga 'order' twice; allowed: one part;",
  ],
  [
    'two recurring jobs of a name',
    [orders.every('report', '* * * * *', () => {}), orders.every('report', '0 * * * *', () => {})],
    "the recurring job 'report' comes twice; allowed: a name of its own for each part; rename one",
  ],
  [
    'a job and a saga of a name',
    [orders.every('order', '* * * * *', () => {}), orderSaga],
    "the saga 'order' and the recurring job 'order' have the same name; allowed: a name of its own for each part",
  ],
  [
    'a handler of what a timer sends',
    [orderSaga, orders.on(event('orders.order.timeout', z.unknown()), () => {})],
    "'orders.order.timeout' is handled by the saga 'order' and the handler of 'orders.order.timeout'; allowed: one part;",
  ],
];

test.each(conflicts)('%s is no unit', (_, parts, text) => {
  expect(() => orders.with(...parts)).toThrow(`service 'orders': ${text}`);
});

test('a part belongs to the service that made it', () => {
  expect(() => service('payments').with(onPlace)).toThrow(
    "service 'payments' got the handler of 'orders.place', which was made by service 'orders'; allowed: parts of its own",
  );
});

test('a saga without a message that starts it never begins', () => {
  const saga = orders.saga('order', { state }).on(paid, idOf, () => done);
  expect(() => orders.with(saga)).toThrow(
    "saga 'order' of service 'orders' never begins: found no message that starts it; add .starts(contract, ...)",
  );
});

test('a timer needs something that happens when it is over', () => {
  const saga = orders.saga('order', { state, timers: ['late'] }).starts(paid, idOf, () => ({}));
  expect(() => orders.with(saga)).toThrow(
    "saga 'order' of service 'orders' has the timer 'late', and nothing happens when it is over; add .timeout('late', ...)",
  );
  expect(() => orders.with(saga.timeout('late', () => done))).not.toThrow();
});

test('a timer ends in one way', () => {
  const saga = orders.saga('order', { state, timers: ['late'] }).timeout('late', () => done);
  expect(() => saga.timeout('late', () => ({}))).toThrow(
    "saga 'order' of service 'orders': .timeout('late', ...) comes twice; allowed: once for each timer",
  );
});

test.each(['ordered', 'rate.perKey'])('%s needs a key', (option) => {
  const options = option === 'ordered' ? { ordered: true } : { rate: { perSecond: 1, perKey: true } };
  expect(() => orders.on(paid, () => {}, options)).toThrow(
    `event 'payments.paid' has no key: give its contract one, or leave '${option}' out`,
  );
  expect(() => orders.on(placed, () => {}, options)).not.toThrow();
});

test('options without sense are refused where they are given', () => {
  expect(() => orders.on(place, () => {}, { concurrency: 0 })).toThrow(
    "handler of 'orders.place' in service 'orders': concurrency: found 0",
  );
  expect(() => orders.onBatch(place, () => {}, { size: 0 })).toThrow(
    "batch handler of 'orders.place' in service 'orders': size: found 0",
  );
  expect(() => orders.every('report', '* * * * *', () => {}, { timeoutMs: 0 })).toThrow(
    "recurring job 'report' of service 'orders': timeoutMs: found 0",
  );
  expect(() => orders.saga('order', { state, retry: { now: 0 } })).toThrow(
    "saga 'order' of service 'orders': retry.now: found 0",
  );
});

test('the name of a service has no dots, as the names of its queues begin with it', () => {
  expect(() => service('shop.orders')).toThrow(
    "name of a service: found 'shop.orders'; allowed: a name without dots, as 'shop-orders'",
  );
  expect(() => service('')).toThrow("name of a service: found ''; allowed: letters and digits");
});

test('a saga is not changed by what is added to it', () => {
  const longer = orderSaga.on(paid, idOf, () => done);
  expect(orderSaga.definition.transitions).toHaveLength(1);
  expect(longer.definition.transitions.map(({ contract, starts }) => [contract.name, starts])).toEqual([
    ['orders.placed', true],
    ['payments.paid', false],
  ]);
});
