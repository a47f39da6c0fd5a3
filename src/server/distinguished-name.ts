/** Between the attributes of one part. A plus in a value has a backslash in front of it. */
const PART_SEPARATOR = ' + ';

/**
 * Names of certificates as text. Node gives a distinguished name as lines, one for each part, in the order of the certificate
 * and with the escapes of RFC 2253; RabbitMQ, and RFC 4514, put the last part first, with commas in between. '' for a name
 * without any part, which Node gives as undefined: what such a certificate is for is in its alternative names.
 */
export function distinguishedName(lines: string | undefined): string {
  return partsOf(lines)
    .map((part) => part.replaceAll(PART_SEPARATOR, '+'))
    .reverse()
    .join(',');
}

/** The value of the one attribute that is called `attribute` (like `CN`); undefined when there is none, or more than one. */
export function attributeOf(lines: string | undefined, attribute: string): string | undefined {
  const attributes = partsOf(lines).flatMap((part) => part.split(PART_SEPARATOR));
  const values = attributes.filter((each) => each.startsWith(`${attribute}=`));
  return values.length === 1 ? unescaped((values[0] ?? '').slice(attribute.length + 1)) : undefined;
}

/** The first alternative name of a kind (like `DNS`), of the list that Node gives: `DNS:a, URI:"b, c"`. */
export function alternativeName(list: string, kind: string): string | undefined {
  for (const [, found, quoted, plain] of list.matchAll(
    /([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))(?:, |$)/g,
  )) {
    if (found !== kind) continue;
    return quoted === undefined ? plain : String(JSON.parse(quoted));
  }
  return undefined;
}

function partsOf(lines = ''): string[] {
  return lines.split('\n').filter((line) => line !== '');
}

/** RFC 2253: a backslash before a special character, or before two hexadecimal digits of a byte. */
function unescaped(value: string): string {
  return value.replace(/\\(?:([0-9A-Fa-f]{2})|(.))/g, (_, hex: string | undefined, character: string) =>
    hex === undefined ? character : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
