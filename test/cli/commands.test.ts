import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { textWidth } from '../../src/cli/terminal/text-width.ts';
import { describeWith, OPENSSL, systemProgram } from '../interop/debian.ts';
import { CertificateAuthority } from '../servers/certificates.ts';
import { type LeveretServer, startLeveret } from '../servers/leveret.ts';
import { type CliOptions, type CliRun, PROJECT_ROOT, runCli, runOnTerminal } from './run-cli.ts';

/** Each test is many processes. */
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let server: LeveretServer;

beforeAll(async () => {
  server = await startLeveret({ projectRoot: PROJECT_ROOT });
});

afterAll(() => server.close());

function leveret(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  return runCli(args, { url: server.httpUrl, ...options });
}

/** What it prints; fails when it has anything to say on standard error. */
async function printed(args: readonly string[], options: CliOptions = {}): Promise<string[]> {
  const { code, stdout, stderr } = await leveret(args, options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.replace(/\n$/, '').split('\n');
}

async function vhostOfItsOwn(name: string): Promise<CliOptions> {
  await printed(['vhosts', 'add', name]);
  onTestFinished(async () => void (await printed(['vhosts', 'delete', name])));
  return { environment: { LEVERET_VHOST: name } };
}

function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'leveret-cli-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('things are listed, made and deleted', () => {
  test('queues', async () => {
    const own = await vhostOfItsOwn('queues');
    const declare = ['queues', 'declare', 'short', '--type', 'quorum', '--argument', 'x-max-length=10'];
    expect(await printed(declare, own)).toEqual(["Declared queue 'short' in vhost 'queues'."]);
    expect(await printed(declare, own)).toEqual(["There is queue 'short' in vhost 'queues' already."]);
    await printed(['queues', 'declare', 'gone', '--transient', '--auto-delete'], own);
    expect(await printed(['queues'], own)).toEqual([
      'name   type     state    ready  unacked   in  out  acked  consumers  features',
      'gone   classic  running      0        0  0/s  0/s    0/s          0  transient auto-delete',
      'short  quorum   running      0        0  0/s  0/s    0/s          0  max-length=10',
    ]);
    const [json = ''] = await printed(['queues', '--json', '--match', 'shor'], own);
    expect(JSON.parse(json)).toMatchObject([{ name: 'short', arguments: { 'x-max-length': 10 } }]);
    expect((await printed(['queues', 'show', 'short'], own)).join('\n')).toMatch(
      /^arguments\.x-max-length +10$/m,
    );
    const other = await leveret(['queues', 'declare', 'short'], own);
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/^leveret queues: REFUSED: .*inequivalent arg 'x-/);
    expect(await printed(['queues', 'delete', 'short', '--if-empty'], own)).toEqual([
      "Deleted queue 'short' in vhost 'queues'.",
    ]);
  });

  test('exchanges and bindings', async () => {
    const own = await vhostOfItsOwn('routes');
    await printed(['queues', 'declare', 'orders'], own);
    await printed(['exchanges', 'declare', 'events', '--type', 'headers', '--internal'], own);
    await printed(['exchanges', 'declare', 'all', '--type', 'fanout'], own);
    expect(await printed(['exchanges', '--match', 'events'], own)).toEqual([
      'name    type      in  out  features',
      'events  headers  0/s  0/s  internal',
    ]);
    await printed(
      ['bindings', 'add', 'events', 'orders', '--argument', 'format=pdf', '--argument', 'n=1'],
      own,
    );
    await printed(['bindings', 'add', 'all', 'events', '--to-exchange'], own);
    expect(await printed(['bindings', '--match', 'events', '--sort', 'source'], own)).toEqual([
      'source  destination  kind      routing key  arguments',
      'all     events       exchange',
      'events  orders       queue                  format=pdf n=1',
    ]);
    const wrong = await leveret(['bindings', 'delete', 'events', 'orders', '--routing-key', 'x'], own);
    expect(wrong.stderr).toMatch(
      /NOT_FOUND: there is no binding with routing key 'x' .* between the two: ''$/m,
    );
    const gone = ['bindings', 'delete', 'events', 'orders', '--argument', 'n=1', '--argument', 'format=pdf'];
    expect(await printed(gone, own)).toEqual([
      "Deleted the binding of 'orders' to exchange 'events' in vhost 'routes'.",
    ]);
    await printed(['bindings', 'delete', 'all', 'events', '--to-exchange'], own);
    expect((await leveret(['bindings', '--match', 'events'], own)).stderr).toBe(
      "No bindings in vhost 'routes'.\n",
    );
    await printed(['exchanges', 'delete', 'events', '--if-unused'], own);
  });

  test('users and their permissions, with no password in sight', async () => {
    onTestFinished(async () => void (await leveret(['users', 'delete', 'robot'])));
    const added = await leveret(['users', 'add', 'robot', '--tags', 'management'], {
      input: 'a long secret\n',
    });
    expect(added).toEqual({
      code: 0,
      stdout: "Added user 'robot'.\n",
      stderr: 'It may enter no vhost yet: see leveret permissions set.\n',
    });
    const as = (password: string): CliOptions => ({
      environment: { LEVERET_USER: 'robot', LEVERET_PASSWORD: password },
    });
    await printed(['permissions', 'set', 'robot', '--write', '^orders$', '--configure', '^$', '--read', '']);
    expect((await printed(['permissions', '--match', 'robot'])).at(-1)).toBe(
      'robot  /      ^$         ^orders$',
    );
    expect(await printed(['queues'], as('a long secret')).catch(() => [])).toBeDefined();
    const refused = await leveret(['queues', 'declare', 'mine'], as('a long secret'));
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/NOT_PERMITTED: .*robot/)]);
    await printed(['users', 'change-password', 'robot', '--new-password', 'another secret']);
    const misspelt = await leveret(['users', 'tags', 'robot', 'monitoring,administator']);
    expect([misspelt.code, misspelt.stderr]).toEqual([
      0,
      "No door opens for 'administator': the tags that open one are administrator, monitoring, policymaker, management.\n",
    ]);
    await printed(['users', 'tags', 'robot', 'monitoring']);
    const login = await leveret(['queues'], as('a long secret'));
    expect(login.stderr).toBe(
      "leveret queues: LOGIN_FAILED: the password of user 'robot' is wrong, or there is no such user; see --user, LEVERET_PASSWORD and --password-file\n",
    );
    expect((await leveret(['users'], as('another secret'))).stderr).toMatch(/NOT_PERMITTED/);
    expect((await printed(['users', '--match', 'robot'])).at(-1)).toMatch(/^robot +monitoring +set/);
    expect((await leveret(['users', 'add', 'robot', '--without-password'])).stderr).toMatch(
      /REFUSED: there is user 'robot' already/,
    );
    await printed(['permissions', 'set-topic', 'robot', 'amq.topic', '--write', '^a']);
    expect((await printed(['permissions', 'topics'])).at(-1)).toBe('robot  /      amq.topic  ^a     .*');
    await printed(['permissions', 'clear-topic', 'robot']);
    expect(await printed(['permissions', 'clear', 'robot'])).toEqual([
      "User 'robot' may not enter vhost '/' any more.",
    ]);
    expect(await printed(['users', 'delete', 'robot'])).toEqual(["Deleted user 'robot'."]);
  });

  test('policies and vhosts', async () => {
    const own = await vhostOfItsOwn('policies');
    const set = ['policies', 'set', 'short', '^mail', '--define', 'max-length=5', '--priority', '-1'];
    expect(await printed(set, own)).toEqual(["Set policy 'short' in vhost 'policies'."]);
    expect(await printed(['policies', 'list'], own)).toEqual([
      'name   pattern  applies to  priority  definition',
      'short  ^mail    all               -1  max-length=5',
    ]);
    await printed(
      [
        'policies',
        'set',
        'cap',
        '',
        '--definition',
        '{"max-length":9}',
        '--operator',
        '--apply-to',
        'queues',
      ],
      own,
    );
    expect((await printed(['policies', 'operator'], own)).at(-1)).toMatch(/^cap +queues +0 +max-length=9$/);
    await printed(['policies', 'delete', 'cap', '--operator'], own);
    await printed(['policies', 'delete', 'short'], own);
    expect((await printed(['vhosts', '--match', 'policies'])).at(-1)).toMatch(
      /^policies +0 +0 +0\/s +0\/s +off/,
    );
  });

  test('connections, channels and consumers', async () => {
    await printed(['queues', 'declare', 'watched']);
    const connection = await connect(server.amqpUrl, {
      clientProperties: { connection_name: 'watcher\u001b[2J' },
    });
    connection.on('error', () => {});
    const closed = once(connection, 'close');
    const channel = await connection.createChannel();
    await channel.prefetch(7);
    await channel.consume('watched', () => {}, { consumerTag: 'tag-1' });
    expect((await printed(['connections']))[1]).toMatch(
      / -> .* guest +running +no +1 .* watcher\\u001b\[2J$/,
    );
    expect((await printed(['channels']))[1]).toMatch(/\(1\) +guest .*running .* 0\/s +0\/s +0\/s$/);
    expect((await printed(['consumers']))[1]).toMatch(/^watched +tag-1 .* manual +7 +yes$/);
    const [{ name }] = JSON.parse((await printed(['connections', '--json']))[0] ?? '') as [{ name: string }];
    expect(await printed(['connections', 'close', name, '--reason', 'night'])).toEqual([
      `Closed connection '${name}'.`,
    ]);
    await closed;
    await printed(['queues', 'delete', 'watched']);
  });
});

