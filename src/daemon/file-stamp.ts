import { statSync } from 'node:fs';

/**
 * Changes whenever the file does, or what it points to when it is a link. A file that cannot be looked at, because it or the
 * right to see it has gone, has a stamp as well: what to do about that is for whoever reads it.
 */
export function fileStamp(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
