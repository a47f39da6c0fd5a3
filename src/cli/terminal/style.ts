/** How something is shown on a terminal that has colours. */
export type Style = 'plain' | 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'blue' | 'magenta' | 'cyan';

const CODES: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '1',
  dim: '2',
  red: '31',
  yellow: '33',
  green: '32',
  blue: '34',
  magenta: '35',
  cyan: '36',
};

export function styled(text: string, style: Style, hasColors: boolean): string {
  return !hasColors || style === 'plain' || text === '' ? text : `\u001b[${CODES[style]}m${text}\u001b[0m`;
}

/** Whether to use colours on `stream`: on a terminal, unless NO_COLOR is set (no-color.org) or it is a dumb one. */
export function hasColors(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return stream.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
}
