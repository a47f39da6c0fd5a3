import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  connectNats,
  type NatsConnection,
  type NatsOptions,
} from '../../src/storage/jetstream/nats-connection.ts';
import { CertificateAuthority } from '../servers/certificates.ts';
import { freePort } from '../servers/free-port.ts';
import { describeWithNats, type NatsCluster, startNatsCluster } from '../servers/nats.ts';
import { natsUnderTest, until } from './nats-under-test.ts';

const noEvents = (): void => undefined;

async function errorOf(options: Partial<NatsOptions> & { servers: readonly string[] }): Promise<Error> {
  return connectNats({ withinMs: 500, onEvent: noEvents, ...options }).then(
    async (connection) => {
      await connection.close();
      throw new Error('it connected');
    },
    (error: Error) => error,
  );
}

async function oneServer(configuration: readonly string[]): Promise<NatsCluster> {
  const cluster = await startNatsCluster({ servers: 1, configuration: () => configuration });
  onTestFinished(() => cluster.close());
  return cluster;
}

async function connected(options: Omit<NatsOptions, 'onEvent'>): Promise<NatsConnection> {
  const connection = await connectNats({ onEvent: noEvents, ...options });
  onTestFinished(() => connection.close());
  return connection;
}

async function temporaryFile(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-file-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'file');
  await writeFile(file, text);
  return file;
}

test('where no server is, each is named with what is wrong, and no password', async () => {
  const [first, second] = [await freePort(), await freePort()];
  const error = await errorOf({
    servers: [`nats://u:secret@127.0.0.1:${first}`, `nats://127.0.0.1:${second}`],
  });
  expect(error).toMatchObject({ code: 'NATS_UNREACHABLE' });
  expect(error.message).toBe(
    'no NATS server took the connection within 500 ms ' +
      `(127.0.0.1:${first}: connect ECONNREFUSED 127.0.0.1:${first}; 127.0.0.1:${second}: connect ECONNREFUSED 127.0.0.1:${second}). ` +
      'Check --nats, the log-in, and that the servers run',
  );
});

test('files that are not there are named with their option', async () => {
  const servers = ['nats://127.0.0.1:1'];
  expect((await errorOf({ servers, credentials: '/nowhere/a.creds' })).message).toContain(
    '--nats-credentials /nowhere/a.creds cannot be read: ENOENT',
  );
  expect((await errorOf({ servers, ca: '/nowhere/ca.pem' })).message).toContain(
    '--nats-ca /nowhere/ca.pem cannot be read: ENOENT',
  );
});

describeWithNats('the connection to a server of NATS', () => {
  test('logs in with a user and a password', async () => {
    const { urls } = await oneServer(['authorization { user: "us:er", password: "p@ss" }']);
    const at = (login: string): string[] => urls.map((url) => url.replace('//', `//${login}@`));
    await (await connected({ servers: at('us%3Aer:p%40ss') })).link(0);
    const error = await errorOf({ servers: at('us%3Aer:secret') });
    expect(error).toMatchObject({ code: 'NATS_UNREACHABLE' });
    expect(error.message).toMatch(/authorization violation/i);
    expect(error.message).not.toContain('secret');
    expect((await errorOf({ servers: urls })).message).toMatch(/authorization violation/i);
  });

  test('logs in with a token', async () => {
    const { urls } = await oneServer(['authorization { token: "s3cret" }']);
    await (await connected({ servers: urls.map((url) => url.replace('//', '//s3cret@')) })).link(0);
    expect((await errorOf({ servers: urls })).message).toMatch(/authorization violation/i);
  });

  test('says that a file of credentials is none', async () => {
    const { urls } = await oneServer([]);
    const credentials = await temporaryFile('nothing of the kind');
    expect(await errorOf({ servers: urls, credentials })).toMatchObject({
      code: 'NATS_UNREACHABLE',
      message: expect.stringMatching(/credentials/i),
    });
  });

  test('does not speak without TLS where it is asked for', async () => {
    const { urls } = await oneServer([]);
    const servers = urls.map((url) => url.replace('nats:', 'tls:'));
    expect((await errorOf({ servers })).message).toMatch(/server does not support 'tls'/);
  });
});

