/** What this project runs: the services among the exports of this module. */
export { orderPlaced, placeOrder } from './contracts.ts';
export { mailsUnit } from './mails/mails.ts';
export { ordersUnit } from './orders/orders.ts';
