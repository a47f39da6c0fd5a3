/**
 * Debian's rabbitmqadmin against RabbitMQ 3.10.8 and against Leveret: the same commands one after the other, and what they print is
 * the same, once ports and names of nodes are taken out.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import amqp from 'amqplib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StartedProcess } from '../servers/child-process.ts';
import { type ManagedServer, startManagedLeveret, startManagedRabbitmq } from '../servers/managed-server.ts';
import { debianProgram, describeWith, PYTHON } from './debian.ts';

const RABBITMQADMIN = '/usr/bin/rabbitmqadmin';
/** How long the statistics of RabbitMQ may take to show what has happened. */
const SHOWN_WITHIN_MS = 15_000;

/** A command, as its words. */
type Command = readonly string[];

interface Printed {
  readonly exitCode: number | null;
  readonly text: string;
}

/** Changes: each is done once on both, and both print the same. */
const CHANGES: readonly Command[] = [
  words('declare vhost name=shop'),
  words('declare vhost name=shop tracing=true'),
  words('declare vhost name=shop tracing=false'),
  words('declare user name=ann password=secret tags=management,monitoring'),
  words('declare user name=bob password_hash= tags='),
  words('declare permission vhost=/ user=ann configure=^ann write=.* read=.*'),
  words('declare permission vhost=shop user=ann configure=.* write=.* read=.*'),
  words('declare queue name=orders'),
  words('declare queue name=orders durable=true auto_delete=false'),
  words('declare queue name=transient durable=false auto_delete=true'),
  words(
    'declare queue name=short arguments={"x-max-length":3,"x-overflow":"drop-head","note":["a",1,{"b":true}]}',
  ),
  words('declare queue name=replicated queue_type=quorum'),
  words('--vhost=shop declare queue name=orders'),
  words('declare exchange name=events type=topic'),
  words('declare exchange name=inner type=headers internal=true auto_delete=true durable=false'),
  words('declare exchange name=spare type=fanout arguments={"alternate-exchange":"amq.fanout"}'),
  words('declare binding source=events destination=orders routing_key=order.*'),
  words('declare binding source=events destination=orders'),
  words('declare binding source=events destination=spare destination_type=exchange routing_key=all'),
  words('declare binding source=amq.headers destination=orders arguments={"x-match":"all","a":1}'),
  words('declare binding source=events destination=orders routing_key=a/b%'),
  words('declare policy name=long pattern=^o definition={"max-length":100} apply-to=queues priority=2'),
  words('declare policy name=any pattern= definition={"message-ttl":100000}'),
  words('declare operator_policy name=cap pattern=^o definition={"max-length":50} apply-to=queues'),
  words('declare vhost_limit vhost=shop name=max-queues value=10'),
  words('declare parameter component=vhost-limits name=limits value={"max-connections":100}'),
  words('publish routing_key=orders payload=one'),
  words(
    'publish exchange=events routing_key=order.new payload=two properties={"delivery_mode":2,"headers":{"a":1}}',
  ),
  words('publish routing_key=orders payload=dGhyZWU= payload_encoding=base64'),
  words('publish routing_key=nobody payload=lost'),
  words('publish exchange=amq.fanout routing_key= payload=lost'),
  words('get queue=orders'),
  words('get queue=orders count=10'),
  words('get queue=orders ackmode=reject_requeue_true'),
  words('get queue=orders ackmode=ack_requeue_false'),
  words('get queue=orders ackmode=reject_requeue_false'),
  words('get queue=orders encoding=base64'),
  words('-f long get queue=orders'),
  words('-f tsv get queue=orders'),
  words('-f kvp get queue=orders'),
  words('get queue=transient'),
  words('purge queue name=orders'),
  words('get queue=orders'),
];

