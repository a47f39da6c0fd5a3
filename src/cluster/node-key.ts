const PREFIX = 'node.';

/** The key of the node `name` in a bucket of NATS. What keys do not allow is written as its bytes: `=2E` for a dot. */
export function nodeKey(name: string): string {
  let key = PREFIX;
  for (const byte of new TextEncoder().encode(name)) {
    const char = String.fromCharCode(byte);
    key += /[A-Za-z0-9_-]/.test(char) ? char : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return key;
}

/** The other way round; undefined for a key that no node has written. */
export function nodeNameOf(key: string): string | undefined {
  try {
    return decodeURIComponent(key.slice(PREFIX.length).replaceAll('=', '%'));
  } catch {
    return undefined;
  }
}
