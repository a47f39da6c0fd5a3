import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { VirtualTimers } from '../../testing/virtual-timers.ts';
import type { InstanceProcess } from './instance.ts';
import type { InstanceReport } from './instance-report.ts';
import { Supervisor, type SupervisorEvent } from './supervisor.ts';

/** A process that does what the test says. */
class FakeProcess extends EventEmitter {
  readonly pid: number;
  readonly signals: string[] = [];
  readonly service: string;
  readonly number: number;

  constructor(pid: number, service: string, number: number) {
    super();
    this.pid = pid;
    this.service = service;
    this.number = number;
  }

  kill(signal: string): boolean {
    this.signals.push(signal);
    return true;
  }

  tell(report: InstanceReport): void {
    this.emit('message', report);
  }

  ready(): void {
    this.tell({ type: 'ready', services: [this.service] });
  }

  progress(handledCount: number): void {
    this.tell({ type: 'progress', isReady: true, handledCount, inFlight: 0 });
  }

  exit(code: number | null, signal: string | null = null): void {
    this.emit('exit', code, signal);
  }
}

/** A supervisor of one service, with processes and queues that the test makes up. */
class Scene {
  readonly processes: FakeProcess[] = [];
  readonly events: SupervisorEvent[] = [];
  readonly supervisor: Supervisor;
  queued = 0;
  isBrokerAway = false;
  readonly #timers: VirtualTimers;
  #nowMs = 0;

  constructor(scale: { min: number; max: number }) {
    this.#timers = new VirtualTimers(() => this.#nowMs);
    this.supervisor = new Supervisor({
      services: [{ name: 'mails', queues: ['mails.in'], scale: { ...scale, delayMs: 2_000 } }],
      clock: this.#timers,
      random: () => 1,
      spawn: (service, number) => this.#spawn(service, number),
      readyCount: async () => {
        if (this.isBrokerAway) throw new Error('no broker');
        return this.queued;
      },
      onEvent: (event) => this.events.push(event),
    });
    this.supervisor.start();
  }

  /** `each` happens every half a second. */
  async pass(ms: number, each: () => void = () => {}): Promise<void> {
    const endMs = this.#nowMs + ms;
    while (this.#nowMs < endMs) {
      this.#nowMs += 250;
      if (this.#nowMs % 500 === 0) each();
      while (this.#timers.runNext()) await Promise.resolve();
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  }

  running(): FakeProcess[] {
    return this.processes.filter(({ signals }) => signals.length === 0);
  }

  scalings(): string[] {
    return this.events.flatMap((event) => (event.type === 'scaled' ? [`${event.from} -> ${event.to}`] : []));
  }

  restartDelays(): number[] {
    return this.events.flatMap((event) =>
      event.type === 'instance' && event.change.type === 'exited' ? [event.change.restartMs] : [],
    );
  }

  #spawn(service: string, number: number): InstanceProcess {
    const started = new FakeProcess(this.processes.length + 1, service, number);
    this.processes.push(started);
    return started as unknown as InstanceProcess;
  }
}

describe('an instance', () => {
  test('that ends is started again, after longer and longer pauses', async () => {
    const scene = new Scene({ min: 1, max: 1 });
    for (let count = 1; count <= 9; count += 1) {
      scene.processes.at(-1)?.exit(1);
      await scene.pass(30_000);
      expect(scene.processes.length).toBe(count + 1);
    }
    expect(scene.restartDelays()).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('that was healthy for 30 s is started again as soon as the first time', async () => {
    const scene = new Scene({ min: 1, max: 1 });
    for (let count = 0; count < 3; count += 1) {
      scene.processes.at(-1)?.exit(1);
      await scene.pass(5_000);
    }
    scene.processes.at(-1)?.ready();
    await scene.pass(30_000);
    scene.processes.at(-1)?.exit(null, 'SIGKILL');
    expect(scene.restartDelays()).toEqual([500, 1_000, 2_000, 500]);
  });

  test('is asked to stop, and ended when it does not', async () => {
    const scene = new Scene({ min: 2, max: 2 });
    const [first, second] = scene.processes;
    const stopped = scene.supervisor.stop(10_000);
    first?.exit(0);
    await scene.pass(9_750);
    expect([first?.signals, second?.signals]).toEqual([['SIGTERM'], ['SIGTERM']]);
    await scene.pass(250);
    expect(second?.signals).toEqual(['SIGTERM', 'SIGKILL']);
    second?.exit(null, 'SIGKILL');
    await stopped;
    await scene.pass(60_000);
    expect(scene.processes.length).toBe(2);
  });

  test('that pauses before its next start is stopped at once', async () => {
    const scene = new Scene({ min: 1, max: 1 });
    scene.processes[0]?.exit(1);
    await scene.supervisor.stop(10_000);
    await scene.pass(60_000);
    expect(scene.processes.length).toBe(1);
  });
});

describe('a service that scales', () => {
  /** Each instance handles 50 messages in half a second. */
  async function underLoad(scene: Scene, seconds: number): Promise<void> {
    let handled = 0;
    await scene.pass(seconds * 1000, () => {
      for (const each of scene.running()) each.ready();
      handled += 50;
      for (const each of scene.running()) each.progress(handled);
    });
  }

  test('has more instances while its queue is too long, and gives them back one at a time', async () => {
    const scene = new Scene({ min: 1, max: 3 });
    scene.queued = 1_000;
    await underLoad(scene, 5);
    expect(scene.scalings()).toEqual(['1 -> 3']);
    expect(scene.running().map(({ number }) => number)).toEqual([1, 2, 3]);
    scene.queued = 0;
    await scene.pass(29_000);
    expect(scene.scalings()).toEqual(['1 -> 3']);
    await scene.pass(4_000);
    expect(scene.scalings()).toEqual(['1 -> 3', '3 -> 2']);
    expect(scene.running().map(({ number }) => number)).toEqual([1, 2]);
    await scene.pass(30_000);
    expect(scene.running().map(({ number }) => number)).toEqual([1]);
    await scene.pass(120_000);
    expect(scene.running().length).toBe(1);
  });

  test('is left as it is while the broker does not answer, which is told once', async () => {
    const scene = new Scene({ min: 1, max: 3 });
    scene.processes[0]?.ready();
    scene.queued = 1_000;
    scene.isBrokerAway = true;
    await underLoad(scene, 5);
    expect(scene.scalings()).toEqual([]);
    expect(scene.events.filter(({ type }) => type === 'unsampled').length).toBe(1);
    scene.isBrokerAway = false;
    await underLoad(scene, 5);
    expect(scene.scalings()).toEqual(['1 -> 3']);
  });

  test('does not count what an instance handled as lost when that instance ends', async () => {
    const scene = new Scene({ min: 1, max: 3 });
    scene.queued = 1_000;
    await underLoad(scene, 5);
    scene.queued = 0;
    await scene.pass(33_000);
    scene.processes[2]?.exit(0);
    await scene.pass(2_000);
    const rates = scene.events.flatMap((event) =>
      event.type === 'sampled' ? [event.flow.handledPerSecond] : [],
    );
    expect(Math.min(...rates)).toBe(0);
  });
});