/** What both refuse, in the same words. */
const REFUSALS: readonly Command[] = [
  words('declare queue name=orders durable=false'),
  words('declare queue name=short arguments={"x-max-length":4}'),
  words('declare queue name=wrong arguments={"x-max-length":"a"}'),
  words('declare queue name=amq.mine'),
  words('declare exchange name=events type=fanout'),
  words('declare exchange name=amq.mine type=fanout'),
  words('declare binding source=none destination=orders'),
  words('declare binding source=events destination=none'),
  words('declare vhost_limit vhost=shop name=max-queues'),
  words('--vhost=none declare queue name=orders'),
  words('publish exchange=none routing_key=a payload=lost'),
  words('get queue=none'),
  words('get queue=orders encoding=other'),
  words('purge queue name=none'),
  words('delete queue name=none'),
  words('delete exchange name=none'),
  words('delete exchange name=amq.direct'),
  words('delete binding source=events destination_type=queue destination=orders properties_key=none'),
  words('delete user name=none'),
  words('delete permission vhost=/ user=none'),
  words('delete policy name=none'),
  words('delete vhost name=none'),
  words('close connection name=none'),
  words('-u guest -p wrong list queues'),
  words('-u nobody -p nobody show overview'),
  words('-u ann -p secret declare vhost name=mine'),
  words('-u ann -p secret declare queue name=orders'),
  words('-u ann -p secret list users'),
  words('-u ann -p secret declare policy name=p pattern=a definition={"max-length":1}'),
];

/** What both refuse, each in words of its own. */
const OTHER_REFUSALS: readonly Command[] = [
  words('declare exchange name=wrong type=none'),
  words('declare policy name=wrong pattern=( definition={"max-length":1}'),
  words('declare policy name=wrong pattern=a definition={"nonsense":1}'),
  words('declare permission vhost=/ user=nobody configure= write= read='),
  words('declare parameter component=nonsense name=a value=1'),
  words('declare vhost_limit vhost=/ name=nonsense value=1'),
  words('publish routing_key=orders payload=!! payload_encoding=base64'),
];

/** What can be looked at, after the changes: the lines are compared in any order. */
const LISTS: readonly Command[] = [
  words('list queues'),
  words('list queues name durable auto_delete messages messages_ready consumers'),
  words('list queues vhost name type'),
  words('-f long list queues name arguments'),
  words('-f tsv list queues name messages'),
  words('-f kvp list queues name messages'),
  words('-f bash list queues'),
  words('--sort=name --sort-reverse list queues name messages'),
  words('--vhost=shop list queues name'),
  words('list exchanges'),
  words('list exchanges vhost name type durable auto_delete internal arguments'),
  words('list bindings'),
  words('list bindings source destination destination_type routing_key arguments'),
  words('list vhosts name tracing'),
  words('list users name tags'),
  words('list permissions'),
  words('list policies'),
  words('list operator_policies'),
  words('list vhost_limits'),
  words('list parameters'),
  words('list connections name user channels'),
  words('list connections vhost protocol state'),
  words('list channels name user'),
  words('list channels number prefetch_count consumer_count'),
  words('list consumers queue.name consumer_tag ack_required exclusive prefetch_count'),
  words('show overview object_totals.queues object_totals.exchanges object_totals.connections'),
  words('show overview queue_totals.messages'),
  words('show overview'),
  words('-u ann -p secret list queues name'),
  words('-u ann -p secret list vhosts name'),
];

const DELETIONS: readonly Command[] = [
  words('delete binding source=events destination_type=queue destination=orders'),
  words('delete binding source=events destination_type=queue destination=orders properties_key=order.*'),
  words('delete binding source=events destination_type=exchange destination=spare properties_key=all'),
  words('delete queue name=transient'),
  words('delete exchange name=spare'),
  words('delete policy name=any'),
  words('delete operator_policy name=cap'),
  words('delete vhost_limit vhost=shop name=max-queues'),
  words('delete parameter component=vhost-limits name=limits'),
  words('delete permission vhost=/ user=ann'),
  words('delete user name=bob'),
  words('delete vhost name=shop'),
];

/** Tables are drawn with what JSON has no room for in a command line: no argument here has a space in it. */
function words(line: string): Command {
  return line.split(' ');
}

