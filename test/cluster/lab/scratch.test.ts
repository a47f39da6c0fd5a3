import { mkdtemp } from 'node:fs/promises';
import { test } from 'vitest';
import { LabNetwork } from './lab-network.ts';
import { LabProcess } from './lab-process.ts';
import { KillLoad } from '../../crash/kill-load.ts';
import { judge } from '../../crash/kill-verdict.ts';
import { RawClient } from '../../servers/raw-client.ts';
import { LedgerProgress } from './ledger-progress.ts';
import { pause } from '../../crash/kill-client.ts';
test('load', async () => {
  const directory = await mkdtemp('/tmp/h5-');
  const net = LabNetwork.create(['b', 'c']);
  try {
    const t0 = performance.now();
    const log = (...a: unknown[]) => console.log((performance.now() - t0).toFixed(0), ...a);
    const b = new LabProcess(net, 'b', [process.execPath, 'dist/cli/main.js', 'serve', '--host', '0.0.0.0', '--amqp-port', '5672', '--http-port', '15672', '--default-user', 'lab', '--default-password', 'lab', '--storage', 'file', '--data-dir', directory + '/data']);
    b.launch(); await b.line('AMQP listening'); log('up');
    const load = new KillLoad({ brokers: [`amqp://lab:lab@${net.address('b')}:5672?heartbeat=2`], connect: () => RawClient.connect({ host: net.address('b'), port: 5672, user: 'lab', password: 'lab' }), directory, seed: 1, processes: 2, connections: 2, pauseMsMax: 400, prefix: net.prefix('c') });
    await load.declare(); load.start();
    for (let i = 0; i < 2; i++) {
    let p = new LedgerProgress(load.ledgerDirectory);
    await pause(1000); p.end();
    p = new LedgerProgress(load.ledgerDirectory);
    log('all', await p.untilAllProgress(20000), p.firstConfirmMs, p.firstDeliveryMs); p.end();
    p = new LedgerProgress(load.ledgerDirectory);
    await b.kill(); await pause(500); b.launch(); 
    log('all', await p.untilAllProgress(20000), p.firstConfirmMs, p.firstDeliveryMs, p.firstReconnectedDeliveryMs); p.end();
    p = new LedgerProgress(load.ledgerDirectory);
    net.cutBothWays('b', 'c'); await pause(5000); net.heal();
    log('all', await p.untilAllProgress(20000), p.firstConfirmMs, p.firstDeliveryMs, p.firstReconnectedDeliveryMs); p.end();
    }
    await load.finish();
    const { declaredQueues, deletedQueues, ...v } = judge(await load.readLedgers(), { latecomersAllowed: true });
    log(declaredQueues.length, deletedQueues.length, v);
    await b.stop();
  } finally { net.remove(); }
}, 120_000);
