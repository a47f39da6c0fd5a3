/**
 * The one place where secrets are taken out of texts that are for people: logs, the audit log, errors. Nothing is meant to put one
 * in; strangers and libraries may, so this runs over every line all the same.
 */
const REDACTED = '[redacted]';

const SECRETS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // a JSON Web Token
  [/eyJ[\w-]{4,}\.[\w-]+\.[\w-]*/g, REDACTED],
  // a password hash of ours
  [/scrypt\$\d+\$\d+\$\d+\$[\w+/=]+\$[\w+/=]+/g, REDACTED],
  // amqp://user:password@host
  [/(:\/\/[^\s:@/]{0,255}:)[^\s@/]{1,1024}@/g, `$1${REDACTED}@`],
  // an Authorization header
  [/\b(Basic|Bearer) [\w+/=.~-]{6,}/gi, `$1 ${REDACTED}`],
  // "password": "...", password=...
  [
    /("?(?:password|password_hash|passwordHash|secret|token)"?\s*[:=]\s*)("[^"]{0,1024}"|[^\s,;}'"]{1,1024})/gi,
    `$1${REDACTED}`,
  ],
];

export function redact(text: string): string {
  let redacted = text;
  for (const [pattern, replacement] of SECRETS) redacted = redacted.replace(pattern, replacement);
  return redacted;
}
