import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Style, styled } from '../terminal/style.ts';
import { visible } from '../terminal/text-width.ts';

/** For the names of processes, in turn; red and yellow are for what is wrong. */
const STYLES: readonly Style[] = ['cyan', 'magenta', 'green', 'blue'];

/** Lines of several processes on one terminal: `orders.1 | text`. */
export class PrefixedLines {
  readonly #write: (text: string) => void;
  readonly #hasColors: boolean;
  readonly #styles: Map<string, Style> = new Map();
  #width: number;

  /** `width`: of the longest name that is expected. */
  constructor(write: (text: string) => void, hasColors: boolean, width: number) {
    this.#write = write;
    this.#hasColors = hasColors;
    this.#width = width;
  }

  line(name: string, text: string, style: Style = 'plain'): void {
    this.#width = Math.max(this.#width, name.length);
    const prefix = styled(`${name.padEnd(this.#width)} |`, this.#styleOf(name), this.#hasColors);
    this.#write(`${prefix} ${styled(visible(text), style, this.#hasColors)}\n`);
  }

  /** What a process writes, line by line. */
  follow(name: string, streams: readonly (Readable | null)[]): void {
    for (const stream of streams) {
      if (stream !== null) createInterface({ input: stream }).on('line', (text) => this.line(name, text));
    }
  }

  /** Instances of one service look alike. */
  #styleOf(name: string): Style {
    const [service = name] = name.split('.');
    const known = this.#styles.get(service);
    if (known !== undefined) return known;
    const style = STYLES[this.#styles.size % STYLES.length] ?? 'plain';
    this.#styles.set(service, style);
    return style;
  }
}
