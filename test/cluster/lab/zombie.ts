import type { EntryStream } from '../../../src/storage/jetstream/entry.ts';
import { RawClient } from '../../servers/raw-client.ts';
import type { LabCluster } from './lab-cluster.ts';
import { AMQP_PORT, type LabNode, LOGIN } from './lab-node.ts';
import type { LabScene } from './lab-scene.ts';
import { readStream } from './read-stream.ts';

const BACKLOG = 'zombie-backlog';
const LATE = 'zombie-late';
const MESSAGE_COUNT = 100;
const PREFETCH = 10;
const PERSISTENT = { deliveryMode: 2 };
const BODIES: readonly string[] = Array.from({ length: MESSAGE_COUNT }, (_, index) => `${index}`);

/** What became of an owner that was stopped for longer than its lease, once it had gone on. */
export interface ZombieFacts {
  /** What its clients got from it after the pause, but for the end of the connection. */
  readonly received: readonly string[];
  /** Bodies that a client gets through it afterwards: of what was there before the pause, and of what was sent to it during the pause. */
  readonly backlog: readonly string[];
  readonly late: readonly string[];
  /** What had been delivered before the pause came marked as redelivered. More may be. */
  readonly isMarked: boolean;
  readonly role: string | undefined;
  readonly ownerIsNext: boolean;
  /** Entries of its epoch behind the fence of the next owner. */
  readonly zombieEntries: readonly string[];
}

/** How it is to be. */
export const SAFE_ZOMBIE: ZombieFacts = {
  received: [],
  backlog: BODIES,
  late: [],
  isMarked: true,
  role: 'standby',
  ownerIsNext: true,
  zombieEntries: [],
};

/** Stops the owner under load until another node has taken over, lets it go on, and looks at what it did. */
export async function pauseOwner(scene: LabScene): Promise<ZombieFacts> {
  const { cluster } = scene;
  const [owner, epoch] = [await cluster.owner(), await cluster.epoch()];
  const witness = await Witness.of(owner);
  owner.pause();
  witness.send();
  const next = await cluster.owner({ after: epoch });
  await scene.untilAllProgress();
  owner.resume();
  const received = await witness.receivedUntilTheEnd();
  await cluster.untilHealthy();
  const view = await owner.view();
  const [backlog, late] = [await drained(owner, BACKLOG), await drained(owner, LATE)];
  await scene.untilAllProgress();
  const isMarked = backlog.slice(0, PREFETCH).every(({ redelivered }) => redelivered);
  const zombieEntries = [
    ...(await entriesBehind(cluster, 'main')),
    ...(await entriesBehind(cluster, 'cold')),
  ];
  return {
    received,
    backlog: backlog.map(({ body }) => body),
    late: late.map(({ body }) => body),
    isMarked,
    role: view?.role,
    ownerIsNext: view?.owner === next.host,
    zombieEntries,
  };
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
    for (const body of BODIES) channel.publish({ routingKey: BACKLOG }, PERSISTENT, body);
    while ((await channel.expect('basic.ack')).method.deliveryTag < MESSAGE_COUNT);
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
    for (const body of BODIES) channel.publish({ routingKey: LATE }, PERSISTENT, body);
    for (const deliveryTag of this.#heldTags) channel.send('basic.ack', { deliveryTag });
  }

  /** Names of what came in, once its connection has ended. */
  async receivedUntilTheEnd(): Promise<string[]> {
    await this.#client.whenEnded;
    return this.#client.channel(1).inbox.map(({ method }) => method.name);
  }
}

function connectTo(node: LabNode): Promise<RawClient> {
  return RawClient.connect({ host: node.address, port: AMQP_PORT, timeoutMs: 20_000, ...LOGIN });
}

/** All messages of a queue, as the node hands them out. */
async function drained(node: LabNode, queue: string): Promise<{ body: string; redelivered: boolean }[]> {
  const client = await connectTo(node);
  const channel = await client.openChannel(1);
  const gotten: { body: string; redelivered: boolean }[] = [];
  for (;;) {
    const { method, body } = await channel.call('basic.get', { queue, noAck: true });
    if (method.name !== 'basic.get-ok') break;
    gotten.push({ body: new TextDecoder().decode(body), redelivered: method.redelivered });
  }
  await client.close();
  return gotten;
}

/** Entries behind the fence of a later epoch than their own. */
async function entriesBehind(cluster: LabCluster, stream: EntryStream): Promise<string[]> {
  const wrong: string[] = [];
  let newest = 0;
  for (const { kind, epoch, sequence } of await readStream(cluster, stream)) {
    if (epoch < newest)
      wrong.push(`entry ${sequence} of ${stream} is one of epoch ${epoch}, behind ${newest}`);
    if (kind === 'fence') newest = Math.max(newest, epoch);
  }
  return wrong;
}