describe('messages', () => {
  test('are published with all that they have, and printed again', async () => {
    const own = await vhostOfItsOwn('messages');
    await printed(['queues', 'declare', 'inbox'], own);
    const flags = [
      '--header',
      'n=1',
      '--header',
      'word="1"',
      '--property',
      'correlation_id=7',
      '--ttl',
      '1h',
    ];
    const publish = ['publish', 'inbox', 'Grüße\n\u001b[2J', '--message-id', 'm-1', ...flags, '--transient'];
    expect(await printed(publish, own)).toEqual(["Published to queue 'inbox'."]);
    await printed(['publish', 'inbox'], { ...own, input: 'from a pipe' });
    const look = await printed(['get', 'inbox', '--count', '5'], own);
    expect(look.map((line) => line.replace(/\d{4}-\S+Z/, 'TIME'))).toEqual([
      "Message 1: 12 B, exchange (default), routing key 'inbox', transient",
      '  correlation_id  7',
      '  message_id      m-1',
      '  header n        1',
      '  header word     1',
      '  ttl             1h',
      '  arrived_at      TIME',
      '',
      'Grüße',
      '\\u001b[2J',
      '',
      "Message 2: 11 B, exchange (default), routing key 'inbox', persistent",
      '  arrived_at  TIME',
      '',
      'from a pipe',
    ]);
    const [json = ''] = await printed(['get', 'inbox', '--search', 'pipe', '--json'], own);
    expect(JSON.parse(json)).toMatchObject([{ payload: 'from a pipe' }]);
    const taken = await printed(['get', 'inbox', '--ack', '--body', '--count', '9'], own);
    expect(taken).toEqual(['Grüße', '\u001b[2J', 'from a pipe']);
    expect((await leveret(['get', 'inbox'], own)).stderr).toBe(
      "No message is ready in queue 'inbox' in vhost 'messages'.\n",
    );
  });

  test('go through byte by byte', async () => {
    const own = await vhostOfItsOwn('bytes');
    const file = join(temporaryDirectory(), 'body');
    const bytes = Buffer.from([0, 255, 10, 195, 40]);
    writeFileSync(file, bytes);
    await printed(['queues', 'declare', 'inbox'], own);
    await printed(['publish', 'inbox', '--file', file], own);
    expect((await printed(['get', 'inbox'], own)).at(-1)).toBe(
      '(5 B that are no text: --body prints them as they are)',
    );
    const [json = ''] = await printed(['get', 'inbox', '--json'], own);
    expect(JSON.parse(json)[0]).toMatchObject({ payload: bytes.toString('base64'), encoding: 'base64' });
  });

  test('lead to exit code 1 when they lead nowhere', async () => {
    const one = await leveret(['publish', 'nowhere', 'x']);
    expect([one.code, one.stdout]).toEqual([1, '']);
    expect(one.stderr).toMatch(
      /^leveret publish: UNROUTABLE: the default exchange led it to no queue by routing key 'nowhere'/,
    );
    const lines = await leveret(['publish', 'key', '--exchange', 'amq.direct', '--lines'], {
      input: 'a\nb\n',
    });
    expect([lines.code, lines.stdout]).toEqual([1, 'Published 0 messages.\n']);
    expect(lines.stderr).toMatch(
      /UNROUTABLE: 2 messages lost: exchange 'amq.direct' .* leveret explain route/,
    );
    expect((await leveret(['publish', 'key', 'x', '--exchange', 'none'])).stderr).toMatch(
      /NOT_FOUND: .*'none'/,
    );
  });

  test('are consumed once they are printed, and given back when nobody reads them', async () => {
    const own = await vhostOfItsOwn('consume');
    await printed(['queues', 'declare', 'inbox'], own);
    const numbers = Array.from({ length: 2500 }, (_, index) => String(index + 1));
    const input = `${numbers.join('\n')}\n`;
    expect(await printed(['publish', 'inbox', '--lines'], { ...own, input })).toEqual([
      'Published 2 500 messages.',
    ]);
    expect(await printed(['consume', 'inbox', '--count', '3', '--body'], own)).toEqual(['1', '2', '3']);
    const [line = '', ...rest] = await printed(['consume', 'inbox', '--count', '1', '--json'], own);
    expect([JSON.parse(line).payload, rest]).toEqual(['4', []]);
    expect(await printed(['consume', 'inbox', '--until-empty', '--body'], own)).toEqual(numbers.slice(4));
    expect(await printed(['queues', '--sort', 'ready'], own)).toEqual([
      expect.anything(),
      expect.stringMatching(/^inbox +classic +running +0 +0 /),
    ]);
  });

  test('go on being consumed until SIGINT, and what was printed is settled', async () => {
    const own = await vhostOfItsOwn('interrupt');
    await printed(['queues', 'declare', 'inbox'], own);
    await printed(['publish', 'inbox', 'first'], own);
    const { code, stdout, stderr } = await leveret(['consume', 'inbox', '--body'], {
      ...own,
      interruptAfter: 'first',
    });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'first\n', stderr: '' });
    const [json = ''] = await printed(['queues', '--json'], own);
    expect(JSON.parse(json)).toMatchObject([{ messages: 0 }]);
  });

  test('are moved, purged, scheduled and cancelled', async () => {
    const own = await vhostOfItsOwn('moves');
    for (const queue of ['dead', 'inbox']) await printed(['queues', 'declare', queue], own);
    await printed(['publish', 'dead', '--lines'], { ...own, input: 'a\nb\nc\n' });
    expect(await printed(['move', 'dead', 'inbox', '--count', '2'], own)).toEqual([
      "Moved 2 messages to queue 'inbox'; 1 message ready in queue 'dead'.",
    ]);
    const stopped = await leveret(['move', 'dead', '--exchange', 'amq.fanout'], own);
    expect([stopped.code, stopped.stderr]).toEqual([
      1,
      expect.stringMatching(/UNROUTABLE: the next message/),
    ]);
    expect(await printed(['purge', 'inbox'], own)).toEqual(["Purged queue 'inbox' in vhost 'moves'."]);
    const due = new Date(Date.now() + 86_400_000).toISOString();
    await printed(['publish', 'inbox', 'later', '--at', due], own);
    const [titles, row = ''] = await printed(['scheduled'], own);
    expect(titles).toMatch(/^id +due +exchange +routing key +size +message id +headers$/);
    const [id = '', dueAt = '', ...others] = row.split(/ {2,}/);
    expect(Math.abs(Date.parse(dueAt) - Date.parse(due))).toBeLessThan(10);
    expect(others).toEqual(['(default)', 'inbox', '5 B']);
    await printed(['scheduled', 'cancel', id], own);
    expect((await leveret(['scheduled'], own)).stderr).toBe("No messages for later in vhost 'moves'.\n");
    expect((await leveret(['scheduled', 'cancel', id], own)).stderr).toMatch(/NOT_FOUND/);
  });

  test('that died are listed in groups, replayed and dropped', async () => {
    const own = await vhostOfItsOwn('dead');
    const dies = ['--argument', 'x-dead-letter-exchange=', '--argument', 'x-dead-letter-routing-key=dead'];
    await printed(['queues', 'declare', 'dead'], own);
    await printed(['queues', 'declare', 'work', ...dies, '--argument', 'x-message-ttl=0'], own);
    for (const error of ['late', 'late', 'lost'])
      await printed(['publish', 'work', 'x', '--header', `x-error=${error}`], own);
    await printed(['publish', 'dead', 'stray'], own);
    expect(await printed(['dead', 'list', 'dead'], own)).toEqual([
      'messages  reason   died in  exchange   routing keys  error  position',
      '       2  expired  work     (default)  work          late   0-0',
      '       1  expired  work     (default)  work          lost   0-2',
      '       1                                                    0-3',
    ]);
    const again = await leveret(['dead', 'replay', 'dead', '--error', 'lost'], own);
    expect([again.code, again.stdout]).toEqual([
      0,
      "Replayed 1 message of queue 'dead' in vhost 'dead'; 1 came back.\n",
    ]);
    await printed(['queues', 'delete', 'work'], own);
    await printed(['queues', 'declare', 'work'], own);
    expect(await printed(['dead', 'replay', 'dead', '--position', '0-1', '--position', '0-3'], own)).toEqual([
      expect.stringMatching(/^Replayed 1 message of queue 'dead' .+; 0 came back, 1 stayed: it does not say/),
    ]);
    expect(await printed(['dead', 'drop', 'dead', '0-3'], own)).toEqual([
      "Dropped message 0-3 of queue 'dead' in vhost 'dead'.",
    ]);
    expect((await leveret(['dead', 'drop', 'dead', '0-3'], own)).stderr).toMatch(
      /NOT_FOUND: no message is ready/,
    );
    const nowhere = ['dead', 'replay', 'dead', '--to-exchange', 'amq.fanout', '--rate', '100'];
    const failed = await leveret(nowhere, own);
    expect([failed.code, failed.stderr]).toEqual([
      1,
      expect.stringMatching(/REFUSED: the replay ended early/),
    ]);
  });

  test('have an outcome', async () => {
    const own = await vhostOfItsOwn('outcomes');
    await printed(['queues', 'declare', 'jobs'], own);
    for (const id of ['done', 'dropped']) {
      await printed(['publish', 'jobs', id, '--message-id', id, '--header', 'x-outcome-ttl=60000'], own);
    }
    await printed(['consume', 'jobs', '--count', '1', '--body'], own);
    await printed(['purge', 'jobs'], own);
    expect((await printed(['outcome', 'done', '--wait', '5s'], own))[0]).toBe('queue jobs: completed');
    const dropped = await leveret(['outcome', 'dropped'], own);
    expect([dropped.code, dropped.stdout.split('\n')[0]]).toEqual([1, 'queue jobs: dropped (purged)']);
    expect((await leveret(['outcome', 'never'], own)).stderr).toMatch(
      /NOT_FOUND: there is no outcome of message 'never'/,
    );
  });

  test('wait while a queue is paused', async () => {
    const own = await vhostOfItsOwn('pauses');
    await printed(['queues', 'declare', 'inbox'], own);
    await printed(['publish', 'inbox', 'x'], own);
    expect(await printed(['pause', 'inbox'], own)).toEqual(["Paused queue 'inbox' in vhost 'pauses'."]);
    expect(await printed(['consume', 'inbox', '--until-empty', '--body'], own)).toEqual(['']);
    expect((await printed(['explain', 'queue', 'inbox'], own)).join('\n')).toMatch(
      /paused.*\n +To do: Resume it with leveret resume\./,
    );
    await printed(['resume', 'inbox'], own);
    expect(await printed(['consume', 'inbox', '--until-empty', '--body'], own)).toEqual(['x']);
    expect((await leveret(['pause', 'none'], own)).stderr).toMatch(/NOT_FOUND: there is no queue 'none'/);
  });
});

