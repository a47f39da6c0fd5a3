import { streamName } from '../../../src/storage/jetstream/nats-names.ts';
import { type Dice, pause } from '../../crash/kill-client.ts';
import { CLIENTS_HOST, CLUSTER_NAME, type LabCluster } from './lab-cluster.ts';
import type { LabNats } from './lab-nats.ts';
import type { LabNode } from './lab-node.ts';

/** What somebody may do to a cluster. Whoever inflicts it mends afterwards: starts, resumes and reconnects everything. */
export interface Fault {
  readonly name: string;
  /** Chooses whom it is for; what is returned inflicts it, and holds it for a while. */
  aim(cluster: LabCluster, dice: Dice): Promise<() => Promise<void>>;
}

/** Longer than the lease of 3 s. */
const HOLD_MS = 5000;
/** Longer than NATS takes to notice that a leader is gone, which is 4 to 9 s. */
const NATS_HOLD_MS = 10_000;
const DOWN_MS_MAX = 4000;
const STEP_DOWNS = 6;
const STEP_DOWN_EVERY_MS = 1000;
const MAIN_STREAM: string = streamName(CLUSTER_NAME, 'main');
/** All that a cluster has in JetStream. */
const STREAMS: readonly string[] = [
  MAIN_STREAM,
  streamName(CLUSTER_NAME, 'cold'),
  `KV_LEVERET_${CLUSTER_NAME}`,
];

export const FAULTS: readonly Fault[] = [
  onOwner('kill -9 of the owner', (owner, _, dice) => killForAWhile(owner, dice)),
  onStandby('kill -9 of a standby', (standby, dice) => killForAWhile(standby, dice)),
  onNats('kill -9 of a NATS server', (server, dice) => killForAWhile(server, dice)),
  onLogLeader('kill -9 of the NATS server that leads the log', (leader, _, dice) =>
    killForAWhile(leader, dice),
  ),
  {
    name: 'kill -9 of two NATS servers in turn',
    aim: async (cluster, dice) => () => killTwoInTurn(cluster, dice),
  },
  {
    name: 'kill -9 of two NATS servers at once',
    aim: async (cluster, dice) => () => killTwoAtOnce(cluster, dice),
  },
  { name: 'kill -9 of everything', aim: async (cluster) => () => cluster.killEverything() },
  { name: 'kill -9 of the owner and of the NATS server that leads the log', aim: aimAtBoth },
  onOwner('SIGSTOP of the owner for longer than its lease', (owner) => pauseForAWhile(owner)),
  onStandby('SIGSTOP of a standby', (standby) => pauseForAWhile(standby)),
  onLogLeader('SIGSTOP of the NATS server that leads the log', async (leader) => {
    leader.pause();
    await pause(NATS_HOLD_MS);
  }),
  onOwner('owner and NATS do not reach each other', (owner, cluster) => {
    for (const { host } of cluster.nats) cluster.network.cutBothWays(owner.host, host);
    return pause(HOLD_MS);
  }),
  onOwner('what the owner sends to NATS vanishes', (owner, cluster) => {
    for (const { host } of cluster.nats) cluster.network.cut(owner.host, host);
    return pause(HOLD_MS);
  }),
  onOwner('what NATS sends to the owner vanishes', (owner, cluster) => {
    for (const { host } of cluster.nats) cluster.network.cut(host, owner.host);
    return pause(HOLD_MS);
  }),
  onOwner('owner and clients do not reach each other', (owner, cluster) => {
    cluster.network.cutBothWays(owner.host, CLIENTS_HOST);
    return pause(HOLD_MS);
  }),
  onOwner('owner and standbys do not reach each other', (owner, cluster) => {
    for (const { host } of cluster.nodes)
      if (host !== owner.host) cluster.network.cutBothWays(owner.host, host);
    return pause(HOLD_MS);
  }),
  onLogLeader('the NATS server that leads the log does not reach the others', (leader, cluster) => {
    for (const { host } of cluster.nats)
      if (host !== leader.host) cluster.network.cutBothWays(leader.host, host);
    return pause(NATS_HOLD_MS);
  }),
  { name: 'leaders step down every second', aim: async (cluster) => () => stepDown(cluster) },
  { name: 'hand-over', aim: aimHandOver },
  onOwner('SIGTERM of the owner', async (owner) => expectOrderly(owner)),
  onStandby('SIGTERM of a standby', async (standby) => expectOrderly(standby)),
  onNats('SIGTERM of a NATS server', async (server) => void (await server.stop())),
];

