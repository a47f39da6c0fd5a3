import type { Outcome } from '../../src/core/outcome/outcome.ts';
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
  const outcomes = await outcomesOf(run);
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
  return { queues, objects: run.recovered.objects, outcomes, keys: keysOf(run) };
}

/** What the broker shows of the outcomes that were recovered. */
async function outcomesOf(run: BrokerRun): Promise<Map<string, number | undefined>> {
  const outcomes = new Map<string, number | undefined>();
  const vhost = run.broker.vhosts.get('/');
  for (const key of run.recovered.outcomes.keys()) {
    const [queue = '', messageId = ''] = key.split(' ');
    let shown: readonly Outcome[] | undefined;
    vhost?.outcomes.read(messageId, queue, (found) => {
      shown = found;
    });
    for (let round = 0; shown === undefined && round < ROUNDS_MAX; round++) {
      run.runTurns();
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const { result } of shown ?? [])
      outcomes.set(key, result === undefined ? undefined : readBody(result, 0, result.length));
  }
  return outcomes;
}

/** The keys that count, of those that were recovered. */
function keysOf(run: BrokerRun): Set<string> {
  const deduplication = run.broker.vhosts.get('/')?.deduplication;
  return new Set(
    [...run.recovered.keys].filter((each) => {
      const [kind, name, type, id] = each.split(' ');
      return deduplication?.isRepeated(`${kind} ${name}`, `${type} ${id}`);
    }),
  );
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