describe('a broker', () => {
  test('is seen on one screen', async () => {
    // One of its own: in the others queues grow, which is a finding.
    const quiet = await startLeveret({ projectRoot: PROJECT_ROOT });
    onTestFinished(() => quiet.close());
    const own = { url: quiet.httpUrl };
    const lines = await printed(['status'], own);
    expect(lines[0]).toMatch(/^Leveret \S+ at http:\/\/127\.0\.0\.1:\d+, up /);
    expect(lines).toContain('Health     good');
    const listeners = lines.findIndex((line) => line.startsWith('Listeners '));
    expect(lines.slice(listeners, listeners + 3)).toEqual([
      expect.stringMatching(/^Listeners {2}amqp {2}127\.0\.0\.1:\d+/),
      expect.stringMatching(/^ {11}http {2}127\.0\.0\.1:\d+/),
      expect.stringMatching(/^Memory {5}\S+ MiB \(\d+ % of the limit\); above \S+ [MG]iB publishers wait$/),
    ]);
    const [json = ''] = await printed(['status', '--json'], own);
    expect(JSON.parse(json)).toMatchObject({
      overview: { leveret_version: expect.any(String) },
      findings: [],
    });
  });

  test('is watched, and the maths of a queue are shown', async () => {
    const own = await vhostOfItsOwn('flows');
    await printed(['queues', 'declare', 'inbox'], own);
    await printed(['publish', 'inbox', '--lines'], { ...own, input: 'a\nb\nc\n' });
    expect((await printed(['top', '--sort', 'ready'])).join('\n')).toMatch(/^inbox \(flows\) +\w+ +3 /m);
    expect((await printed(['queues', 'flow', 'inbox', '--target', '1s'], own))[0]).toMatch(
      /^queue inbox: 3 ready/,
    );
    const routed = await printed(['explain', 'route', 'inbox'], own);
    expect(routed[0]).toBe('Routed to 1 queue.');
    expect((await leveret(['explain', 'queue', 'none'], own)).stderr).toMatch(
      /NOT_FOUND: there is no queue 'none'/,
    );
  });

  test('is copied by its definitions, into a file that others cannot read', async () => {
    const own = await vhostOfItsOwn('export');
    const file = join(temporaryDirectory(), 'definitions.json');
    await printed(['queues', 'declare', 'a', '--argument', 'x-max-length=10'], own);
    const [text] = await printed(['definitions', 'export', file], own);
    expect(text).toMatch(/^Wrote .*1 queue.* to \S+definitions\.json\.$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await leveret(['definitions', 'export', file], own);
    expect([again.code, again.stderr]).toEqual([
      2,
      expect.stringMatching(/it exists already; --force writes over it/),
    ]);
    await printed(['queues', 'delete', 'a'], own);
    const [done] = await printed(['definitions', 'import'], { ...own, input: readFileSync(file, 'utf8') });
    expect(done).toMatch(/^Imported .*1 queue/);
    expect((await printed(['queues'], own))[1]).toMatch(/^a .* max-length=10$/);
    const broken = await leveret(['definitions', 'import'], { ...own, input: '{\n"queues": [}' });
    expect(broken.stderr).toBe('leveret definitions: REFUSED: standard input is no JSON: line 2 is wrong\n');
    expect((await printed(['audit', '--limit', '5'])).length).toBe(6);
  });
});

describeWith(systemProgram('script', 'bsdutils'), 'on a terminal', () => {
  const hostile =
    'evil\u001b[2J\n\u202e-with-a-name-that-is-longer-than-most-of-the-terminals-that-it-is-shown-on';

  test.each([60, 80, 120])('tables fit %i columns, and names cannot move the cursor', async (columns) => {
    const own = await vhostOfItsOwn(`width-${columns}`);
    await printed(['queues', 'declare', hostile], own);
    for (const args of [['queues'], ['exchanges'], ['bindings'], ['status'], ['top', '--once']]) {
      const { stdout } = await runOnTerminal(columns, args, {
        url: server.httpUrl,
        environment: { ...own.environment, NO_COLOR: '1' },
      });
      expect([stdout.includes('\u001b'), stdout.includes('\u202e')]).toEqual([false, false]);
      for (const line of stdout.split('\n')) expect(textWidth(line), line).toBeLessThanOrEqual(columns);
    }
  });

  test('that is part of no cluster says so, and has nobody to hand over to', async () => {
    const lines = await printed(['cluster']);
    expect(lines[0]).toMatch(/^No cluster: node \S+ works alone$/);
    const [json = ''] = await printed(['cluster', 'status', '--json']);
    expect(JSON.parse(json)).toMatchObject({ role: 'single', serves_clients: true, streams: [] });
    const { code, stderr } = await leveret(['cluster', 'handover']);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^leveret cluster: REFUSED: .*--storage jetstream/),
    ]);
  });

  test('there are colours, and none with NO_COLOR or in a pipe', async () => {
    const colored = await runOnTerminal(80, ['users'], { url: server.httpUrl });
    const plain = await runOnTerminal(80, ['users'], { url: server.httpUrl, environment: { NO_COLOR: '1' } });
    expect(colored.stdout).toContain('\u001b[2mname\u001b[0m');
    expect([plain.stdout, (await leveret(['users'])).stdout].join('')).not.toContain('\u001b');
  });

  test('top takes the second screen, and gives the first one back', async () => {
    const { code, stdout } = await runOnTerminal(80, ['top', '--interval', '200ms'], {
      url: server.httpUrl,
      input: 'sq',
    });
    expect(code).toBe(0);
    const second = stdout.slice(stdout.indexOf('\u001b[?1049h\u001b[?25l'));
    expect(second).toContain('q quit');
    expect(second.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  });

  test('an alarm: status says it in full on a narrow terminal, and a message is not taken', async () => {
    const full = await startLeveret({
      projectRoot: PROJECT_ROOT,
      args: ['--memory-high-watermark', '64MiB'],
    });
    try {
      const status = (): Promise<CliRun> =>
        runOnTerminal(60, ['status'], { url: full.httpUrl, environment: { NO_COLOR: '1' } });
      await vi.waitFor(async () => expect((await status()).code).toBe(1), { timeout: 20_000 });
      const { stdout } = await status();
      expect(stdout).toContain('Health     ALARM: publishers have to wait');
      expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
        /! memory is short, \S+ MiB of 64\.0 MiB used: publishers have to wait/,
      );
      const published = await runCli(['publish', 'orders', 'x'], { url: full.httpUrl });
      expect([published.code, published.stderr]).toEqual([
        1,
        expect.stringMatching(/^leveret publish: UNAVAILABLE: .*low on memory.*; see leveret status\n$/),
      ]);
    } finally {
      await full.close();
    }
  });

  test('JSON is indented', async () => {
    const { stdout } = await runOnTerminal(80, ['users', '--json'], { url: server.httpUrl });
    expect(stdout).toMatch(/^\[\n {2}\{\n {4}"name": "guest"/);
  });
});

