/** An instance of a service in a process of its own: writes each message into a file behind those of the other instances. */
import { openSync, writeSync } from 'node:fs';
import { run } from '../../../src/services/runtime/run.ts';
import { stepperUnit } from './stepper.ts';

const [broker = '', service = '', contract = '', path = ''] = process.argv.slice(2);
const log = openSync(path, 'a');

const { unit } = stepperUnit({ service, contract }, async ({ key, n }) => {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
  // one write is one piece, whoever else writes
  writeSync(log, `${process.pid} ${key} ${n}\n`);
});

const app = await run([unit], { broker });
process.once('SIGTERM', async () => {
  await app.close();
  process.stdout.write('closed\n');
  process.exit(0);
});
process.stdout.write('ready\n');
