/** Where a text stops being JSON, for messages: what `JSON.parse` throws names a position in some cases only. */

/** Everything that is neither an object nor an array. */
const SCALAR =
  /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;
const SPACE = /[ \t\r\n]*/y;

/** The offset of the first character that cannot be; undefined when `text` is JSON. */
export function jsonErrorAt(text: string): number | undefined {
  const scanner = new JsonScanner(text);
  return scanner.value() && scanner.end() ? undefined : scanner.at;
}

/** Each method returns false when the text is not what it takes; `at` is then where. */
class JsonScanner {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  value(): boolean {
    this.#match(SPACE);
    if (this.#take('{')) return this.#list('}', () => this.#member());
    if (this.#take('[')) return this.#list(']', () => this.value());
    return this.#match(SCALAR);
  }

  end(): boolean {
    this.#match(SPACE);
    return this.at === this.#text.length;
  }

  #member(): boolean {
    return this.#text[this.at] === '"' && this.#match(SCALAR) && this.#take(':') && this.value();
  }

  #list(close: string, element: () => boolean): boolean {
    if (this.#take(close)) return true;
    do {
      if (!element()) return false;
    } while (this.#take(','));
    return this.#take(close);
  }

  #take(character: string): boolean {
    this.#match(SPACE);
    if (this.#text[this.at] !== character) return false;
    this.at++;
    this.#match(SPACE);
    return true;
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text);
    if (found === null) return false;
    this.at += found[0].length;
    return true;
  }
}