describe('what goes wrong', () => {
  test.each([
    [
      ['queues', 'delare', 'x'],
      "unknown verb 'delare' (did you mean declare?); allowed: list, show, flow, declare, delete",
    ],
    [['queues', 'declare'], 'QUEUE is missing'],
    [['queues', 'declare', 'a', 'b'], "unexpected argument 'b'"],
    [
      ['queues', '--sort', 'redy'],
      "option --sort: bad value 'redy' (did you mean ready?); allowed: vhost, name,",
    ],
    [['queues', '--vhst', 'x'], 'option --vhst is not known (did you mean --vhost?)'],
    [['queues', '--limit'], 'option --limit: the value is missing; allowed: --limit <number>'],
    [['queues', '--json=x'], "option --json takes no value, found 'x'"],
    [['status', '--vhost', 'x'], 'option --vhost is not known'],
    [['definitions'], 'the verb is missing; allowed: export, import'],
    [['publish', 'a', 'b', '--lines'], 'BODY and --lines exclude each other'],
    [['publish', 'a', 'b', '--ttl', 'soon'], "option --ttl: bad value 'soon'; allowed: a time from"],
    [['queues', '--url', 'amqp://guest:secret@x'], "option --url: bad value 'amqp://x'; allowed: a URL like"],
    [['queues', '--user', 'alice'], "the password of user 'alice' is missing; set LEVERET_PASSWORD"],
    [['queues', '--password-file', 'none'], 'option --password-file: cannot read none: ENOENT'],
    [['move', 'a'], 'where to move to is needed'],
    [
      ['dead', 'replay', 'a', '--to-queue', 'b', '--to-exchange', 'c'],
      'options --to-queue and --to-exchange exclude each other',
    ],
    [['dead', 'replay', 'a', '--position', '0-1', '--error', 'c'], 'option --position excludes'],
    [['cluster', 'init', '--replicas', '2'], "option --replicas: bad value '2'; allowed: 3 or 5; 1 where"],
    [['cluster', 'init', '--nats', 'nats://a:secret@b,,c'], 'option --nats: one of the servers has no name'],
  ])('%j is refused with exit code 2 and says what is allowed', async (args, text) => {
    const { code, stdout, stderr } = await leveret(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`leveret ${args[0]}: BAD_OPTION: ${text}`);
    expect(stderr.endsWith(`; see leveret ${args[0]} --help\n`)).toBe(true);
  });

  test('a broker that is not there is said in one line, and what to do', async () => {
    const { code, stderr } = await runCli(['queues'], { url: 'http://127.0.0.1:1' });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'leveret queues: UNREACHABLE: nothing listens on http://127.0.0.1:1; is the broker running (leveret serve)? If it is elsewhere, say where: --url or LEVERET_URL\n',
    });
  });

  test('the port for AMQP is no API', async () => {
    const { code, stderr } = await runCli(['queues'], { url: `http://127.0.0.1:${server.port}` });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/NOT_AN_API|UNREACHABLE: .*closed the connection/),
    ]);
  });

  test('a web server is no API', async () => {
    const web = createServer((_request, response) => response.writeHead(404).end('<html>'));
    const { stderr } = await runCli(['queues'], { url: await listening(web) });
    expect(stderr).toMatch(/NOT_AN_API: .* answered 404, not as RabbitMQ's management API does/);
  });

  test('a broker that does not answer is not waited for longer than --timeout', async () => {
    const silent = createTcpServer(() => {});
    const { code, stderr } = await runCli(['queues', '--timeout', '200ms'], { url: await listening(silent) });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/TIMED_OUT: .* did not answer within 0.2 s; --timeout/),
    ]);
  });

  test('https where there is none', async () => {
    const { code, stderr } = await runCli(['queues'], { url: server.httpUrl.replace('http:', 'https:') });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/TLS_FAILED: https:.* does not speak TLS/)]);
  });

  test.skipIf(!OPENSSL.present)(
    'a certificate is trusted when its authority is named, and not otherwise',
    async () => {
      const authority = new CertificateAuthority();
      const { cert, key } = authority.issueForServer();
      const files = { cert: readFileSync(cert), key: readFileSync(key) };
      const secure = createSecureServer(files, (_request, response) => response.end('[]'));
      const url = (await listening(secure)).replace('http:', 'https:');
      const refused = await runCli(['queues'], { url });
      expect([refused.code, refused.stderr]).toEqual([
        1,
        `leveret queues: TLS_FAILED: ${url}: the certificate is not signed by an authority that is trusted here; name its own with --ca ca.pem\n`,
      ]);
      const trusted = await runCli(['queues', '--json', '--ca', authority.cert], { url });
      expect(trusted).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    },
  );

  test('a password is never printed', async () => {
    for (const args of [['queues', '--json'], ['status'], ['queues', 'delete', 'none']]) {
      const url = server.httpUrl.replace('//', '//guest:canary-secret@');
      const { stdout, stderr } = await runCli(args, { url });
      expect(stdout + stderr).toContain('LOGIN_FAILED');
      expect(stdout + stderr).not.toContain('canary-secret');
    }
  });
});

async function listening(listener: Server): Promise<string> {
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => {
    listener.close();
    if ('closeAllConnections' in listener) (listener as import('node:http').Server).closeAllConnections();
  });
  return `http://127.0.0.1:${(listener.address() as { port: number }).port}`;
}
