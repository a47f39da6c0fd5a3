/**
 * One service of the shop, as a process that may be killed at any time. Each message is handled twice, and those that wait are
 * handled in any order. Run with tsx; `npm run build` first: the shop imports the package as its users do.
 */

// what is built, as the shop imports it: the errors of its handlers are known to nobody else
import { runWith, systemEnvironment } from '../../../dist/services/runtime/run.js';
import {
  inventoryUnit,
  notificationsUnit,
  ordersUnit,
  paymentsUnit,
  shippingUnit,
} from '../../../examples/shop/services.ts';
import { injectedFaults } from '../../../src/testing/injected-faults.ts';

const [name = '', broker = '', databaseUrl = '', seed = '1'] = process.argv.slice(2);
const units = [ordersUnit, paymentsUnit, inventoryUnit, shippingUnit, notificationsUnit];
const unit = units.find((each) => each.name === name);
if (unit === undefined) throw new Error(`there is no service '${name}'`);

const app = await runWith(
  [unit],
  {
    broker,
    databaseUrl: () => databaseUrl,
    onEvent: (event) => {
      if (event.type === 'dead-letter') console.log(`dead letter in ${event.part}: ${event.error.stack}`);
      else if (event.type === 'trouble') console.log(`trouble: ${event.text}: ${event.error.message}`);
    },
  },
  {
    ...systemEnvironment,
    faults: injectedFaults({ duplicates: true, shuffle: true }, Number(seed)),
  },
);
// a socket keeps the process alive, and while there is none this does
const keepAlive = setInterval(() => {}, 60_000);
process.once('SIGTERM', () => {
  void app.close().then(() => {
    clearInterval(keepAlive);
    console.log('closed');
  });
});
console.log('ready');
