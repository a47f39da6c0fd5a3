import { test } from 'vitest';
import { startBroker } from '../../../src/daemon/start-broker.ts';
import { systemClock } from '../../../src/services/clock.ts';
import { OrderedScene } from './ordered-scene.ts';
import { DeliveryChannel } from '../../../src/client/delivery-channel.ts';
import { OrderedConsumer } from '../../../src/services/runtime/ordered/ordered-consumer.ts';
import { PartitionConsumer } from '../../../src/services/runtime/ordered/partition-consumer.ts';
import { LaneAttempts } from '../../../src/services/runtime/ordered/lane-attempts.ts';
import { Tenure } from '../../../src/services/runtime/ordered/tenure.ts';
let stacks: string[] = [];
const T0 = 0;
for (const name of ['lose', 'leave', 'close'] as const) {
  const original = DeliveryChannel.prototype[name] as any;
  (DeliveryChannel.prototype as any)[name] = function (...a: any[]) { if (this.isOpen) stacks.push(`${Math.round(performance.now() - T0)} ${name} ${new Error().stack?.split('\n').slice(2, 9).map((l: string) => l.trim().replace(/\(.*src/, '(')).join(' < ')}`); return original.apply(this, a); };
}
const parts: any[] = [];
const ops: string[] = []; let lastId = 0; let dumped = false;
for (const name of ['begin', 'ended', 'end'] as const) {
  const original = Tenure.prototype[name] as any;
  (Tenure.prototype as any)[name] = function (...a: any[]) { this.id ??= ++lastId; this.n ??= 0; const r = original.apply(this, a); if (name === 'begin' && r) this.n++; if (name === 'ended') this.n--; ops.push(`${Math.round(performance.now())} T${this.id} ${name} -> ${r instanceof Promise ? 'promise' : r} n=${this.n}`); return r; };
}
const attemptOf = (LaneAttempts.prototype as any).handle;
(LaneAttempts.prototype as any).handle = async function (d: any, key: any) { const b = Math.round(performance.now()); const r = await attemptOf.call(this, d, key); if (d.isLost && !dumped) ops.push(`${Math.round(performance.now())} LOST handled since ${b} ${d.queue} ${JSON.stringify(d.body)}`); return r; };

const stopOf = PartitionConsumer.prototype.stop;
PartitionConsumer.prototype.stop = function (this: any) { parts.push(this); return stopOf.call(this); };
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
    const start = async (name: string) => { const i = await scene.start(name, env, handler); log.push(`${at()} start ${name}`); i.client.on('disconnected', (r) => log.push(`${at()} ${name} disconnected ${r}`)); i.client.on('settlementDropped', (d) => (log.push(`${at()} ${name} dropped ${JSON.stringify(d.body)} ${d.queue}`), ops.push(`${at()} DROPPED`))); (i as any).name = name; return i; };
    const running: any[] = [await start('first')];
    let isDone = false;
    const coming = (async () => { for (let count = 0; !isDone; count += 1) { running.push(await start(`i-${count}`)); if (running.length > 3) { const r = running.shift(); log.push(`${at()} stopping ${r.name}`); await r.stop(); log.push(`${at()} stopped ${r.name}`); } } })();
    for (let n = 0; n < 20; n += 1) { await scene.publishSteps(200, n, n + 1); await scene.log.seen(200 * (n - 1)); }
    await scene.log.seen(4000); isDone = true; await coming;
    const extra = scene.log.steps.length - 4000;
    console.log('round', round, 'extra', extra, 'ms', at());
    if (extra > 0) { const seen = new Map<string, string>(); for (const [k, s] of scene.log.steps.entries()) { const id = `${s.key}/${s.n}`; if (seen.has(id)) console.log('repeat', id, 'by', s.instance, 'before by', seen.get(id), k); seen.set(id, s.instance + '@' + k); } console.log(log.join('\n')); const oi = ops.findIndex((x) => x.includes('DROPPED')); console.log(ops.slice(Math.max(0, oi - 90), oi + 12).join('\n')); console.log(parts.slice(-60).map((p) => (p.trace ?? []).slice(-9).join(' | ')).join('\n')); const di = stacks.findIndex((x) => x.includes('DROPPED')); console.log(stacks.slice(0,0).join('\n')); console.log(scene.events); }
    await scene.close(); await broker.close();
    if (extra > 0) break;
  }
});
