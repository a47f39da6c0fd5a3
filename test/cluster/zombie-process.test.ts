/** The owner is stopped for longer than its lease, and goes on when another node has taken over. */
import { expect, test } from 'vitest';
import type { EntryStream } from '../../src/storage/jetstream/entry.ts';
import { RawClient } from '../servers/raw-client.ts';
import type { LabCluster } from './lab/lab-cluster.ts';
import { describeInLab } from './lab/lab-needs.ts';
import { AMQP_PORT, type LabNode, LOGIN } from './lab/lab-node.ts';
import { LabScene } from './lab/lab-scene.ts';
import { readStream } from './lab/read-stream.ts';

const SEED = Number(process.env['LEVERET_SEED'] ?? 1);
const MINUTE_MS = 60_000;
const BACKLOG = 'zombie-backlog';
const LATE = 'zombie-late';
const BACKLOG_COUNT = 100;
const PREFETCH = 10;
const PERSISTENT = { deliveryMode: 2 };

const bodies = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `${from + index}`);

function connectTo(node: LabNode): Promise<RawClient> {
  return RawClient.connect({ host: node.address, port: AMQP_PORT, timeoutMs: 20_000, ...LOGIN });
}

/** A client of the owner itself: it holds messages, and publishes and acks while nobody reads what it sends. */
class Witness {
  readonly #client: RawClient;
  readonly #heldTags: readonly number[];

  private constructor(client: RawClient, heldTags: readonly number[]) {
    this.#client = client;
    this.#heldTags = heldTags;
  }

  static async of(owner: LabNode): Promise<Witness> {
    const client = await connectTo(owner);
    const channel = await client.openChannel(1);
    await channel.call('confirm.select');
    for (const queue of [BACKLOG, LATE]) await channel.call('queue.declare', { queue, durable: true });
    for (const body of bodies(0, BACKLOG_COUNT)) channel.publish({ routingKey: BACKLOG }, PERSISTENT, body);
    while ((await channel.expect('basic.ack')).method.deliveryTag < BACKLOG_COUNT);
    await channel.call('basic.qos', { prefetchCount: PREFETCH });
    await channel.call('basic.consume', { queue: BACKLOG });
    const held = await channel.expectMany('basic.deliver', PREFETCH);
    return new Witness(
      client,
      held.map(({ method }) => method.deliveryTag),
    );
  }

  /** What a broker would answer by confirms and by more deliveries. */
  send(): void {
    const channel = this.#client.channel(1);
    for (const body of bodies(0, BACKLOG_COUNT)) channel.publish({ routingKey: LATE }, PERSISTENT, body);
    for (const deliveryTag of this.#heldTags) channel.send('basic.ack', { deliveryTag });
  }

  /** Names of what came in, once its connection has ended. */
  async receivedUntilTheEnd(): Promise<string[]> {
    await this.#client.whenEnded;
    return this.#client.channel(1).inbox.map(({ method }) => method.name);
  }
}

/** All messages of a queue, as the node hands them out. */
async function drained(node: LabNode, queue: string): Promise<{ bodies: string[]; redelivered: boolean[] }> {
  const client = await connectTo(node);
  const channel = await client.openChannel(1);
  const found: { bodies: string[]; redelivered: boolean[] } = { bodies: [], redelivered: [] };
  for (;;) {
    const answer = await channel.call('basic.get', { queue, noAck: true });
    if (answer.method.name !== 'basic.get-ok') break;
    found.bodies.push(new TextDecoder().decode(answer.body));
    found.redelivered.push(answer.method.redelivered);
  }
  await client.close();
  return found;
}

/** Numbers of entries behind the fence of a later epoch than their own. */
async function zombieEntries(cluster: LabCluster, stream: EntryStream): Promise<number[]> {
  const wrong: number[] = [];
  let newest = 0;
  for (const { kind, epoch, sequence } of await readStream(cluster, stream)) {
    if (epoch < newest) wrong.push(sequence);
    if (kind === 'fence') newest = Math.max(newest, epoch);
  }
  return wrong;
}

describeInLab('an owner that was stopped for longer than its lease', () => {
  test(
    'confirms and delivers nothing any more, appends nothing, and passes clients on',
    async () => {
      await LabScene.run({ seed: SEED }, async (scene) => {
        const { cluster } = scene;
        const [owner, epoch] = [await cluster.owner(), await cluster.epoch()];
        const witness = await Witness.of(owner);
        owner.pause();
        witness.send();
        const next = await cluster.owner({ after: epoch });
        await scene.untilAllProgress();
        owner.resume();
        expect(await witness.receivedUntilTheEnd()).toEqual([]);

        await cluster.untilHealthy();
        expect(await owner.view()).toMatchObject({ role: 'standby', owner: next.host, servesClients: true });
        const backlog = await drained(owner, BACKLOG);
        expect(backlog.bodies).toEqual(bodies(0, BACKLOG_COUNT));
        expect(backlog.redelivered.slice(0, PREFETCH)).toEqual(Array<boolean>(PREFETCH).fill(true));
        expect((await drained(owner, LATE)).bodies).toEqual([]);
        await scene.untilAllProgress();
        for (const stream of ['main', 'cold'] as const)
          expect(await zombieEntries(cluster, stream), stream).toEqual([]);
        expect((await scene.judge()).violations).toEqual([]);
      });
    },
    10 * MINUTE_MS,
  );
});
