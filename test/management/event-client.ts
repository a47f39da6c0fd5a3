import { onTestFinished } from 'vitest';

export interface ServerSentEvent<T> {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: T;
}

/** A client of server-sent events that reads one at a time. */
export class EventClient<T> {
  readonly response: Response;
  /** What came before all events. */
  comment = '';
  readonly #abort: AbortController;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = '';

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.#reader = response.body?.pipeThrough(new TextDecoderStream()).getReader() as never;
    onTestFinished(() => this.close());
  }

  static async open<T>(url: string, headers: Record<string, string>): Promise<EventClient<T>> {
    const abort = new AbortController();
    const response = await fetch(url, { headers, signal: abort.signal });
    const client = new EventClient<T>(response, abort);
    client.comment = await client.#block();
    return client;
  }

  async next(): Promise<ServerSentEvent<T>> {
    let block = await this.#block();
    while (block === ': keep-alive') block = await this.#block();
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const colon = line.indexOf(': ');
      fields.set(line.slice(0, colon), line.slice(colon + 2));
    }
    return {
      event: fields.get('event') ?? '',
      id: fields.get('id'),
      data: JSON.parse(fields.get('data') ?? ''),
    };
  }

  close(): void {
    this.#abort.abort();
  }

  async #block(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return block;
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error('the stream has ended');
      this.#text += value;
    }
  }
}