function onOwner(
  name: string,
  inflict: (owner: LabNode, cluster: LabCluster, dice: Dice) => Promise<void>,
): Fault {
  const aim: Fault['aim'] = async (cluster, dice) => {
    const owner = await cluster.owner();
    return () => inflict(owner, cluster, dice);
  };
  return { name, aim };
}

function onStandby(name: string, inflict: (standby: LabNode, dice: Dice) => Promise<void>): Fault {
  const aim: Fault['aim'] = async (cluster, dice) => {
    const standby = one(await cluster.standbys(), dice);
    return () => inflict(standby, dice);
  };
  return { name, aim };
}

function onNats(name: string, inflict: (server: LabNats, dice: Dice) => Promise<void>): Fault {
  return {
    name,
    aim:
      async ({ nats }, dice) =>
      () =>
        inflict(one(nats, dice), dice),
  };
}

function onLogLeader(
  name: string,
  inflict: (leader: LabNats, cluster: LabCluster, dice: Dice) => Promise<void>,
): Fault {
  const aim: Fault['aim'] = async (cluster, dice) => {
    const leader = await logLeader(cluster);
    return () => inflict(leader, cluster, dice);
  };
  return { name, aim };
}

async function aimAtBoth(cluster: LabCluster, dice: Dice): Promise<() => Promise<void>> {
  const [owner, leader] = [await cluster.owner(), await logLeader(cluster)];
  return async () => {
    await Promise.all([owner.kill(), leader.kill()]);
    await pause(dice.upTo(DOWN_MS_MAX));
  };
}

async function aimHandOver(cluster: LabCluster, dice: Dice): Promise<() => Promise<void>> {
  const successor = one(await cluster.standbys(), dice);
  // every other time whoever likes
  return () => cluster.handOver(dice.upTo(2) === 0 ? successor : undefined);
}

async function logLeader(cluster: LabCluster): Promise<LabNats> {
  return cluster.natsNamed(await cluster.admin.leaderOf(MAIN_STREAM));
}

async function killForAWhile(process: LabNode | LabNats, dice: Dice): Promise<void> {
  await process.kill();
  await pause(dice.upTo(DOWN_MS_MAX));
}

async function pauseForAWhile(process: LabNode | LabNats): Promise<void> {
  process.pause();
  await pause(HOLD_MS);
}

async function killTwoInTurn(cluster: LabCluster, dice: Dice): Promise<void> {
  const [first, second] = two(cluster.nats, dice);
  await killForAWhile(first, dice);
  first.launch();
  await cluster.untilNatsIsHealthy();
  await killForAWhile(second, dice);
}

async function killTwoAtOnce(cluster: LabCluster, dice: Dice): Promise<void> {
  const [first, second] = two(cluster.nats, dice);
  await Promise.all([first.kill(), second.kill()]);
  await pause(dice.upTo(DOWN_MS_MAX));
}

async function stepDown({ admin }: LabCluster): Promise<void> {
  for (let count = 0; count < STEP_DOWNS; count++) {
    await Promise.all([pause(STEP_DOWN_EVERY_MS), ...STREAMS.map((stream) => admin.stepDown(stream))]);
  }
}

async function expectOrderly(node: LabNode): Promise<void> {
  const exit = await node.stop();
  if (exit?.code !== 0) {
    const how = exit === undefined ? 'in time' : `with 0, but with ${exit.code ?? exit.signal}`;
    throw new Error(`${node.host} did not end ${how} after SIGTERM`);
  }
}

function one<T>(choices: readonly T[], dice: Dice): T {
  return choices[dice.upTo(choices.length)] as T;
}

function two<T>(choices: readonly T[], dice: Dice): [T, T] {
  const first = dice.upTo(choices.length);
  const second = (first + 1 + dice.upTo(choices.length - 1)) % choices.length;
  return [choices[first] as T, choices[second] as T];
}
