import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect as connectAmqp } from 'amqplib';
import { afterEach, describe, expect, test } from 'vitest';
import { StartedProcess } from '../../test/servers/child-process.ts';
import { VERSION } from '../daemon/version.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const LISTENING = /AMQP listening on amqp:\/\/127\.0\.0\.1:(\d+)/;

let cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

/** Runs the built command, as a user does. */
function leveret(...args: string[]): StartedProcess {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} does not exist: build first, with npm run build`);
  const started = new StartedProcess(process.execPath, [MAIN, ...args]);
  cleanups.push(() => started.kill());
  return started;
}

async function ended(...args: string[]): Promise<{ code: number | null; lines: string[] }> {
  const started = leveret(...args);
  const { code } = await started.exited;
  return { code, lines: started.lines };
}

async function serving(...args: string[]): Promise<{ server: StartedProcess; port: number }> {
  const storage = args.includes('--data-dir') ? [] : ['--storage', 'memory'];
  const server = leveret('serve', '--amqp-port', '0', '--http-port', '0', ...storage, ...args);
  return { server, port: Number(LISTENING.exec(await server.line(LISTENING))?.[1]) };
}

function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'leveret-serve-'));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  cleanups.push(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

describe('leveret', () => {
  test.each([[[]], [['help']], [['--help']]])('%j explains the commands', async (args) => {
    const { code, lines } = await ended(...args);
    expect(code).toBe(0);
    for (const command of ['serve', 'perf', 'storage', 'recover', 'version', 'help']) {
      expect(lines.some((line) => line.startsWith(`  ${command} `))).toBe(true);
    }
  });

  test.each([
    ['serve', '--help'],
    ['help', 'serve'],
  ])('%s %s explains the options in 80 columns', async (...args) => {
    const { code, lines } = await ended(...args);
    expect(code).toBe(0);
    expect(lines[0]).toBe('Usage: leveret serve [options]');
    expect(lines).toContain('  --amqp-port <port>');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test.each(['version', '--version'])('%s names the versions', async (name) => {
    const { code, lines } = await ended(name);
    expect(code).toBe(0);
    expect(lines[0]).toMatch(new RegExp(`^Leveret ${VERSION} \\(Node.js ${process.versions.node}, `));
  });

  test.each([
    [['version', '--help'], 'Usage: leveret version'],
    [['help', 'version'], 'Usage: leveret version'],
    [['help', '--help'], 'Leveret, an AMQP 0-9-1 message broker'],
  ])('%j explains it', async (args, line) => {
    const { code, lines } = await ended(...args);
    expect([code, lines[0]]).toEqual([0, line]);
  });

  test.each([
    [['version', 'x'], "leveret: unexpected argument 'x': leveret version takes none"],
    [['help', 'serve', 'x'], "leveret: unexpected argument 'x': leveret help takes the name of one command"],
    [
      ['perf', '--rate', 'x'],
      /^leveret perf: BAD_OPTION: option --rate: bad value 'x'; allowed: .*; see leveret perf --help$/,
    ],
  ])('%j is refused with exit code 2', async (args, line) => {
    const { code, lines } = await ended(...args);
    expect(code).toBe(2);
    expect(lines).toEqual([typeof line === 'string' ? line : expect.stringMatching(line)]);
  });

  test('an unknown command is refused with exit code 2', async () => {
    expect(await ended('server')).toEqual({
      code: 2,
      lines: ["leveret: unknown command 'server' (did you mean serve?); leveret help lists all"],
    });
  });
});

describe('leveret serve', () => {
  test.each([
    [
      ['--amqp-port', '70000'],
      /^leveret: BAD_OPTION: option --amqp-port: bad value '70000'; allowed: a port number/,
    ],
    [
      ['--port', '5673'],
      /^leveret: BAD_OPTION: option --port is not known \(did you mean --amqp-port or --http-port or --amqps-port\?\)/,
    ],
    [
      ['--storage', 'disk'],
      /^leveret: BAD_OPTION: option --storage: bad value 'disk'; allowed: file, memory, jetstream/,
    ],
    [['5673'], /^leveret: BAD_OPTION: unexpected argument '5673'/],
    [
      ['--tls-cert', 'package.json'],
      /^leveret: BAD_OPTION: option --tls-key: missing; --tls-cert is of no use without its key/,
    ],
    [
      ['--amqp-port', 'none', '--http-port', 'none'],
      /^leveret: BAD_OPTION: options --amqp-port and --http-port: both are none, .*nobody could reach the broker/,
    ],
  ])('%j is refused with one line and exit code 2', async (args, line) => {
    const { code, lines } = await ended('serve', ...args);
    expect(code).toBe(2);
    expect(lines).toEqual([expect.stringMatching(line)]);
  });

  test('a port in use is refused with one line that names the option, and exit code 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    cleanups.push(() => other.close());
    const { port } = other.address() as { port: number };
    for (const [flag, free] of [
      ['--amqp-port', '--http-port'],
      ['--http-port', '--amqp-port'],
    ] as const) {
      const { code, lines } = await ended('serve', '--storage', 'memory', flag, String(port), free, '0');
      expect(code).toBe(1);
      expect(lines).toEqual([
        expect.stringMatching(
          new RegExp(`^leveret: ADDRESS_IN_USE: cannot listen on 127.0.0.1:${port}: .* ${flag}$`),
        ),
      ]);
    }
  });

  test('says where it listens, how to send a message and how to stop', async () => {
    const { server, port } = await serving();
    await server.line('To stop: Ctrl+C');
    expect(server.lines[0]).toBe(`Leveret ${VERSION}`);
    expect(server.output).toContain(
      `amqp-publish --url=amqp://127.0.0.1:${port} -p -r hello -b 'Hello World!'`,
    );
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s tells clients 320 and exits with code 0', async (signal) => {
    const { server, port } = await serving();
    const client = await connectAmqp(`amqp://127.0.0.1:${port}`);
    const closed = once(client, 'close');
    client.on('error', () => {});
    process.kill(server.pid, signal);
    expect(String((await closed)[0])).toMatch(/320 \(CONNECTION[-_]FORCED\)/);
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  test('clients that do not answer do not keep it from stopping within 5 seconds', async () => {
    const { server, port } = await serving();
    const silent = await openSocket(port);
    silent.write(Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1));
    await once(silent, 'data');
    const startMs = performance.now();
    process.kill(server.pid, 'SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - startMs).toBeLessThan(5000);
  });

  test('a second signal ends it at once', async () => {
    const { server, port } = await serving();
    const client = connect(port, '127.0.0.1');
    client.write('AMQP\0\0\x09\x01');
    await once(client, 'readable'); // connection.start has come; connection.close will get no answer
    process.kill(server.pid, 'SIGTERM');
    await server.line('Stopping');
    process.kill(server.pid, 'SIGTERM');
    expect(await server.exited).toEqual({ code: 143, signal: null });
    client.destroy();
  });

  test('on a data directory says where messages are, and when it stops that nothing is lost', async () => {
    const dataDir = join(temporaryDirectory(), 'data');
    const { server } = await serving('--data-dir', dataDir);
    await server.line(`Messages are kept in ${dataDir}: durable queues and persistent messages outlive the`);
    process.kill(server.pid, 'SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.lines.at(-1)).toBe(`Stopped. Nothing durable is lost: it is in ${dataDir}.`);
  });

  test('a data directory that another broker uses is refused with one line, and exit code 1', async () => {
    const dataDir = temporaryDirectory();
    const { server } = await serving('--data-dir', dataDir);
    const { code, lines } = await ended(
      'serve',
      '--amqp-port',
      '0',
      '--http-port',
      '0',
      '--data-dir',
      dataDir,
    );
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^leveret: DATA_DIR_IN_USE: .*in use.*; see --data-dir$/)]);
    expect(lines[0]).toContain(dataDir);
    expect(lines[0]).toContain(String(server.pid));
  });
});
