import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartedProcess } from './child-process.ts';
import { freePort } from './free-port.ts';
import type { Server } from './server.ts';

/** Debian's script behind its wrapper. The wrapper in /usr/sbin would change to the user `rabbitmq`. */
const SERVER_SCRIPT = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const PORT_MAPPER = '/usr/bin/epmd';
const START_MS = 60_000;

export interface RabbitmqOptions {
  /** AMQP port; any free one if absent. */
  readonly port?: number;
  /** Plugins to enable, for example `rabbitmq_management`. None by default. */
  readonly plugins?: readonly string[];
  /** Lines of rabbitmq.conf. */
  readonly configuration?: readonly string[];
  /** Makes it a member of a cluster. */
  readonly member?: RabbitmqMember;
}

/** What a node of a cluster has in common with the others. */
export interface RabbitmqMember {
  /** Of a port mapper that runs and that the node does not end. */
  readonly portMapperPort: number;
  /** The secret that Erlang's nodes show to each other. */
  readonly cookie: string;
}

/** Whether Debian's package rabbitmq-server is installed. */
export function rabbitmqInstalled(): boolean {
  return existsSync(SERVER_SCRIPT) && existsSync(PORT_MAPPER);
}

/**
 * Starts Debian's RabbitMQ: everything it writes is in a temporary directory, every port is free and on loopback, and
 * the Erlang port mapper is a private one, so that nothing is shared with another RabbitMQ on this machine.
 */
export async function startRabbitmq(options: RabbitmqOptions = {}): Promise<Server> {
  if (!rabbitmqInstalled()) {
    throw new Error(
      `RabbitMQ is not installed: ${SERVER_SCRIPT} and ${PORT_MAPPER} come with Debian's package rabbitmq-server`,
    );
  }
  const directory = await mkdtemp(join(tmpdir(), 'leveret-rabbitmq-'));
  const server = new RabbitmqServer(
    directory,
    options.port ?? (await freePort()),
    await freePort(),
    options.member?.portMapperPort ?? (await freePort()),
  );
  try {
    await server.prepare(options);
    await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

/** Erlang's name of the RabbitMQ that listens on an AMQP port. */
export function rabbitmqNodeName(port: number): string {
  return `leveret-reference-${port}@localhost`;
}

/** Starts a private port mapper of Erlang on a port of loopback. */
export async function startPortMapper(port: number): Promise<StartedProcess> {
  const started = new StartedProcess(PORT_MAPPER, ['-port', String(port), '-address', '127.0.0.1']);
  await accepting(port);
  return started;
}

class RabbitmqServer implements Server {
  readonly product = 'RabbitMQ';
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly amqpUrl: string;
  version = '';
  pid = -1;
  #directory: string;
  #distributionPort: number;
  #portMapperPort: number;
  #isMember = false;
  #portMapper: StartedProcess | undefined;
  #broker: StartedProcess | undefined;

  constructor(directory: string, port: number, distributionPort: number, portMapperPort: number) {
    this.#directory = directory;
    this.port = port;
    this.amqpUrl = `amqp://guest:guest@127.0.0.1:${port}`;
    this.#distributionPort = distributionPort;
    this.#portMapperPort = portMapperPort;
  }

  async prepare(options: RabbitmqOptions): Promise<void> {
    this.#isMember = options.member !== undefined;
    await mkdir(this.#path('home'));
    if (options.member !== undefined) {
      await writeFile(this.#path('home/.erlang.cookie'), options.member.cookie, { mode: 0o400 });
    }
    await writeFile(this.#path('enabled_plugins'), `[${(options.plugins ?? []).join(',')}].\n`);
    await writeFile(
      this.#path('rabbitmq.conf'),
      ['loopback_users.guest = true', ...(options.configuration ?? []), ''].join('\n'),
    );
  }

  async start(): Promise<void> {
    if (!this.#isMember) this.#portMapper ??= await startPortMapper(this.#portMapperPort);
    this.#broker = new StartedProcess(SERVER_SCRIPT, [], { environment: this.#environment() });
    await this.#broker.line(/Starting broker\.\.\. completed/, { timeoutMs: START_MS });
    const banner = await this.#broker.line(/RabbitMQ \d/);
    this.version = /RabbitMQ (\S+)/.exec(banner)?.[1] ?? '';
    this.pid = Number((await readFile(this.#path('pid'), 'utf8')).trim());
  }

  async restart(): Promise<void> {
    await this.#broker?.stop(30_000);
    await this.start();
  }

  async close(): Promise<void> {
    await this.#broker?.stop(30_000);
    await this.#portMapper?.kill();
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 3 });
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  #environment(): Record<string, string> {
    return {
      HOME: this.#path('home'),
      ERL_EPMD_PORT: String(this.#portMapperPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}',
      RABBITMQ_NODENAME: rabbitmqNodeName(this.port),
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(this.port),
      RABBITMQ_DIST_PORT: String(this.#distributionPort),
      RABBITMQ_MNESIA_BASE: this.#path('mnesia'),
      RABBITMQ_LOG_BASE: this.#path('log'),
      RABBITMQ_PID_FILE: this.#path('pid'),
      RABBITMQ_CONFIG_FILE: this.#path('rabbitmq'),
      RABBITMQ_CONF_ENV_FILE: this.#path('no-environment-file'),
      RABBITMQ_ADVANCED_CONFIG_FILE: this.#path('no-advanced-file'),
      RABBITMQ_ENABLED_PLUGINS_FILE: this.#path('enabled_plugins'),
    };
  }
}

/** Resolves once something accepts connections on a loopback port. */
async function accepting(port: number, triesMax = 200): Promise<void> {
  for (let tries = 1; ; tries++) {
    const error = await new Promise<Error | undefined>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => {
        socket.destroy();
        resolve(undefined);
      });
      socket.once('error', resolve);
    });
    if (error === undefined) return;
    if (tries === triesMax) throw error;
    // There is no event to wait for in another program: ask again.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
