import { randomBytes } from 'node:crypto';

const RANDOM_BYTES = 12;

/** Ids that nobody else makes: 96 random bits for the client, and a number for the message. */
export class MessageIds {
  readonly #prefix: string = randomBytes(RANDOM_BYTES).toString('base64url');
  #count = 0;

  next(): string {
    this.#count += 1;
    return `${this.#prefix}-${this.#count}`;
  }
}
