/**
 * System calls of the real process fail, by strace. The broker may go on or stop with exit code 3; it may not confirm what is
 * lost. One thread does all file operations, because strace counts the calls of each thread for itself.
 */
import { expect, onTestFinished, test } from 'vitest';
import { StartedProcess } from '../servers/child-process.ts';
import { DurableLeveret } from '../servers/durable-leveret.ts';
import { temporaryDirectory } from './directories.ts';
import { describeWithStrace, STRACE } from './needs.ts';
import { drain, missingFrom, NumberedPublisher } from './numbered-messages.ts';

const QUEUE = 'failing';
/** Fills a segment of 32 MiB every twenty batches. */
const BODY_BYTES = 16_384;
const BATCH = 100;
const BATCHES_BEFORE = 5;
const BATCHES_AFTER = 50;
const EXIT_DISK_FAILED = 3;

interface Fault {
  /** One kind of call where only one is to fail: each kind is counted for itself, too. */
  readonly calls: string;
  readonly error: 'EIO' | 'ENOSPC';
  /** As strace has it: `3` is the third call, `3+` it and all behind it. */
  readonly when: string;
}

const ONCE: readonly Fault[] = [
  { calls: 'fdatasync', error: 'EIO', when: '1' },
  { calls: 'fdatasync', error: 'EIO', when: '7' },
  { calls: 'pwrite64', error: 'EIO', when: '1' },
  { calls: 'pwrite64', error: 'EIO', when: '6' },
  { calls: 'fsync', error: 'EIO', when: '1' },
  { calls: 'pwrite64', error: 'ENOSPC', when: '1' },
];
const FOR_EVER: readonly Fault[] = [
  { calls: 'fdatasync,fsync', error: 'EIO', when: '1+' },
  { calls: 'fdatasync,fsync', error: 'EIO', when: '5+' },
  { calls: 'pwrite64,pwritev', error: 'EIO', when: '3+' },
];

/** From now on the calls fail. */
async function inject(broker: DurableLeveret, { calls, error, when }: Fault): Promise<StartedProcess> {
  const what = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=${error}:when=${when}`];
  const strace = new StartedProcess(STRACE, ['-f', '-p', String(broker.process.pid), ...what]);
  onTestFinished(() => strace.kill());
  await strace.line(/attached/);
  return strace;
}

async function startedBroker(): Promise<DurableLeveret> {
  const environment = { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };
  const broker = new DurableLeveret({ dataDir: await temporaryDirectory(), environment });
  onTestFinished(() => broker.kill());
  await broker.start();
  return broker;
}

/** Publishes until all batches are confirmed, or until the broker ends. */
async function publishThrough(publisher: NumberedPublisher, broker: DurableLeveret): Promise<void> {
  for (let batch = 0; batch < BATCHES_AFTER && !publisher.isCutOff; batch++) {
    await publisher.publish(BATCH).catch(async (error: Error) => {
      if (!publisher.isCutOff) throw error;
      await broker.process.exited;
    });
  }
}

async function expectNothingLost(broker: DurableLeveret, publisher: NumberedPublisher): Promise<void> {
  await broker.start();
  const left = await drain(broker, QUEUE);
  expect(missingFrom(left, publisher.confirmed)).toEqual([]);
  expect(left.filter((number) => number >= publisher.publishedCount)).toEqual([]);
  expect(new Set(left).size).toBe(left.length);
  await broker.stop();
}

describeWithStrace('a call that fails', () => {
  test.each(ONCE)(
    '$calls: $error at call $when: the broker goes on, and nothing confirmed is lost',
    async (fault) => {
      const broker = await startedBroker();
      const publisher = await NumberedPublisher.open(broker, QUEUE, BODY_BYTES);
      for (let batch = 0; batch < BATCHES_BEFORE; batch++) await publisher.publish(BATCH);
      const strace = await inject(broker, fault);
      await publishThrough(publisher, broker);
      const all = BATCH * (BATCHES_BEFORE + BATCHES_AFTER);
      expect(strace.output).toContain('INJECTED');
      expect(publisher.confirmed.size, `its output:\n${broker.process.output}`).toBe(all);
      await broker.kill();
      await expectNothingLost(broker, publisher);
    },
  );

  test.each(FOR_EVER)(
    '$calls: $error from call $when on: the broker stops with exit code 3, and nothing confirmed is lost',
    async (fault) => {
      const broker = await startedBroker();
      const publisher = await NumberedPublisher.open(broker, QUEUE, BODY_BYTES);
      for (let batch = 0; batch < BATCHES_BEFORE; batch++) await publisher.publish(BATCH);
      const strace = await inject(broker, fault);
      await publishThrough(publisher, broker);
      expect(strace.output).toContain('INJECTED');
      expect(await broker.process.exited).toMatchObject({ code: EXIT_DISK_FAILED });
      expect(publisher.confirmed.size).toBeLessThan(publisher.publishedCount);
      await expectNothingLost(broker, publisher);
    },
  );
});
