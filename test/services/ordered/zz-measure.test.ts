import { test } from 'vitest';
import { startBroker } from '../../../src/daemon/start-broker.ts';
import { systemClock } from '../../../src/services/clock.ts';
import { OrderedScene } from './ordered-scene.ts';
import { DeliveryChannel } from '../../../src/client/delivery-channel.ts';
import { Tenure } from '../../../src/services/runtime/ordered/tenure.ts';
let stacks: string[] = [];
const T0 = performance.now();
for (const name of ['lose', 'leave', 'close'] as const) {
  const original = DeliveryChannel.prototype[name] as any;
  (DeliveryChannel.prototype as any)[name] = function (...a: any[]) { if (this.isOpen) stacks.push(`${Math.round(performance.now() - T0)} ${name} ${new Error().stack?.split('\n').slice(2, 9).map((l: string) => l.trim().replace(/\(.*src/, '(')).join(' < ')}`); return original.apply(this, a); };
}
test('measure', { timeout: 200000 }, async () => {
  const env = { clock: systemClock, random: Math.random, faults: undefined, workBegan() {}, workEnded() {}, pausesBetweenAttempts: true };
  for (let round = 0; round < 12; round++) {
    const broker = await startBroker({ amqpPort: false, storage: 'memory' });
    const scene = await new OrderedScene(broker, { concurrency: 8 }).open();
    const log: string[] = [];
    const t0 = T0; stacks = [];
    const at = () => Math.round(performance.now() - t0);
    scene.publisher.on('disconnected', (r) => log.push(`${at()} publisher disconnected ${r}`));
    const handler = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    const start = async (name: string) => { const i = await scene.start(name, env, handler); log.push(`${at()} start ${name}`); i.client.on('disconnected', (r) => log.push(`${at()} ${name} disconnected ${r}`)); i.client.on('settlementDropped', (d) => (log.push(`${at()} ${name} dropped ${JSON.stringify(d.body)} ${d.queue}`), stacks.push(`${at()} DROPPED`))); (i as any).name = name; return i; };
    const running: any[] = [await start('first')];
    let isDone = false;
    const coming = (async () => { for (let count = 0; !isDone; count += 1) { running.push(await start(`i-${count}`)); if (running.length > 3) { const r = running.shift(); log.push(`${at()} stopping ${r.name}`); await r.stop(); log.push(`${at()} stopped ${r.name}`); } } })();
    for (let n = 0; n < 20; n += 1) { await scene.publishSteps(200, n, n + 1); await scene.log.seen(200 * (n - 1)); }
    await scene.log.seen(4000); isDone = true; await coming;
    const extra = scene.log.steps.length - 4000;
    console.log('round', round, 'extra', extra, 'ms', at());
    if (extra > 0) { const seen = new Map<string, string>(); for (const [k, s] of scene.log.steps.entries()) { const id = `${s.key}/${s.n}`; if (seen.has(id)) console.log('repeat', id, 'by', s.instance, 'before by', seen.get(id), k); seen.set(id, s.instance + '@' + k); } console.log(log.join('\n')); const di = stacks.findIndex((x) => x.includes('DROPPED')); console.log(stacks.slice(Math.max(0, di - 14), di + 3).join('\n')); console.log(scene.events); }
    await scene.close(); await broker.close();
    if (extra > 0) break;
  }
});
