const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'];

/** A size for people, to about three digits: `512 bytes`, `1.50 MiB`, `32.0 MiB`, `345 GiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  let size = bytes;
  let unit = '';
  for (const larger of UNITS) {
    if (unit !== '' && size < 999.5) break;
    size /= 1024;
    unit = larger;
  }
  const digits = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return `${size.toFixed(digits)} ${unit}`;
}

/** A whole number with its thousands apart: `10 000 000`. */
export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** `1 queue`, `2 queues`. */
export function amountText(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}
