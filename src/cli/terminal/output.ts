import { hasColors, type Style, styled } from './style.ts';
import { visible } from './text-width.ts';

/** The part of `process.stdout` that commands write to. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string | Uint8Array, done?: (error?: Error | null) => void): unknown;
}

/** Standard output as commands see it. */
export class Output {
  readonly hasColors: boolean;
  readonly isTerminal: boolean;
  readonly #stream: OutputStream;
  readonly #errors: OutputStream;

  constructor(stream: OutputStream, errors: OutputStream, environment: NodeJS.ProcessEnv = process.env) {
    this.#stream = stream;
    this.#errors = errors;
    this.hasColors = hasColors(stream, environment);
    this.isTerminal = stream.isTTY === true;
  }

  /** Columns of the terminal; undefined where the output is piped, and nothing has to be shortened. */
  get width(): number | undefined {
    return this.isTerminal ? this.#stream.columns : undefined;
  }

  lines(lines: readonly string[]): void {
    if (lines.length > 0) this.#stream.write(`${lines.join('\n')}\n`);
  }

  /** Bytes as they are: for bodies that go into a file or a pipe. */
  bytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  /** Resolves when all of it has been passed on: to false when whoever read it has gone. */
  flushed(): Promise<boolean> {
    return new Promise((resolve) => this.#stream.write('', (error) => resolve(!error)));
  }

  /** One document, indented for a person and on one line for a program. */
  json(value: unknown): void {
    this.#stream.write(`${printableJson(value, this.isTerminal ? 2 : undefined)}\n`);
  }

  /** One line of JSON, of a stream of documents. */
  jsonLine(value: unknown): void {
    this.#stream.write(`${printableJson(value)}\n`);
  }

  /** For the person at the terminal, and no part of the result. */
  remark(line: string): void {
    this.#errors.write(`${line}\n`);
  }

  style(text: string, style: Style): string {
    return styled(text, style, this.hasColors);
  }
}

/** JSON of the same value, in which nothing can move the cursor: JSON itself lets some such characters stand. */
export function printableJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, undefined, indent);
  return json.replace(/[^\x20-\x7e\n]+/g, (text) =>
    [...text].map((each) => (visible(each) === each ? each : jsonEscape(each))).join(''),
  );
}

function jsonEscape(character: string): string {
  return Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
    .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
    .join('');
}
