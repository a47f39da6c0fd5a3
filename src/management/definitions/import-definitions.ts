/**
 * Imports definitions: looks first whether all of them can be, and changes nothing unless they can. What is there and the same stays;
 * queues and exchanges that are there and other ones are an error; all else takes the place of what is there.
 *
 * Looking and doing go in slices, so that messages flow on. What others change in between may still stop it half-way, and then it
 * says so; whoever imports the same again completes it.
 */
import type { Broker } from '../../core/broker.ts';
import type { Destination } from '../../core/vhost/exchange.ts';
import type { VirtualHost } from '../../core/vhost/virtual-host.ts';
import { ApiError, objectNotFound } from '../api-error.ts';
import type { ManagementContext } from '../management-context.ts';
import { hashPassword } from '../password-hash.ts';
import { SlicedWork } from '../work-slices.ts';
import type { BindingEntry, DefinitionFile, Entry, UserEntry } from './definition-file.ts';
import { checkImport } from './import-check.ts';

/** Throws 400 when nothing was imported, with the reason; 409 when it was stopped half-way. */
export async function importDefinitions(context: ManagementContext, file: DefinitionFile): Promise<void> {
  const { broker } = context;
  const work = await SlicedWork.begin();
  await checkImport(broker, file, work);
  const hashes = await hashPasswords(context, file.users);
  await new Import(broker, file, hashes, work).run();
}

/** By the names of the users. */
type Hashes = ReadonlyMap<string, string | undefined>;

async function hashPasswords(context: ManagementContext, users: readonly UserEntry[]): Promise<Hashes> {
  const hashes = new Map<string, string | undefined>();
  for (const { name, given } of users) {
    hashes.set(name, 'password' in given ? await hashPassword(context, given.password) : given.passwordHash);
  }
  return hashes;
}

class Import {
  readonly #broker: Broker;
  readonly #file: DefinitionFile;
  readonly #hashes: Hashes;
  readonly #work: SlicedWork;

  constructor(broker: Broker, file: DefinitionFile, hashes: Hashes, work: SlicedWork) {
    this.#broker = broker;
    this.#file = file;
    this.#hashes = hashes;
    this.#work = work;
  }

  /** Policies come before what they apply to, so that each queue takes its own at once; limits come last. */
  async run(): Promise<void> {
    const { access, parameters } = this.#broker;
    const file = this.#file;
    await this.#each(file.users, (user) => this.#putUser(user));
    await this.#each(file.vhosts, ({ name, metadata }) => this.#broker.addVhost(name).setMetadata(metadata));
    await this.#each(file.permissions, ({ permission }) => access.setPermission(permission));
    await this.#each(file.topicPermissions, ({ permission }) => access.setTopicPermission(permission));
    await this.#each(file.parameters, ({ parameter }) => parameters.set(parameter));
    await this.#each(file.globalParameters, ({ parameter }) => parameters.setGlobal(parameter));
    await this.#each(file.policies, ({ policy }) => this.#vhost(policy.vhost).setPolicy(policy));
    await this.#each(file.operatorPolicies, ({ policy }) =>
      this.#vhost(policy.vhost).setOperatorPolicy(policy),
    );
    await this.#each(file.queues, ({ vhost, declaration }) => this.#vhost(vhost).declareQueue(declaration));
    await this.#each(file.exchanges, ({ vhost, properties }) =>
      this.#vhost(vhost).declareExchange(properties),
    );
    await this.#each(file.bindings, (binding) => this.#bind(binding));
    await this.#each(file.vhostLimits, ({ vhost, limits }) => this.#vhost(vhost).setLimits(limits));
  }

  async #each<T extends Entry>(entries: readonly T[], put: (entry: T) => void): Promise<void> {
    for (const entry of entries) {
      if (this.#work.isDue) await this.#work.pause();
      try {
        put(entry);
      } catch (error) {
        throw halfWay(entry, error);
      }
    }
  }

  #putUser({ name, tags, limits }: UserEntry): void {
    const { access } = this.#broker;
    access.putUser({ name, passwordHash: this.#hashes.get(name), tags });
    access.setUserLimits(name, limits);
  }

  #bind({
    vhost: name,
    source,
    destinationKind,
    destination,
    routingKey,
    arguments: args,
  }: BindingEntry): void {
    const vhost = this.#vhost(name);
    const target: Destination =
      destinationKind === 'queue' ? vhost.queue(destination, undefined) : vhost.exchange(destination);
    vhost.bind(vhost.exchange(source), target, routingKey, args);
  }

  #vhost(name: string): VirtualHost {
    const vhost = this.#broker.vhosts.get(name);
    if (vhost === undefined) throw objectNotFound();
    return vhost;
  }
}

function halfWay({ text }: Entry, error: unknown): ApiError {
  const why = error instanceof Error ? error.message : String(error);
  return new ApiError(
    409,
    'conflict',
    `the import stopped half-way, at ${text}: ${why}. Something was changed meanwhile; import the same again to complete it`,
  );
}