describeWith(debianProgram(RABBITMQADMIN, 'rabbitmq-server'), 'rabbitmqadmin', () => {
  let rabbitmq: ManagedServer;
  let leveret: ManagedServer;
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'leveret-rabbitmqadmin-'));
    [rabbitmq, leveret] = await Promise.all([startManagedRabbitmq(), startManagedLeveret()]);
  });

  afterAll(async () => {
    await Promise.all([rabbitmq?.close(), leveret?.close()]);
    await rm(directory, { recursive: true, force: true });
  });

  async function run({ httpUrl }: ManagedServer, command: Command): Promise<Printed> {
    const { hostname, port } = new URL(httpUrl);
    const args = ['-H', hostname, '-P', port, ...command];
    const process = new StartedProcess(PYTHON, [RABBITMQADMIN, ...args], {
      environment: { HOME: directory },
    });
    const { code } = await process.exited;
    return { exitCode: code, text: process.output };
  }

  function runBoth(command: Command): Promise<[Printed, Printed]> {
    return Promise.all([run(rabbitmq, command), run(leveret, command)]);
  }

  async function printsTheSame(command: Command): Promise<void> {
    const [expected, found] = await runBoth(command);
    expect(normalised(found)).toEqual(normalised(expected));
  }

  /** Statistics come late: asks until both show the same, in any order of the lines. */
  async function comesToPrintTheSame(command: Command): Promise<void> {
    const endMs = performance.now() + SHOWN_WITHIN_MS;
    for (;;) {
      const [expected, found] = await runBoth(command);
      const [asExpected, asFound] = [inOrder(normalised(expected)), inOrder(normalised(found))];
      if (asFound === asExpected || performance.now() > endMs) {
        expect(asFound).toBe(asExpected);
        expect(expected).toMatchObject({ exitCode: 0 });
        return;
      }
    }
  }

  test.each(CHANGES.map((command) => [command.join(' '), command] as const))('%s', async (_text, command) => {
    await printsTheSame(command);
  });

  test.each(REFUSALS.map((command) => [command.join(' '), command] as const))(
    'refused in the same words: %s',
    async (_text, command) => {
      await printsTheSame(command);
      expect((await run(leveret, command)).exitCode).not.toBe(0);
    },
  );

  test.each(OTHER_REFUSALS.map((command) => [command.join(' '), command] as const))(
    'refused: %s',
    async (_text, command) => {
      const [expected, found] = await runBoth(command);
      expect(expected.exitCode).toBe(1);
      expect(found).toMatchObject({ exitCode: 1, text: expect.stringMatching(/^\*\*\* \S/) });
      expect(found.text).not.toContain('Traceback');
    },
  );

  test('clients connect, so that there is something to look at', async () => {
    for (const { server } of [rabbitmq, leveret]) {
      const connection = await amqp.connect(server.amqpUrl);
      const channel = await connection.createChannel();
      await channel.prefetch(7);
      await channel.consume('orders', () => {}, { consumerTag: 'reader' });
    }
    await runBoth(words('publish routing_key=short payload=shown'));
  });

  test.each(LISTS.map((command) => [command.join(' '), command] as const))('%s', async (_text, command) => {
    await comesToPrintTheSame(command);
  });

  test('raw and pretty JSON have the same in them', async () => {
    for (const format of ['raw_json', 'pretty_json']) {
      const command = words(
        `-f ${format} list queues name vhost durable auto_delete exclusive arguments policy`,
      );
      const [expected, found] = await runBoth(command);
      expect(byName(found.text)).toEqual(byName(expected.text));
    }
  });

  test('a connection is closed by its name', async () => {
    for (const managed of [rabbitmq, leveret]) {
      const connection = await amqp.connect(managed.server.amqpUrl);
      const closed = new Promise<Error>((resolve) => connection.once('close', resolve));
      const { localPort } = (connection as unknown as { connection: { stream: { localPort: number } } })
        .connection.stream;
      const { port } = managed.server;
      const name = `127.0.0.1:${localPort} -> 127.0.0.1:${port}`;
      await expect.poll(() => namesOfConnections(managed), { timeout: SHOWN_WITHIN_MS }).toContain(name);
      expect(await run(managed, ['close', 'connection', `name=${name}`])).toEqual({
        exitCode: 0,
        text: `connection closed`,
      });
      expect((await closed).message).toContain('Closed via management plugin');
    }
  });

  test('what one exports, the other imports, and then exports the same', async () => {
    const files = [join(directory, 'rabbitmq.json'), join(directory, 'leveret.json')] as const;
    await run(rabbitmq, ['export', files[0]]);
    await run(leveret, ['export', files[1]]);
    const [theirs, ours] = await Promise.all(files.map(definitionsIn));
    expect(ours).toEqual(theirs);
    expect(await run(leveret, ['import', files[0]])).toMatchObject({ exitCode: 0 });
    expect(await run(rabbitmq, ['import', files[1]])).toMatchObject({ exitCode: 0 });
    const again = [join(directory, 'rabbitmq-2.json'), join(directory, 'leveret-2.json')] as const;
    await run(rabbitmq, ['export', again[0]]);
    await run(leveret, ['export', again[1]]);
    expect(await definitionsIn(again[1])).toEqual(theirs);
    expect(await definitionsIn(again[0])).toEqual(theirs);
  });

  test('export and import of one vhost do, too', async () => {
    const file = join(directory, 'shop.json');
    await run(rabbitmq, ['--vhost=shop', 'export', file]);
    expect(await run(leveret, ['--vhost=shop', 'import', file])).toMatchObject({ exitCode: 0 });
    await run(leveret, ['--vhost=shop', 'export', file]);
    expect(await run(rabbitmq, ['--vhost=shop', 'import', file])).toMatchObject({ exitCode: 0 });
  });

  test('an import that fails says why', async () => {
    const file = join(directory, 'wrong.json');
    await writeFile(
      file,
      JSON.stringify({ queues: [{ name: 'q', vhost: 'none', durable: true, arguments: {} }] }),
    );
    const [expected, found] = await runBoth(['import', file]);
    expect(expected.exitCode).toBe(1);
    expect(found).toMatchObject({ exitCode: 1, text: expect.stringContaining("there is no vhost 'none'") });
  });

  test.each(DELETIONS.map((command) => [command.join(' '), command] as const))(
    '%s',
    async (_text, command) => {
      await printsTheSame(command);
    },
  );

  async function namesOfConnections(managed: ManagedServer): Promise<string[]> {
    const connections = (await managed.ask('GET', '/api/connections?columns=name')) as { name: string }[];
    return connections.map(({ name }) => name);
  }
});

