import { Publication } from '../../src/core/message/publication.ts';
import { Runtime } from '../../src/core/runtime.ts';
import type { LogEngine } from '../../src/storage/log-engine.ts';
import { MemoryEngine } from '../../src/storage/memory-engine.ts';
import { MessageLog } from '../../src/storage/message-log.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

const DEADLINES_PER_TURN = 1024;
const RECORDS_PER_TURN = 32_768;

/** A runtime with a message log and a clock that the test moves. Turns that it asks for are counted, not run. */
export class RuntimeUnderTest {
  readonly clock: VirtualClock = new VirtualClock(Date.UTC(2026, 0, 1));
  readonly log: MessageLog;
  readonly runtime: Runtime;
  turnsRequested = 0;

  constructor(engine: LogEngine = new MemoryEngine()) {
    this.log = new MessageLog(engine);
    this.runtime = new Runtime({
      clock: this.clock,
      random: new SeededRandom(1),
      scheduler: {
        requestTurn: () => {
          this.turnsRequested++;
        },
        requestTurnAt: () => {},
      },
      store: this.log,
      credentials: { hash: (password) => password, verify: (_password, _hash, done) => done(false) },
      onEvent: () => {},
    });
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
}

/** A message to the default exchange with this routing key and text. */
export function messageTo(routingKey: string, text = ''): Publication {
  return Publication.of('', routingKey, {}, new TextEncoder().encode(text));
}

export function bodyText(publication: Publication): string {
  const { body, bodyStart, bodyEnd } = publication;
  return new TextDecoder().decode(body.subarray(bodyStart, bodyEnd));
}
