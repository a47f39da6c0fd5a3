import { methodFrame } from '../servers/frame-bytes.ts';
import type { BrokerRun } from './broker-run.ts';
import { readBody } from './message-body.ts';
import { type Received, WorkloadClient } from './workload-client.ts';
import type { RecoveredBroker, RecoveredMessage } from './workload-ledger.ts';

/** Rounds of the event loop in which a broker whose disk is not held must have answered. */
const ROUNDS_MAX = 1000;

/** What a client finds in each queue of a broker that has just started, without settling anything. */
export async function drainQueues(run: BrokerRun): Promise<RecoveredBroker> {
  const inbox: Received[] = [];
  const client = new WorkloadClient(run.broker, (received) => inbox.push(received));
  run.afterTurn = () => client.read();
  client.send(methodFrame(1, 'channel.open'));
  const queues = new Map<string, readonly RecoveredMessage[]>();
  for (const queue of run.broker.vhosts.get('/')?.queues.keys() ?? []) {
    const messages: RecoveredMessage[] = [];
    for (;;) {
      client.send(methodFrame(1, 'basic.get', { queue }));
      const message = messageOf(await answer(run, inbox));
      if (message === undefined) break;
      messages.push(message);
    }
    queues.set(queue, messages);
  }
  return { queues, objects: run.recovered.objects };
}

async function answer(run: BrokerRun, inbox: Received[]): Promise<Received> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    run.runTurns();
    for (const received of inbox.splice(0)) {
      const { name } = received.method;
      if (name === 'basic.get-ok' || name === 'basic.get-empty') return received;
      if (name === 'channel.close') throw new Error('the broker refused basic.get');
    }
    await new Promise((resolve) => setImmediate(resolve));
    run.noteDurable();
  }
  throw new Error('the broker does not answer basic.get');
}

function messageOf({ method, body, properties }: Received): RecoveredMessage | undefined {
  if (method.name !== 'basic.get-ok') return undefined;
  const returns = properties.headers?.get('x-delivery-count')?.value;
  const returnCount = typeof returns === 'number' ? returns : 0;
  return { id: readBody(body, 0, body.length), redelivered: method.redelivered, returnCount };
}
