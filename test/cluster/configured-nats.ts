import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { StartedProcess } from '../servers/child-process.ts';
import { freePort } from '../servers/free-port.ts';

/** A server of a deployment, as its files describe it. */
export interface DeployedServer {
  /** Where the others find it. */
  readonly host: string;
  /** What its configuration takes from the environment. */
  readonly environment: Readonly<Record<string, string>>;
}

interface Ports {
  readonly nats: number;
  readonly routes: number;
  readonly monitor: number;
}

/** NATS servers that run with the configuration of a deployment, on free ports of loopback and in a temporary directory. */
export class ConfiguredNats {
  readonly #directory: string = mkdtempSync(join(tmpdir(), 'leveret-nats-'));
  readonly #ports = new Map<string, Ports>();
  readonly #processes = new Map<string, StartedProcess>();

  static async start(
    program: string,
    configuration: string,
    servers: readonly DeployedServer[],
  ): Promise<ConfiguredNats> {
    const nats = new ConfiguredNats();
    for (const { host } of servers) {
      nats.#ports.set(host, { nats: await freePort(), routes: await freePort(), monitor: await freePort() });
    }
    for (const server of servers) nats.#start(program, configuration, server);
    return nats;
  }

  /** `nats://user:password@127.0.0.1:PORT` for each server. */
  urls(user: string, password: string): string[] {
    return [...this.#ports.values()].map(({ nats }) => `nats://${user}:${password}@127.0.0.1:${nats}`);
  }

  get monitorUrls(): string[] {
    return [...this.#ports.values()].map(({ monitor }) => `http://127.0.0.1:${monitor}`);
  }

  process(host: string): StartedProcess {
    return this.#processes.get(host) as StartedProcess;
  }

  /** Where a path of the configuration is. */
  path(host: string, path: string): string {
    return join(this.#directory, host, path);
  }

  /** Waits until every server answers this path of its monitoring port with 200. */
  async answer(path: string, withinMs = 30_000): Promise<void> {
    const untilMs = Date.now() + withinMs;
    for (const url of this.monitorUrls) {
      while (!(await isOk(`${url}${path}`))) {
        if (Date.now() > untilMs)
          throw new Error(`${url}${path} is not 200 after ${withinMs} ms:\n${this.output}`);
        await pause(50);
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((each) => each.kill()));
    rmSync(this.#directory, { recursive: true });
  }

  #start(program: string, configuration: string, { host, environment }: DeployedServer): void {
    for (const folder of ['data', 'tmp']) mkdirSync(this.path(host, folder), { recursive: true });
    const file = join(this.#directory, `${host}.conf`);
    writeFileSync(file, this.#moved(configuration, host));
    const moved = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, this.#withRoutes(value)]),
    );
    this.#processes.set(host, new StartedProcess(program, ['--config', file], { environment: moved }));
  }

  /** The configuration with other ports, directories and hosts. Throws when it has none of a kind. */
  #moved(configuration: string, own: string): string {
    const ports = this.#ports.get(own) as Ports;
    let text = replaced(configuration, /^port: 4222$/m, `host: 127.0.0.1\nport: ${ports.nats}`);
    text = replaced(text, /^http_port: 8222$/m, `http: 127.0.0.1:${ports.monitor}`);
    text = replaced(text, /^( *)port: 6222$/m, `$1listen: 127.0.0.1:${ports.routes}`);
    text = replaced(text, /"(?=\/(?:data|tmp)\b)/g, `"${join(this.#directory, own)}`);
    return text;
  }

  #withRoutes(text: string): string {
    let moved = text;
    for (const [host, { routes }] of this.#ports)
      moved = moved.replaceAll(`@${host}:6222`, `@127.0.0.1:${routes}`);
    return moved;
  }

  /** Of all servers. */
  get output(): string {
    return [...this.#processes].map(([host, { output }]) => `--- ${host}\n${output}`).join('\n');
  }
}

function replaced(text: string, what: string | RegExp, by: string): string {
  const result = text.replaceAll(
    what instanceof RegExp ? new RegExp(what, `${what.flags.replace('g', '')}g`) : what,
    by,
  );
  if (result === text) throw new Error(`the configuration has no ${what}`);
  return result;
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
