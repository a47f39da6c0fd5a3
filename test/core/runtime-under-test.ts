import type { RecordOwner } from '../../src/core/message/message-store.ts';
import { Publication } from '../../src/core/message/publication.ts';
import { BrokerImage } from '../../src/core/recovery/broker-image.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { MessageLog, type MessageLogOptions } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { SurvivingEngine } from '../storage/surviving-engine.ts';

const DEADLINES_PER_TURN = 1024;
const RECORDS_PER_TURN = 32_768;
/** Where core time begins: so the clock of the first run and core show the same. */
const CORE_EPOCH_MS = Date.UTC(2020, 0, 1);

/** A runtime with a message log and a clock that the test moves. Turns that it asks for are counted, not run. */
export class RuntimeUnderTest {
  readonly clock: VirtualClock;
  readonly log: MessageLog;
  readonly runtime: Runtime;
  turnsRequested = 0;
  readonly turnsRequestedAt: number[] = [];

  /** `image`: what `log` had kept; `startMs`: when it starts, in core time. */
  constructor(log: MessageLog = new MessageLog(new MemoryEngine()), image?: BrokerImage, startMs = 0) {
    this.clock = new VirtualClock(CORE_EPOCH_MS + startMs);
    this.log = log;
    const environment = {
      clock: this.clock,
      random: new SeededRandom(1),
      scheduler: {
        requestTurn: () => {
          this.turnsRequested++;
        },
        requestTurnAt: (atMs: number) => {
          this.turnsRequestedAt.push(atMs);
        },
      },
      store: this.log,
      credentials: {
        hash: (password: string) => password,
        verify: (_password: string, _hash: string | undefined, done: (matches: boolean) => void) =>
          done(false),
      },
      onEvent: () => {},
    };
    this.runtime = new Runtime(environment, image);
  }

  /** Moves the clock to `nowMs` and runs a turn, as far as it needs no connections. */
  advanceTo(nowMs: number): void {
    const { runtime } = this;
    runtime.endTurn();
    this.clock.moveTo(nowMs);
    runtime.beginTurn();
    runtime.deadlines.runDue(runtime.now(), DEADLINES_PER_TURN);
    runtime.releaseDiscarded(RECORDS_PER_TURN);
    runtime.endTurn();
  }

  /** A turn at the time that it is, as far as it needs no connections. */
  turn(): void {
    const { runtime, log } = this;
    runtime.beginTurn();
    runtime.deadlines.runDue(runtime.now(), DEADLINES_PER_TURN);
    runtime.onDurable(log.durableBlock);
    runtime.pumpQueues(RECORDS_PER_TURN);
    runtime.onCommitted(log.commit());
    runtime.releaseDiscarded(RECORDS_PER_TURN);
    log.clean(this.#recordOwner());
    runtime.endTurn();
  }

  #recordOwner(): RecordOwner {
    const { runtime } = this;
    return {
      relocate: (laneId, seq, from, to) => runtime.relocate(laneId, seq, from, to),
      returnCountOf: (laneId, seq) => runtime.returnCountOf(laneId, seq),
      reachOf: (laneId) => runtime.reachOf(laneId),
      recordDefinitions: () => {},
    };
  }
}

/** A runtime with a log that survives: blocks are durable at once, or with `engine.isSlow` when the test says so. */
export class SurvivingRuntime extends RuntimeUnderTest {
  readonly engine: SurvivingEngine;
  readonly #cold: SurvivingEngine;
  readonly #options: MessageLogOptions;

  private constructor(
    engines: readonly [main: SurvivingEngine, cold: SurvivingEngine],
    log: MessageLog,
    options: MessageLogOptions,
    image?: BrokerImage,
    startMs?: number,
  ) {
    super(log, image, startMs);
    [this.engine, this.#cold] = engines;
    this.#options = options;
  }

  static start(options: MessageLogOptions = {}): SurvivingRuntime {
    const [main, cold] = [new SurvivingEngine(), new SurvivingEngine()];
    return new SurvivingRuntime([main, cold], new MessageLog(main, { ...options, cold }), options);
  }

  /** The next run, with what is durable by now. */
  async restart(startMs = 0): Promise<SurvivingRuntime> {
    const [main, cold] = [this.engine.reopened(), this.#cold.reopened()];
    const log = new MessageLog(main, { ...this.#options, cold });
    const image = new BrokerImage(log);
    await log.recover(image);
    return new SurvivingRuntime([main, cold], log, this.#options, image, startMs);
  }
}

/** A message to the default exchange with this routing key and text. */
export function messageTo(routingKey: string, text = ''): Publication {
  return Publication.of('', routingKey, {}, new TextEncoder().encode(text));
}

export function bodyText(publication: Publication): string {
  const { body, bodyStart, bodyEnd } = publication;
  return new TextDecoder().decode(body.subarray(bodyStart, bodyEnd));
}