describeWithNats('TLS to a server of NATS', () => {
  async function encrypted(names: string): Promise<{ port: string; ca: string }> {
    const authority = new CertificateAuthority();
    const { cert, key } = authority.issueForServer({ names });
    const { urls } = await oneServer([`tls { cert_file: ${cert}, key_file: ${key} }`]);
    return { port: new URL(urls[0] ?? '').port, ca: authority.cert };
  }

  test('is spoken with a certificate of the authority that is given, for the name that was dialled', async () => {
    const { port, ca } = await encrypted('DNS:localhost');
    const connection = await connected({ servers: [`nats://localhost:${port}`], ca });
    expect((await connection.link(0)).connection.info?.tls_required).toBe(true);
    expect((await errorOf({ servers: [`nats://127.0.0.1:${port}`], ca })).message).toMatch(/127\.0\.0\.1/);
  });

  test('is spoken to a numeric address that the certificate has', async () => {
    const { port, ca } = await encrypted('IP:127.0.0.1');
    await (await connected({ servers: [`tls://127.0.0.1:${port}`], ca })).link(0);
  });

  test('is refused to a server of an unknown authority', async () => {
    const { port } = await encrypted('DNS:localhost');
    expect((await errorOf({ servers: [`nats://localhost:${port}`] })).message).toMatch(/certificate/);
  });
});

describeWithNats('the connection to several servers of NATS', () => {
  const nats = natsUnderTest();

  function serverOf(connection: NatsConnection): number {
    return nats.servers.urls.indexOf(`nats://${connection.server}`);
  }

  async function moved(connection: NatsConnection, from: number, withinMs: number): Promise<void> {
    await until('another server', () => ![-1, from].includes(serverOf(connection)), withinMs);
  }

  test('goes on with another one when its own dies', async () => {
    const connection = await nats.connect();
    const links: unknown[] = [];
    const forget = connection.onLink((link) => links.push(link));
    const server = serverOf(connection);
    await nats.servers.kill(server);
    await moved(connection, server, 1_000);
    await (await connection.link(0)).connection.flush();
    expect(new Set(links).size).toBe(2);
    expect(nats.events).toEqual([
      expect.stringMatching(/^leaving the NATS server 127\.0\.0\.1:\d+: /),
      `going on with the NATS server ${connection.server}`,
    ]);
    forget();
  });

  test('goes on with another one when its own stands still, although nothing is asked', async () => {
    const connection = await nats.connect();
    const server = serverOf(connection);
    nats.servers.pause(server);
    await moved(connection, server, 4_000);
    expect(nats.events[0]).toContain('it has not answered a ping for 1500 ms');
  });

  test('goes on with another one before its own stops', async () => {
    const connection = await nats.connect();
    const server = serverOf(connection);
    process.kill(nats.servers.pid(server), 'SIGUSR2');
    await moved(connection, server, 4_000);
    expect(nats.events[0]).toContain('it is about to stop');
    await nats.servers.kill(server);
  });

  test('goes on with another one when what is asked is not answered for a second', async () => {
    const connection = await nats.connect();
    const server = serverOf(connection);
    // Nobody answers there: the server says so at once, each time.
    const ask = (): Promise<unknown> =>
      connection.ask('something', 1_000, (link) =>
        link.connection.request('nobody.listens', '', { timeout: 500 }),
      );
    await expect(ask()).rejects.toThrow();
    expect(serverOf(connection)).toBe(server);
    await until('another server', async () => {
      await ask().catch(() => undefined);
      return ![-1, server].includes(serverOf(connection));
    });
    expect(nats.events[0]).toContain('something is not answered');
  });

  test('stays when somebody answers in between', async () => {
    const connection = await nats.connect();
    const server = serverOf(connection);
    const fail = (): Promise<unknown> =>
      connection.ask('something', 1_000, () => Promise.reject(new Error('no answer')));
    const untilMs = performance.now() + 1_500;
    while (performance.now() < untilMs) {
      await fail().catch(() => undefined);
      await connection.ask('something', 1_000, (link) => link.connection.flush());
    }
    expect(serverOf(connection)).toBe(server);
  });

  test('comes back when all servers were away', async () => {
    const connection = await nats.connect();
    for (const server of [0, 1, 2]) await nats.servers.kill(server);
    await until('none is spoken to', () => connection.server === undefined);
    await expect(connection.link(50)).rejects.toMatchObject({ code: 'NATS_UNREACHABLE' });
    await Promise.all([0, 1, 2].map((server) => nats.servers.start(server)));
    await (await connection.link(5_000)).connection.flush();
  });

  test('rejects what is not answered when it is closed, and everything after that', async () => {
    const connection = await nats.connect();
    const server = serverOf(connection);
    nats.servers.pause(server);
    const asked = connection.ask('something', 1_000, (link) =>
      link.connection.request('x', '', { timeout: 60_000 }),
    );
    const waits = expect(asked).rejects.toThrow();
    const closing = connection.close();
    await waits;
    await closing;
    await expect(connection.link(60_000)).rejects.toThrow('the connection to NATS was closed');
  });
});
