/** Arguments and headers as they are typed: a name, a type and a text each, which may be wrong for a while. */

export const ARGUMENT_TYPES = ['string', 'number', 'boolean', 'list', 'json'] as const;
export type ArgumentType = (typeof ARGUMENT_TYPES)[number];

export interface ArgumentRow {
  readonly name: string;
  readonly type: ArgumentType;
  /** A list has its items between commas. */
  readonly text: string;
}

export type ArgumentValues = Readonly<Record<string, unknown>>;

/** - repeated: a row above has the same name. */
export type ArgumentProblem = 'nameless' | 'repeated' | 'number' | 'json';

export const EMPTY_ROW: ArgumentRow = { name: '', type: 'string', text: '' };

export function argumentRowsOf(values: ArgumentValues): readonly ArgumentRow[] {
  return Object.entries(values).map(([name, value]) => ({ name, ...typedText(value) }));
}

function typedText(value: unknown): Omit<ArgumentRow, 'name'> {
  switch (typeof value) {
    case 'string':
      return { type: 'string', text: value };
    case 'number':
      return { type: 'number', text: String(value) };
    case 'boolean':
      return { type: 'boolean', text: String(value) };
    default:
      return isPlainList(value)
        ? { type: 'list', text: value.join(', ') }
        : { type: 'json', text: JSON.stringify(value) };
  }
}

/** Whether its items can be told apart again when they are written with commas between them. */
function isPlainList(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every(
      (item) => typeof item === 'string' && item !== '' && item === item.trim() && !item.includes(','),
    )
  );
}

/** What the rows say; undefined while one of them is wrong. Rows without a name and a text do not count. */
export function argumentsOf(rows: readonly ArgumentRow[]): ArgumentValues | undefined {
  if (argumentProblems(rows).some((problem) => problem !== undefined)) return undefined;
  // fromEntries defines its fields: a name such as __proto__ is one like any other
  return Object.fromEntries(rows.filter(isFilled).map((row) => [row.name, typedValue(row)]));
}

/** One for each row; undefined where nothing is wrong. */
export function argumentProblems(rows: readonly ArgumentRow[]): readonly (ArgumentProblem | undefined)[] {
  const names = new Set<string>();
  return rows.map((row) => {
    const isRepeated = names.has(row.name);
    names.add(row.name);
    if (!isFilled(row)) return undefined;
    if (row.name === '') return 'nameless';
    return isRepeated ? 'repeated' : textProblem(row);
  });
}

function isFilled({ name, text }: ArgumentRow): boolean {
  return name !== '' || text !== '';
}

function textProblem({ type, text }: ArgumentRow): ArgumentProblem | undefined {
  if (type === 'number') return isNumber(text) ? undefined : 'number';
  if (type === 'json') return parsedJson(text) === undefined ? 'json' : undefined;
  return undefined;
}

/** A whole number that JavaScript would round is none: it would arrive as another one. */
function isNumber(text: string): boolean {
  const number = Number(text);
  return (
    text.trim() !== '' &&
    Number.isFinite(number) &&
    (!Number.isInteger(number) || Number.isSafeInteger(number))
  );
}

function typedValue({ type, text }: ArgumentRow): unknown {
  switch (type) {
    case 'string':
      return text;
    case 'number':
      return Number(text);
    case 'boolean':
      return text === 'true';
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    case 'json':
      return parsedJson(text);
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