function normalised({ exitCode, text }: Printed): Printed {
  const plain = text
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replace(/(leveret|rabbit)[\w-]*@[\w-]+/g, 'NODE')
    .replace(/\b3\.\d+\.\d+\b/g, 'VERSION')
    .replace(/-{3,}/g, '---')
    .replace(/ +/g, ' ');
  return { exitCode, text: plain };
}

/** The lines of a list may come in any order, unless one was asked for. */
function inOrder({ exitCode, text }: Printed): string {
  return [exitCode, ...text.split('\n').sort()].join('\n');
}

function byName(text: string): unknown[] {
  const items = JSON.parse(text) as { name: string; vhost: string }[];
  return items.sort((a, b) => (`${a.vhost} ${a.name}` < `${b.vhost} ${b.name}` ? -1 : 1));
}

type Definitions = Record<string, unknown>;

/** What a file of definitions says, in an order of its own, without who wrote it, and without hashes of passwords: each broker made its own. */
async function definitionsIn(file: string): Promise<Definitions> {
  const all = JSON.parse(await readFile(file, 'utf8')) as Definitions;
  const lists = Object.entries(all).filter(([, value]) => Array.isArray(value));
  return Object.fromEntries(
    lists.map(([name, items]) => [name, sorted((items as Definitions[]).map(compared))]),
  );
}

function compared(item: Definitions): Definitions {
  const { password_hash: _hash, hashing_algorithm: _algorithm, ...others } = item;
  return others;
}

function sorted(items: readonly Definitions[]): Definitions[] {
  const shown = items.filter(({ name }) => name !== 'internal_cluster_id');
  return [...shown].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** The same whatever the order of the keys is. */
function keyOf(item: Definitions): string {
  return JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
}
