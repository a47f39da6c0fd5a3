import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rejected } from 'leveret/services';
import { testServices } from 'leveret/testing';
import { orderPlaced, placeOrder } from '../src/contracts.ts';
import { mailsUnit } from '../src/mails/mails.ts';
import { ordersUnit } from '../src/orders/orders.ts';

const order = { orderId: 'a', email: 'ada@example.com', total: 12.5 };

test('an order is answered, and its customer gets a mail', async () => {
  await testServices([ordersUnit, mailsUnit], {}, async (t) => {
    assert.deepEqual(await t.call(placeOrder, order), { status: 'accepted' });
    await t.settled();
    const mails = await t.database(mailsUnit).all`select address from mails`;
    assert.deepEqual(mails, [{ address: 'ada@example.com' }]);
  });
});

test('each message has its effect once, also when it comes twice and services crash', async () => {
  await testServices([ordersUnit, mailsUnit], { duplicates: true, crash: 'after-commit' }, async (t) => {
    await t.send(placeOrder, order);
    // what a crashed process did not send any more is sent within a second
    await t.clock.advance('3s');
    assert.equal((await t.published(orderPlaced)).length, 1);
    const mails = await t.database(mailsUnit).all`select address from mails`;
    assert.equal(mails.length, 1);
  });
});

test('an order without a total is rejected', async () => {
  await testServices([ordersUnit, mailsUnit], { deadLetters: 'allowed' }, async (t) => {
    await assert.rejects(t.call(placeOrder, { ...order, total: 0 }), Rejected);
  });
});
