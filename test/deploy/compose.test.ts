import { join, resolve } from 'node:path';
import { DCLinter } from 'dclint';
import { describe, expect, it } from 'vitest';
import { readOptions } from '../../src/daemon/read-options.ts';
import { deployText, ROOT, unknownVariables, yamlDocuments } from './deploy-files.ts';
import { BROKER_IMAGE, SERVICE_IMAGE } from './docker-image.ts';

interface ComposeFile {
  readonly services: {
    readonly broker: {
      readonly build: { readonly context: string; readonly dockerfile: string };
      readonly environment: Readonly<Record<string, string>>;
      readonly ports: readonly string[];
      readonly volumes: readonly string[];
      readonly read_only: boolean;
    };
  };
}

interface ClusterFile {
  readonly services: Readonly<Record<string, ClusterService>>;
  readonly configs: { readonly nats: { readonly content: string } };
}

interface ClusterService {
  readonly image: string;
  readonly hostname?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface ServicesFile {
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>> & {
    readonly broker: Readonly<Record<string, unknown>> & { readonly environment: object };
  };
}

/** What the linter says of one file. Its own types are not found by TypeScript. */
interface Linted {
  readonly messages: readonly unknown[];
}

/** Complaints of the linter. */
function complaints(file: string): readonly (readonly unknown[])[] {
  // The order of keys is ours, and the image that is built is to have a name.
  const quotes: [2, Record<string, unknown>] = [2, { quoteType: 'double' }];
  const rules = {
    'service-keys-order': 0,
    'no-build-and-image': 0,
    'require-quotes-in-ports': quotes,
  } as const;
  const linter = new DCLinter({ rules, quiet: false, debug: false, exclude: [] });
  const found: readonly Linted[] = linter.lintFiles([join(ROOT, 'deploy', file)], false);
  return found.map(({ messages }) => messages);
}

describe('deploy/compose.yaml', () => {
  const { broker } = (yamlDocuments('compose.yaml')[0] as ComposeFile).services;
  const options = readOptions([], { ...BROKER_IMAGE.environment, ...broker.environment });

  it('fits the schema of compose files, and is free of what the linter knows', () => {
    expect(complaints('compose.yaml')).toEqual([[]]);
  });

  it('builds the image from the root of the project', () => {
    expect(resolve(ROOT, 'deploy', broker.build.context)).toBe(resolve(ROOT));
    expect(broker.build.dockerfile).toBe('deploy/Dockerfile');
  });

  it('sets options that the broker has', () => {
    expect(unknownVariables(Object.keys(broker.environment))).toEqual([]);
  });

  it('opens the ports that the broker listens on, HTTP for this machine only', () => {
    const { amqpPort, httpPort } = options;
    expect(broker.ports).toEqual([`0.0.0.0:${amqpPort}:${amqpPort}`, `127.0.0.1:${httpPort}:${httpPort}`]);
  });

  it('keeps the data in a volume, and nothing else', () => {
    expect(broker.volumes).toEqual([`data:${options.dataDir}`]);
    expect(broker.read_only).toBe(true);
  });
});

describe('deploy/compose.services.yaml', () => {
  const { broker, ...services } = (yamlDocuments('compose.services.yaml')[0] as ServicesFile).services;

  it('fits the schema of compose files, and is free of what the linter knows', () => {
    expect(complaints('compose.services.yaml')).toEqual([[]]);
  });

  it('has the broker of the other file, for programs of this machine', () => {
    const other = (yamlDocuments('compose.yaml')[0] as ServicesFile).services.broker;
    const { environment, ports, volumes, ...same } = broker;
    expect(other).toMatchObject(same);
    expect(Object.keys(environment)).toEqual(Object.keys(other['environment'] as object));
    expect(ports).toHaveLength(2);
    expect((ports as string[]).every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
    expect(volumes).toEqual(['broker:/var/lib/leveret']);
  });

  it.each(Object.keys(services))('runs the service %s of the image, when the broker is ready', (name) => {
    expect(services[name]).toMatchObject({
      build: { context: '.' },
      command: [name],
      depends_on: { broker: { condition: 'service_healthy' } },
      volumes: [`${name}:${SERVICE_IMAGE.says('VOLUME')[0]}`],
      read_only: true,
      cap_drop: ['ALL'],
    });
    expect(Object.keys(services[name]?.['environment'] as object)).toEqual(['BROKER_URL']);
  });
});

describe('deploy/compose.cluster.yaml', () => {
  const { services, configs } = yamlDocuments('compose.cluster.yaml')[0] as ClusterFile;
  const broker = (yamlDocuments('compose.yaml')[0] as ServicesFile).services.broker;
  const [servers, nodes] = ['nats', 'leveret'].map((name) =>
    Object.keys(services).filter((each) => each.startsWith(`${name}-`)),
  ) as [string[], string[]];

  it('fits the schema of compose files, and is free of what the linter knows', () => {
    expect(complaints('compose.cluster.yaml')).toEqual([[]]);
  });

  it('has three servers, which sync before they confirm and know each other', () => {
    expect(servers).toEqual(['nats-1', 'nats-2', 'nats-3']);
    expect(configs.nats.content).toContain('sync_interval: always');
    for (const server of servers) {
      const routes = JSON.parse(services[server]?.environment?.['ROUTES'] ?? '') as string[];
      expect(routes.map((route) => hostsOf(route))).toEqual(servers.map((host) => [`${host}:6222`]));
    }
  });

  it('runs the servers in the version of the other files', () => {
    const kubernetes = deployText('kubernetes/cluster/kustomization.yaml');
    const version = /newName: nats\n +newTag: (\S+)/.exec(kubernetes)?.[1];
    for (const server of servers) expect(services[server]?.image).toBe(`nats:${version}`);
  });

  it('gives the servers every variable that their configuration names', () => {
    const named = [...configs.nats.content.matchAll(/\$\$(\w+)/g)].map(([, name]) => name);
    for (const server of servers) {
      expect(Object.keys(services[server]?.environment ?? {}).sort()).toEqual([...new Set(named)].sort());
    }
  });

  it('makes the streams when all servers are there, and starts the nodes then', () => {
    const init = services['init'];
    expect(Object.entries(init?.depends_on ?? {})).toEqual(
      servers.map((name) => [name, { condition: 'service_healthy' }]),
    );
    expect(init?.command).toEqual(['cluster', 'init']);
    expect(hostsOf(init?.environment?.['LEVERET_NATS'])).toEqual(servers);
    for (const node of nodes) {
      expect(services[node]?.depends_on).toEqual({ init: { condition: 'service_completed_successfully' } });
    }
  });

  it.each(nodes)('has the node %s with options that the broker has, on ports of its own', (name) => {
    const { environment = {}, ports, hostname } = services[name] as ClusterService;
    expect(unknownVariables(Object.keys(environment))).toEqual([]);
    const options = readOptions([], { ...BROKER_IMAGE.environment, ...environment });
    expect(options).toMatchObject({ storage: 'jetstream', natsAcceptLoss: 'off' });
    expect(hostsOf(environment['LEVERET_NATS'])).toEqual(servers);
    expect(hostname).toBe(name);
    const index = nodes.indexOf(name);
    const { amqpPort, httpPort } = options;
    expect(ports).toEqual([
      `0.0.0.0:${Number(amqpPort) + index}:${amqpPort}`,
      `127.0.0.1:${Number(httpPort) + index}:${httpPort}`,
    ]);
  });

  it('closes nodes in as the broker of the other file', () => {
    const same = ['init', 'restart', 'stop_grace_period', 'cap_drop', 'read_only', 'security_opt', 'ulimits'];
    for (const node of nodes) {
      for (const key of same) {
        expect([key, (services[node] as unknown as Record<string, unknown>)[key]]).toEqual([
          key,
          broker[key],
        ]);
      }
    }
  });
});

/** The hosts of addresses like `nats://user:${PASSWORD}@host`. */
function hostsOf(addresses = ''): string[] {
  return addresses.split(',').map((address) => address.replace(/^.*@/, ''));
}
