import { AccessControl } from '../../core/access/access-control.ts';
import { PolicyTable } from '../../core/access/policies.ts';
import type { Broker } from '../../core/broker.ts';
import type { DefinitionRecorder } from '../../core/definitions/definition-log.ts';
import { isAtLimit } from '../../core/operator-limit.ts';
import type { Exchange } from '../../core/vhost/exchange.ts';
import { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { badRequest } from '../api-error.ts';
import type { SlicedWork } from '../work-slices.ts';
import {
  type BindingEntry,
  type DefinitionFile,
  type Entry,
  type ExchangeEntry,
  inEntry,
  type QueueEntry,
  type VhostEntry,
} from './definition-file.ts';

const NOTHING_RECORDED: DefinitionRecorder = { put: () => {}, remove: () => {} };

/** Throws 400 unless all of the file can be imported. It tries on what belongs to nobody, and only looks at what there is. */
export async function checkImport(broker: Broker, file: DefinitionFile, work: SlicedWork): Promise<void> {
  const check = new ImportCheck(broker, file, work);
  try {
    await check.run();
  } finally {
    check.dispose();
  }
}

class ImportCheck {
  readonly #broker: Broker;
  readonly #file: DefinitionFile;
  readonly #work: SlicedWork;
  /** Vhosts that are not there yet, as they will be. */
  readonly #comingVhosts: ReadonlyMap<string, VirtualHost>;
  /** What the file defines, by vhost and name. */
  readonly #exchanges = new Map<string, Map<string, Exchange>>();
  readonly #queues = new Map<string, Set<string>>();

  constructor(broker: Broker, file: DefinitionFile, work: SlicedWork) {
    this.#broker = broker;
    this.#file = file;
    this.#work = work;
    const coming = file.vhosts.filter(({ name }) => !broker.vhosts.has(name));
    this.#comingVhosts = new Map(coming.map((entry) => [entry.name, comingVhost(broker, entry)]));
  }

  dispose(): void {
    for (const vhost of this.#comingVhosts.values()) vhost.dispose();
  }

  async run(): Promise<void> {
    const { permissions, topicPermissions, parameters, vhostLimits } = this.#file;
    const access = this.#scratchAccess();
    await this.#each(permissions, ({ permission }) => {
      this.#vhost(permission.vhost);
      access.setPermission(permission);
    });
    await this.#each(topicPermissions, ({ permission }) => {
      this.#vhost(permission.vhost);
      access.setTopicPermission(permission);
    });
    await this.#each(parameters, ({ parameter }) => this.#vhost(parameter.vhost));
    await this.#each(vhostLimits, ({ vhost }) => this.#vhost(vhost));
    await this.#checkPolicies();
    await this.#each(this.#file.queues, (entry) => this.#checkQueue(entry));
    this.#checkQueueLimits();
    await this.#each(this.#file.exchanges, (entry) => this.#checkExchange(entry));
    await this.#each(this.#file.bindings, (entry) => this.#checkBinding(entry));
  }

  async #each<T extends Entry>(entries: readonly T[], check: (entry: T) => void): Promise<void> {
    for (const entry of entries) {
      if (this.#work.isDue) await this.#work.pause();
      try {
        check(entry);
      } catch (error) {
        throw inEntry(entry.text, error);
      }
    }
  }

  /** Users without rights, to try permissions on. */
  #scratchAccess(): AccessControl {
    const access = new AccessControl(() => {}, NOTHING_RECORDED);
    const names = [...this.#broker.access.users.keys(), ...this.#file.users.map(({ name }) => name)];
    for (const name of names) access.putUser({ name, passwordHash: undefined, tags: [] });
    return access;
  }

  async #checkPolicies(): Promise<void> {
    await this.#each(this.#file.policies, ({ policy }) => {
      this.#vhost(policy.vhost);
      new PolicyTable().set(policy);
    });
    await this.#each(this.#file.operatorPolicies, ({ policy }) => {
      this.#vhost(policy.vhost);
      new PolicyTable().setOperator(policy);
    });
  }

  #checkQueue({ vhost, declaration }: QueueEntry): void {
    if (declaration.name === '') throw badRequest('the name is empty');
    this.#vhost(vhost).checkQueue(declaration);
    const names = this.#queues.get(vhost) ?? new Set<string>();
    this.#queues.set(vhost, names.add(declaration.name));
  }

  #checkQueueLimits(): void {
    for (const [name, { limits, queues }] of this.#broker.vhosts) {
      const added = [...(this.#queues.get(name) ?? [])].filter((queue) => !queues.has(queue)).length;
      if (added === 0 || !isAtLimit(queues.size + added - 1, limits.maxQueues)) continue;
      throw badRequest(
        `nothing was imported: vhost '${name}' has ${queues.size} queues, and ${added} more would be above its limit, ` +
          `max-queues (${limits.maxQueues}): raise it first`,
      );
    }
  }

  #checkExchange({ vhost, properties }: ExchangeEntry): void {
    const exchange = this.#vhost(vhost).checkExchange(properties);
    const names = this.#exchanges.get(vhost) ?? new Map<string, Exchange>();
    this.#exchanges.set(vhost, names.set(properties.name, exchange));
  }

  #checkBinding(entry: BindingEntry): void {
    const { vhost, destination } = entry;
    if (entry.source === '') throw badRequest('nothing can be bound to the default exchange');
    const source = this.#exchange(vhost, entry.source);
    if (entry.destinationKind === 'exchange') this.#exchange(vhost, destination);
    else if (this.#queues.get(vhost)?.has(destination) !== true)
      this.#vhost(vhost).queue(destination, undefined);
    source.router.validate?.(entry.arguments, entry.routingKey);
  }

  #exchange(vhost: string, name: string): Exchange {
    return this.#exchanges.get(vhost)?.get(name) ?? this.#vhost(vhost).exchange(name);
  }

  #vhost(name: string): VirtualHost {
    const vhost = this.#broker.vhosts.get(name) ?? this.#comingVhosts.get(name);
    if (vhost !== undefined) return vhost;
    throw badRequest(`there is no vhost '${name}', neither here nor in the definitions: create it first`);
  }
}

/** Belongs to nobody: what is declared in it later is checked against it. */
function comingVhost({ runtime }: Broker, { name, metadata }: VhostEntry): VirtualHost {
  const vhost = new VirtualHost(runtime, name, NOTHING_RECORDED);
  vhost.setMetadata({ ...metadata, tracing: false });
  return vhost;
}
