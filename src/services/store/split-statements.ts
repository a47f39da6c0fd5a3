export interface Statement {
  readonly text: string;
  /** Where it begins, from 1. */
  readonly line: number;
}

/**
 * One token that may hide a semicolon: a comment, a string, a quoted name, a text between dollars. Else a word, a semicolon, or
 * any other character. A comment of PostgreSQL may hold comments, of which two levels are known here.
 */
const TOKEN =
  /--[^\n]*|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*)|\/\*(?:[^*]|\*(?!\/))*\*\/)*\*\/|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\$(\w*)\$[\s\S]*?\$\1\$|[A-Za-z_]\w*|;|\s+|[\s\S]/gy;

/** Cuts a file of SQL into its statements. The body of a trigger or function, from `begin` to `end;`, is not cut. */
export function splitStatements(text: string): Statement[] {
  const statements: Statement[] = [];
  let current = new Scan(0);
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === ';' && !current.isInBody) {
      current.addTo(statements, text, index);
      current = new Scan(index + 1);
    } else {
      current.see(token, index);
    }
  }
  current.addTo(statements, text, text.length);
  return statements;
}

/** A statement that is being read. */
class Scan {
  isInBody = false;
  #from: number;
  #isEmpty = true;
  #before = '';
  #makesBody = false;
  #words = 0;

  constructor(from: number) {
    this.#from = from;
  }

  see(token: string, index: number): void {
    if (/^(\s|--|\/\*)/.test(token)) return;
    if (this.#isEmpty) this.#from = index;
    this.#isEmpty = false;
    const word = token.toLowerCase();
    if (/^[a-z_]/.test(word)) this.#words += 1;
    if (this.#words <= 5 && (word === 'trigger' || word === 'function' || word === 'procedure')) {
      this.#makesBody = true;
    }
    if (this.#makesBody && word === 'begin') this.isInBody = true;
    // `end` after a semicolon ends the body. That of a `case` follows an expression.
    if (this.isInBody && word === 'end' && this.#before === ';') this.isInBody = false;
    this.#before = word;
  }

  addTo(statements: Statement[], text: string, end: number): void {
    if (this.#isEmpty) return;
    const line = text.slice(0, this.#from).split('\n').length;
    statements.push({ text: text.slice(this.#from, end).trim(), line });
  }
}
