import type { ChildProcess } from 'node:child_process';
import { isInstanceReport } from '../../services/supervisor/instance-report.ts';

export interface ReloadingProcessHost {
  spawn(): ChildProcess;
  onReady(services: readonly string[], startMs: number): void;
  /** It ended without being asked to. `restartMs` is undefined when it never got ready: then it takes a change of the files. */
  onExit(how: string, restartMs: number | undefined): void;
}

const STOP_GRACE_MS = 10_000;
const RESTART_MS = 1_000;

/** A process that is started anew when the files change that it is made of: the old one finishes what it does before the new one starts. */
export class ReloadingProcess {
  readonly #host: ReloadingProcessHost;
  #child: ChildProcess | undefined;
  #isReloading = false;
  #isDue = false;
  #isStopped = false;
  #restart: NodeJS.Timeout | undefined;

  constructor(host: ReloadingProcessHost) {
    this.#host = host;
  }

  /** Starts it, or starts it anew. What is asked for while that is under way happens once more behind it. */
  async reload(): Promise<void> {
    this.#isDue = true;
    if (this.#isReloading) return;
    this.#isReloading = true;
    while (this.#isDue && !this.#isStopped) {
      this.#isDue = false;
      await this.#stopChild();
      if (!this.#isStopped) this.#start();
    }
    this.#isReloading = false;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#stopChild();
  }

  #start(): void {
    const startedMs = performance.now();
    const child = this.#host.spawn();
    let isReady = false;
    this.#child = child;
    child.on('message', (message) => {
      if (!isInstanceReport(message) || message.type !== 'ready') return;
      isReady = true;
      this.#host.onReady(message.services, performance.now() - startedMs);
    });
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      if (isReady) this.#restart = setTimeout(() => void this.reload(), RESTART_MS);
      this.#host.onExit(signal ?? `exit code ${code}`, isReady ? RESTART_MS : undefined);
    });
  }

  async #stopChild(): Promise<void> {
    clearTimeout(this.#restart);
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }
}
