import { readU64 } from '../codec/bytes.ts';
import {
  type BasicProperties,
  CONTENT_HEADER_BODY_SIZE_AT,
  CONTENT_HEADER_PROPERTIES_AT,
  decodeProperties,
} from '../codec/properties.ts';
import type { MethodOf } from './method-of.ts';

/** The methods that are followed by a content header and body frames. */
export type ContentMethod = MethodOf<'basic.deliver'> | MethodOf<'basic.return'> | MethodOf<'basic.get-ok'>;

export interface ReceivedContent {
  readonly properties: BasicProperties;
  readonly body: Uint8Array;
}

const NO_CONTENT: ReceivedContent = { properties: {}, body: new Uint8Array(0) };

/** Puts one channel's content back together: a method, then its header, then as many body frames as the header says. */
export class ContentAssembler {
  readonly #onContent: (method: ContentMethod, content: ReceivedContent) => void;
  #method: ContentMethod | undefined;
  #content: ReceivedContent = NO_CONTENT;
  /** Bytes of the body that have come so far. */
  #position = 0;

  constructor(onContent: (method: ContentMethod, content: ReceivedContent) => void) {
    this.#onContent = onContent;
  }

  begin(method: ContentMethod): void {
    this.#method = method;
  }

  header(bytes: Uint8Array, start: number, end: number): void {
    const bodyBytes = readU64(bytes, start + CONTENT_HEADER_BODY_SIZE_AT);
    const properties = decodeProperties(bytes, start + CONTENT_HEADER_PROPERTIES_AT, end);
    this.#content = { properties, body: new Uint8Array(bodyBytes) };
    this.#position = 0;
    this.#finishWhenWhole();
  }

  body(bytes: Uint8Array, start: number, end: number): void {
    this.#content.body.set(bytes.subarray(start, end), this.#position);
    this.#position += end - start;
    this.#finishWhenWhole();
  }

  #finishWhenWhole(): void {
    const method = this.#method;
    if (method === undefined || this.#position < this.#content.body.length) {
      return;
    }
    const content = this.#content;
    this.#method = undefined;
    this.#content = NO_CONTENT;
    this.#onContent(method, content);
  }
}
