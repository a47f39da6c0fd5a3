import { spawnSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { describeAsRoot } from '../../faults/needs.ts';
import { StartedProcess } from '../../servers/child-process.ts';
import { LabNetwork } from './lab-network.ts';

function made(...hosts: string[]): LabNetwork {
  const network = LabNetwork.create(hosts);
  onTestFinished(() => network.remove());
  return network;
}

/** Whether a packet gets from one to the other, and its answer back. */
function reaches(network: LabNetwork, from: string, to: string): boolean {
  const [command, ...args] = [...network.prefix(from), 'python3', '-c', DIAL, network.address(to)];
  return spawnSync(command as string, args, { stdio: 'ignore' }).status === 0;
}

/** Nothing listens there: a refusal is an answer. */
const DIAL = `
import socket, sys
try:
    socket.create_connection((sys.argv[1], 1), timeout=0.3)
except ConnectionRefusedError:
    pass
`;

describeAsRoot('a network of hosts', () => {
  test('cuts off one from another in one direction or both, and heals', () => {
    const network = made('one', 'two', 'three');
    expect(reaches(network, 'one', 'two')).toBe(true);
    network.cut('one', 'two');
    expect(reaches(network, 'one', 'two')).toBe(false);
    expect(reaches(network, 'two', 'one')).toBe(false);
    expect(reaches(network, 'one', 'three')).toBe(true);
    network.heal();
    expect(reaches(network, 'one', 'two')).toBe(true);
  });

  test('ends what runs there and leaves nothing behind', async () => {
    const network = LabNetwork.create(['one']);
    const [command, ...args] = [...network.prefix('one'), 'sleep', '600'];
    const sleeper = new StartedProcess(command as string, args);
    network.remove();
    expect((await sleeper.exited).signal).toBe('SIGKILL');
    const left = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout;
    expect(left).not.toContain(`-${process.pid}-`);
    const links = spawnSync('ip', ['link'], { encoding: 'utf8' }).stdout;
    expect(links).not.toContain(`lvr${process.pid}`);
  });
});
