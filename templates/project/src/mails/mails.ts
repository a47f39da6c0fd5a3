import { service } from 'leveret/services';
import { orderPlaced } from '../contracts.ts';
import { sendMail } from './send-mail.ts';

const mails = service('mails', {
  database: { migrations: new URL('./migrations', import.meta.url) },
  // up to four processes, so that no message waits for longer than two seconds
  scale: { min: 1, max: 4, delayMs: 2_000 },
});

const thank = mails.on(
  orderPlaced,
  async ({ orderId, email, total }, context) => {
    const text = `Thank you for your order ${orderId} of ${total.toFixed(2)}.`;
    // a mail server is no part of the transaction: with the id it can tell a mail that comes twice
    await sendMail({ id: context.messageId, to: email, text }, context.signal);
    await context.database.run`insert into mails (order_id, address) values (${orderId}, ${email})`;
  },
  { concurrency: 4 },
);

export const mailsUnit = mails.with(thank);
