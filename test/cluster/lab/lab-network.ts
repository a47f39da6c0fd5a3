import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The second octet of addresses is one of these: others may be taken. */
const FIRST_OCTET = 100;
const OCTETS = 100;
const NAME_PREFIX = 'leveret-lab';
/** Names of namespaces: the prefix, the process that made it, which network of that process, the host. */
const NAMESPACE = /^leveret-lab-(\d+)-\d+-\S+$/;

interface LabHost {
  readonly namespace: string;
  readonly address: string;
}

let networkCount = 0;

/** Whether this process may make networks. */
export const CAN_MAKE_NETWORKS: boolean =
  process.getuid?.() === 0 && spawnSync('ip', ['netns', 'list'], { stdio: 'ignore' }).status === 0;

/**
 * Hosts that are network namespaces on this machine, with a router between them that can cut off one from another: packets vanish,
 * and nobody is told. This process is a host of its own, which is never cut off.
 *
 *     this process 10.N.0.2 --+
 *     hosts[0]     10.N.1.2 --+-- router 10.N.*.1
 *     hosts[1]     10.N.2.2 --+
 */
export class LabNetwork {
  readonly #hosts = new Map<string, LabHost>();
  readonly #router: string;
  /** This process' end of its cable. */
  readonly #outside: string;
  readonly #subnet: string;
  /** The `ip rule`s that are there. */
  readonly #cuts = new Set<string>();

  private constructor(names: readonly string[]) {
    const id = `${process.pid}-${networkCount++}`;
    this.#router = `${NAME_PREFIX}-${id}-router`;
    this.#subnet = freeSubnet();
    for (const [index, name] of names.entries()) {
      const namespace = `${NAME_PREFIX}-${id}-${name}`;
      this.#hosts.set(name, { namespace, address: `${this.#subnet}.${index + 1}.2` });
    }
    this.#outside = `lvr${id}`;
  }

  /** Also removes what runs that were killed have left behind. */
  static create(hosts: readonly string[]): LabNetwork {
    for (const namespace of namespaces()) if (isLeftBehind(namespace)) removeNamespace(namespace);
    const network = new LabNetwork(hosts);
    try {
      network.#make();
      return network;
    } catch (error) {
      network.remove();
      throw error;
    }
  }

  address(host: string): string {
    return this.#host(host).address;
  }

  /** A command in front of another one makes that run on `host`. Both are one process. */
  prefix(host: string): string[] {
    return ['ip', 'netns', 'exec', this.#host(host).namespace];
  }

  /** What `from` sends to `to` vanishes from now on. */
  cut(from: string, to: string): void {
    const rule = `from ${this.address(from)} to ${this.address(to)} blackhole`;
    if (this.#cuts.has(rule)) return;
    ip('-n', this.#router, 'rule', 'add', ...rule.split(' '));
    this.#cuts.add(rule);
  }

  cutBothWays(one: string, other: string): void {
    this.cut(one, other);
    this.cut(other, one);
  }

  /** Everybody reaches everybody again. */
  heal(): void {
    for (const rule of this.#cuts) ip('-n', this.#router, 'rule', 'del', ...rule.split(' '));
    this.#cuts.clear();
  }

  /** Ends what still runs on the hosts, and leaves nothing behind. */
  remove(): void {
    // a namespace takes its cables with it, but only some time later
    if (existsSync(`/sys/class/net/${this.#outside}`)) ip('link', 'del', this.#outside);
    for (const { namespace } of this.#hosts.values()) removeNamespace(namespace);
    removeNamespace(this.#router);
  }

  #make(): void {
    ip('netns', 'add', this.#router);
    ip('-n', this.#router, 'link', 'set', 'lo', 'up');
    for (const [key, value] of ROUTER_SETTINGS) {
      ip('netns', 'exec', this.#router, 'sysctl', '-q', '-w', `net.ipv4.${key}=${value}`);
    }
    ip('link', 'add', this.#outside, 'type', 'veth', 'peer', 'name', 'outside', 'netns', this.#router);
    this.#addressLink(undefined, this.#outside, 'outside', 0);
    ip('route', 'add', `${this.#subnet}.0.0/16`, 'via', `${this.#subnet}.0.1`);
    for (const [index, [name, { namespace }]] of [...this.#hosts].entries()) {
      ip('netns', 'add', namespace);
      ip('-n', namespace, 'link', 'set', 'lo', 'up');
      const peer = ['peer', 'name', name, 'netns', this.#router];
      ip('-n', namespace, 'link', 'add', 'net0', 'type', 'veth', ...peer);
      this.#addressLink(namespace, 'net0', name, index + 1);
      ip('-n', namespace, 'route', 'add', 'default', 'via', `${this.#subnet}.${index + 1}.1`);
    }
  }

  #addressLink(namespace: string | undefined, link: string, routerLink: string, index: number): void {
    const host = namespace === undefined ? [] : ['-n', namespace];
    ip(...host, 'address', 'add', `${this.#subnet}.${index}.2/24`, 'dev', link);
    ip(...host, 'link', 'set', 'dev', link, 'up');
    ip('-n', this.#router, 'address', 'add', `${this.#subnet}.${index}.1/24`, 'dev', routerLink);
    ip('-n', this.#router, 'link', 'set', 'dev', routerLink, 'up');
  }

  #host(name: string): LabHost {
    const host = this.#hosts.get(name);
    if (host === undefined)
      throw new Error(`no host "${name}": there are ${[...this.#hosts.keys()].join(', ')}`);
    return host;
  }
}

/** One way cut is not a reason to drop the other way. */
const ROUTER_SETTINGS: readonly (readonly [string, number])[] = [
  ['ip_forward', 1],
  ['conf.all.rp_filter', 0],
  ['conf.default.rp_filter', 0],
];

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function freeSubnet(): string {
  const taken = ip('-4', 'route');
  for (let tried = 0; tried < OCTETS; tried++) {
    const subnet = `10.${FIRST_OCTET + ((process.pid + tried) % OCTETS)}`;
    if (!taken.includes(`${subnet}.`)) return subnet;
  }
  throw new Error(`all networks from 10.${FIRST_OCTET}.0.0 to 10.${FIRST_OCTET + OCTETS - 1}.0.0 are taken`);
}

function namespaces(): string[] {
  const names = ip('netns', 'list').split('\n');
  return names.map((line) => line.split(' ')[0] ?? '').filter((name) => name !== '');
}

function isLeftBehind(namespace: string): boolean {
  const pid = NAMESPACE.exec(namespace)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

function removeNamespace(namespace: string): void {
  if (!namespaces().includes(namespace)) return;
  for (const pid of ip('netns', 'pids', namespace).split('\n')) if (pid !== '') endProcess(Number(pid));
  ip('netns', 'del', namespace);
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
