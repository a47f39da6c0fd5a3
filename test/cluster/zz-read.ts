import { connectNats } from '../../src/storage/jetstream/nats-connection.ts';
import { directGet } from '../../src/storage/jetstream/nats-direct.ts';
import { openNatsLog } from '../../src/storage/jetstream/nats-log.ts';
import { initCluster } from '../../src/cluster/cluster-init.ts';
import { readFileSync } from 'node:fs';
const onEvent = (e: {text: string}): void => console.log('EVENT', e.text);
const c = await connectNats({ servers: [1,2,3].map((i) => `nats://127.0.0.1:2412${i}`), onEvent });
await initCluster(c, { cluster: 'r', replicas: 3 });
const log = await openNatsLog(c, 'r', 'main');
let { last } = await log.state();
const bytes = new Uint8Array(Number(process.argv[2] ?? 65536)).map((_, i) => i * 7);
if (process.argv[3]) for (let i = 0; i < Number(process.argv[3]); i++) { const r = await log.append(last + 1, bytes); if (r.kind !== 'appended') { console.log(r); break; } last++; }
const state = await log.state(); console.log(state);
const pids = [1,2,3].map((i) => readFileSync(`/tmp/h2/n${i}.pid`, 'utf8').trim());
const cpu = (): number => pids.reduce((s, p) => { const f = readFileSync(`/proc/${p}/stat`, 'utf8').split(' '); return s + Number(f[13]) + Number(f[14]); }, 0) * 10;
async function measure(name: string, f: () => Promise<number>): Promise<void> {
  const t = performance.now(), u = process.cpuUsage(), s = cpu();
  const b = await f();
  const w = (performance.now() - t) / 1000, uu = process.cpuUsage(u);
  console.log(`${name}: ${(b / 1e6).toFixed(0)} MB ${(b / 1e6 / w).toFixed(0)} MB/s wall; client ${(uu.user + uu.system) / 1000 | 0} ms cpu, servers ${cpu() - s} ms cpu`);
}
await measure('log.read', async () => { let b = 0; await log.read(state.first, last, (_n, x) => { b += x.length; }); return b; });
const link = await c.link(1000);
for (const mb of [1, 4, 16, 32]) await measure(`direct ${mb} MB one at a time`, async () => {
  let b = 0, at = state.first;
  while (at <= last) { const m = await directGet(link, 'LEVERET_r_main', { seq: at, batch: 4000, max_bytes: mb << 20 }); for (const x of m) b += x.data.length; at += m.length; }
  return b;
});
await measure('ordered pull consumer', async () => {
  const oc = await link.jetstream.consumers.get('LEVERET_r_main', { opt_start_seq: state.first });
  let b = 0; const it = await oc.consume({ max_bytes: 8 << 20 });
  for await (const m of it) { b += m.data.length; if (m.seq === last) break; }
  await it.close(); return b;
});
await measure('ordered push consumer', async () => {
  const oc = await link.jetstream.consumers.getPushConsumer('LEVERET_r_main', { opt_start_seq: state.first });
  let b = 0;
  await new Promise<void>((res) => { void oc.consume({ callback: (m) => { b += m.data.length; if (m.seq === last) res(); } }); });
  return b;
});
await c.close(); process.exit(0);
