import { hash } from 'node:crypto';

/** 192 bits: no two messages share an id by chance. */
const CHARACTERS = 32;

/** The id of the n-th message that a message sends in a part of a service: the same each time that it is tried. */
export function derivedId(messageId: string, service: string, part: string, index: number): string {
  return hash('sha256', `${messageId}\n${service}\n${part}\n${index}`, 'base64url').slice(0, CHARACTERS);
}

/** Names a batch by the messages in it: another batch that begins with the same message sends something else. */
export function batchId(messageIds: readonly string[]): string {
  return hash('sha256', messageIds.join('\n'), 'base64url').slice(0, CHARACTERS);
}
