import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrokerUnderTest } from '../servers/broker-under-test.ts';
import { StartedProcess } from '../servers/child-process.ts';
import type { Server } from '../servers/server.ts';
import { debianProgram, describeWith } from './debian.ts';

describeWith(
  debianProgram('/usr/bin/amqp-publish', 'amqp-tools'),
  'amqp-tools (the C client librabbitmq)',
  () => {
    let server: Server;

    beforeAll(async () => {
      server = await startBrokerUnderTest();
    });
    afterAll(() => server.close());

    test('declares a queue, publishes to it, gets from it and deletes it', async () => {
      expect(await run('amqp-declare-queue', ['-q', 'tools', '-d']).succeeded()).toBe('tools');
      const publish = ['-r', 'tools', '-p', '-C', 'text/plain', '-b'];
      for (const body of ['one', 'two']) await run('amqp-publish', [...publish, body]).succeeded();
      expect(await run('amqp-get', ['-q', 'tools']).succeeded()).toBe('one');
      expect(await run('amqp-get', ['-q', 'tools']).succeeded()).toBe('two');
      expect(await run('amqp-get', ['-q', 'tools']).exited).toMatchObject({ code: 2 });
      await run('amqp-publish', [...publish, 'three']).succeeded();
      expect(await run('amqp-delete-queue', ['-q', 'tools']).succeeded()).toBe('1');
    });

    test('consumes with a prefetch count, running a command per message', async () => {
      await run('amqp-declare-queue', ['-q', 'tools-consume']).succeeded();
      for (const body of ['one', 'two', 'three'])
        await run('amqp-publish', ['-r', 'tools-consume', '-b', body]).succeeded();
      const consumer = run('amqp-consume', ['-q', 'tools-consume', '-p', '1', '-c', '3', 'sed', 's/^/got /']);
      const output = await consumer.succeeded();
      expect(output.match(/got (one|two|three)/g)).toEqual(['got one', 'got two', 'got three']);
      expect(await run('amqp-delete-queue', ['-q', 'tools-consume']).succeeded()).toBe('0');
    });

    test('consumes from an exchange through a queue that the server names', async () => {
      const consumer = run('amqp-consume', ['-e', 'amq.topic', '-r', 'weather.#', '-c', '1', 'cat']);
      await consumer.line('Server provided queue name: amq.gen-');
      for (let published = 0; published < 100 && !consumer.output.includes('rain'); published++) {
        await run('amqp-publish', ['-e', 'amq.topic', '-r', 'weather.today', '-b', 'rain\n']).succeeded();
      }
      expect(await consumer.succeeded()).toContain('rain');
    });

    test('publishes standard input and carries a large body', async () => {
      await run('amqp-declare-queue', ['-q', 'tools-large']).succeeded();
      const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`).join('\n');
      await run('amqp-publish', ['-r', 'tools-large'], lines).succeeded();
      expect(await run('amqp-get', ['-q', 'tools-large']).succeeded()).toBe(lines);
      await run('amqp-delete-queue', ['-q', 'tools-large']).succeeded();
    });

    test("prints the broker's reply code and text when it refuses", async () => {
      const consumer = run('amqp-consume', ['-q', 'tools-absent', 'cat']);
      expect(await consumer.exited).not.toMatchObject({ code: 0 });
      expect(consumer.output).toContain("404, message: NOT_FOUND - no queue 'tools-absent' in vhost '/'");
      const wrong = new StartedProcess('amqp-get', [
        '-u',
        server.amqpUrl.replace('guest:guest', 'guest:wrong'),
        '-q',
        'q',
      ]);
      expect(await wrong.exited).not.toMatchObject({ code: 0 });
      expect(wrong.output).toContain('403');
    });

    function run(program: string, args: readonly string[], input?: string): StartedProcess {
      return new StartedProcess(
        program,
        ['-u', server.amqpUrl, ...args],
        input === undefined ? {} : { input },
      );
    }
  },
);
