/** Declares and deletes durable queues with a binding while the broker is killed, and keeps a ledger of what was answered. */
import { join } from 'node:path';
import type { ChannelModel } from 'amqplib';
import { asked, Dice, KILL_EXCHANGE, overConnections, pause, readTask } from './kill-client.ts';
import { Ledger } from './kill-ledger.ts';

const KEPT_MAX = 100;
const PAUSE_MS = 3;

const task = readTask();
const dice = new Dice(task.seed);
const ledger = new Ledger(join(task.ledgerDirectory, task.name));
const kept: string[] = [];
let count = 0;

async function session(connection: ChannelModel): Promise<void> {
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  while (!asked.toStop) {
    const name = `${task.name}-${(count += 1)}`;
    await channel.assertQueue(name, { durable: true });
    await channel.bindQueue(name, KILL_EXCHANGE, name);
    ledger.write('declared', name);
    kept.push(name);
    if (dice.upTo(3) === 0 || kept.length > KEPT_MAX) {
      const [victim] = kept.splice(dice.upTo(kept.length), 1) as [string];
      ledger.write('deleting', victim);
      await channel.deleteQueue(victim);
      ledger.write('deleted', victim);
    }
    await pause(PAUSE_MS);
  }
}

await overConnections(task.brokers, 0, session);
