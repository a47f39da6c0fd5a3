/** Bodies that are no text, as bytes in rows of 16: where, in hexadecimal, and as ASCII. */

const ROW = 16;

export interface BytesShown {
  readonly text: string;
  readonly bytes: number;
}

/** The first `max` bytes of what is written in base64. */
export function hexRows(base64: string, max: number): BytesShown {
  const binary = atob(base64.slice(0, Math.ceil(max / 3) * 4)).slice(0, max);
  const rows: string[] = [];
  for (let at = 0; at < binary.length; at += ROW) rows.push(hexRow(binary.slice(at, at + ROW), at));
  return { text: rows.join('\n'), bytes: binary.length };
}

function hexRow(bytes: string, at: number): string {
  const codes = Array.from(bytes, (byte) => byte.charCodeAt(0));
  const hex = codes.map((code) => code.toString(16).padStart(2, '0')).join(' ');
  const ascii = codes.map((code) => (code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '.')).join('');
  return `${at.toString(16).padStart(6, '0')}  ${hex.padEnd(ROW * 3 - 1)}  ${ascii}`;
}
