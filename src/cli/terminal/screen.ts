import type { OutputStream } from './output.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const CTRL_C = '\u0003';

/** The keyboard of the terminal: `process.stdin`. */
export interface Keyboard {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
  on(event: 'data', listener: (data: Buffer) => void): unknown;
  off(event: 'data', listener: (data: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** The terminal that a full-screen view is on: `process.stdout`. */
export interface Terminal extends OutputStream {
  readonly rows?: number;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

/** What a view waits for. A key is the character that was typed; Ctrl+C, and signals that end a process, are `end`. */
export type ScreenEvent =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'resize' | 'time' | 'end' };

/**
 * A full-screen view: the terminal's second screen, so that what was on the first one is there again afterwards. `close` gives
 * the terminal back; the end of the process does, too, whatever it ends by.
 */
export class Screen {
  readonly #terminal: Terminal;
  readonly #keyboard: Keyboard;
  readonly #events: ScreenEvent[] = [];
  #wake: (() => void) | undefined;
  #isOpen = true;

  constructor(terminal: Terminal, keyboard: Keyboard) {
    this.#terminal = terminal;
    this.#keyboard = keyboard;
    terminal.write(ENTER);
    terminal.on('resize', this.#onResize);
    keyboard.setRawMode?.(true);
    keyboard.on('data', this.#onData);
    keyboard.resume();
    process.on('exit', this.#onExit);
    for (const signal of SIGNALS) process.on(signal, this.#onEnd);
  }

  get width(): number {
    return this.#terminal.columns ?? 80;
  }

  get height(): number {
    return this.#terminal.rows ?? 24;
  }

  /** Lines that are too many are left out at the end. They must not be wider than the screen. */
  draw(lines: readonly string[]): void {
    const shown = lines.slice(0, this.height).map((line) => line + CLEAR_LINE_END);
    this.#terminal.write(HOME + shown.join('\r\n') + CLEAR_BELOW);
  }

  /** The next thing that happens; `time` when nothing does for `timeoutMs`. */
  async next(timeoutMs: number): Promise<ScreenEvent> {
    const event = this.#events.shift();
    if (event !== undefined) return event;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
    return this.#events.shift() ?? { kind: 'time' };
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#terminal.off('resize', this.#onResize);
    this.#keyboard.off('data', this.#onData);
    this.#keyboard.setRawMode?.(false);
    this.#keyboard.pause();
    process.off('exit', this.#onExit);
    for (const signal of SIGNALS) process.off(signal, this.#onEnd);
    this.#terminal.write(LEAVE);
  }

  #push(event: ScreenEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  readonly #onData = (data: Buffer): void => {
    for (const key of data.toString('utf8'))
      this.#push(key === CTRL_C ? { kind: 'end' } : { kind: 'key', key });
  };

  readonly #onResize = (): void => this.#push({ kind: 'resize' });
  readonly #onEnd = (): void => this.#push({ kind: 'end' });
  readonly #onExit = (): void => this.close();
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
