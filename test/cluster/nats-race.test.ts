/** Two that write to one log, as a former owner and a new one do, while the servers change their leader again and again. */
import { expect, test } from 'vitest';
import { openNatsLog } from '../../src/storage/jetstream/nats-log.ts';
import { streamName } from '../../src/storage/jetstream/nats-names.ts';
import type { ReplicatedLog } from '../../src/storage/jetstream/replicated-log.ts';
import { describeWithNats, type NatsCluster } from '../servers/nats.ts';
import { natsUnderTest, until } from './nats-under-test.ts';

const RACE_MS = Number(process.env['LEVERET_RACE_MS'] ?? 8_000);
/** By each of the writers, the last of them maybe undisturbed. */
const APPENDED_MIN = 5;
const QUIET_MS_MAX = 30_000;
const STEP_DOWN_MS = 250;
const PAUSE_MS = 5;

/** Appends one entry after the other wherever it finds room, and remembers where each of them is. */
class Writer {
  /** The text of each entry that was said to be appended, by its sequence. */
  readonly ledger = new Map<number, string>();
  readonly counted = {
    appended: 0,
    refused: 0,
    unknown: 0,
    unknownThatWas: 0,
    unknownThatWasNot: 0,
    behind: 0,
  };
  readonly #name: string;
  readonly #log: ReplicatedLog;
  #sequence = 1;
  #written = 0;

  constructor(name: string, log: ReplicatedLog) {
    this.#name = name;
    this.#log = log;
  }

  async writeUntil(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const text = `${this.#name} ${++this.#written}`;
      while (!(await this.#write(text))) await this.#goBehindTheOther();
      this.ledger.set(this.#sequence, text);
      this.#sequence += 1;
      // Whoever is nearer to the leader would win each time.
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** Whether `text` is entry `#sequence`, as soon as that is known. */
  async #write(text: string): Promise<boolean> {
    const bytes = new TextEncoder().encode(`${text} at ${this.#sequence}`);
    let wasUnknown = false;
    for (;;) {
      const result = await this.#log.append(this.#sequence, bytes);
      this.#count(result.kind);
      if (result.kind === 'unknown') {
        wasUnknown = true;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      const isOurs =
        result.kind === 'appended' || (result.kind === 'refused' && (await this.#isThere(bytes)));
      if (isOurs === undefined || result.kind === 'unknown') continue;
      if (wasUnknown)
        this.counted[isOurs && result.kind === 'refused' ? 'unknownThatWas' : 'unknownThatWasNot'] += 1;
      return isOurs;
    }
  }

  async #goBehindTheOther(): Promise<void> {
    const state = await this.#log.state().catch(() => undefined);
    this.#sequence = Math.max(this.#sequence, state?.last ?? 0) + 1;
  }

  /** Undefined: nobody says. */
  async #isThere(bytes: Uint8Array): Promise<boolean | undefined> {
    const found = await this.#log.entry(this.#sequence).catch(() => undefined);
    if (found === undefined) this.counted.behind += 1;
    return found === undefined ? undefined : Buffer.compare(found, bytes) === 0;
  }

  #count(kind: string): void {
    if (kind === 'appended' || kind === 'refused' || kind === 'unknown') this.counted[kind] += 1;
    else throw new Error(`an append was answered with ${kind}`);
  }
}

describeWithNats('two writers to one log', () => {
  const nats = natsUnderTest();

  async function race(disturb: (servers: NatsCluster, stream: string) => Promise<string>): Promise<void> {
    const connection = await nats.connect();
    const cluster = await nats.newCluster(connection);
    const logs = [
      await openNatsLog(connection, cluster, 'main'),
      await openNatsLog(await nats.connect(), cluster, 'main'),
    ];
    const writers = logs.map((log, index) => new Writer(`w${index}`, log));
    const untilMs = performance.now() + RACE_MS;
    const isOver = (): boolean => performance.now() > untilMs;
    const disturbed: string[] = [];
    const disturbing = (async () => {
      while (!isOver()) disturbed.push(await disturb(nats.servers, streamName(cluster, 'main')));
    })();
    // an election may have taken all of that time: what they have to say comes behind it
    const hasSaid = ({ counted }: Writer): boolean =>
      (isOver() && counted.appended > APPENDED_MIN) || performance.now() > untilMs + QUIET_MS_MAX;
    const writing = writers.map((writer) => writer.writeUntil(() => hasSaid(writer)));
    await Promise.all([...writing, disturbing]);
    await check(logs[0] as ReplicatedLog, writers);
    console.log(
      writers.map(({ counted }) => counted),
      `disturbed ${disturbed.length} times`,
    );
    expect(disturbed.length).toBeGreaterThan(0);
    for (const { counted } of writers) expect(counted.appended).toBeGreaterThan(APPENDED_MIN);
  }

  /** What was said to be appended is there, once, where it was said to be; and nothing else is. */
  async function check(log: ReplicatedLog, writers: readonly Writer[]): Promise<void> {
    const said = new Map<number, string>();
    for (const { ledger } of writers) {
      for (const [sequence, text] of ledger) {
        expect(said.get(sequence), `entry ${sequence}`).toBeUndefined();
        said.set(sequence, text);
      }
    }
    await until('somebody answers', () =>
      log.state().then(
        () => true,
        () => false,
      ),
    );
    const { last } = await log.state();
    const texts: string[] = [];
    await log.read(1, last, (sequence, bytes) => {
      const [text = '', at] = new TextDecoder().decode(bytes).split(' at ');
      expect(Number(at)).toBe(sequence);
      expect(said.get(sequence), `entry ${sequence}`).toBe(text);
      texts.push(text);
    });
    expect(new Set(texts).size).toBe(said.size);
    expect(texts).toHaveLength(said.size);
  }

  test('never lose or repeat an entry while its leader steps down', async () => {
    await race(async (servers, stream) => {
      await new Promise((resolve) => setTimeout(resolve, STEP_DOWN_MS));
      return (await servers.stepDown(stream)) ? 'stepped down' : 'no leader';
    });
  });

  test('never lose or repeat an entry while leaders stand still', async () => {
    await race(async (servers, stream) => {
      const leader = await servers.leaderOf(stream);
      if (leader === undefined) return 'no leader';
      servers.pause(leader);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      servers.resume(leader);
      await new Promise((resolve) => setTimeout(resolve, STEP_DOWN_MS));
      return 'stood still';
    });
  });

  test('never lose or repeat an entry while servers are killed', async () => {
    await race(async (servers, stream) => {
      const leader = (await servers.leaderOf(stream)) ?? 0;
      await servers.kill(leader);
      await servers.start(leader);
      return 'killed';
    });
  });
});
