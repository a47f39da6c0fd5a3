import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';

/** A comment so often: proxies cut off what is silent for a minute, and a client that is gone is noticed. */
const KEEP_ALIVE_MS = 15_000;

interface EventStreamListeners {
  /** The reader, who was slow, has read what there was. */
  onDrain(): void;
  /** The client is gone, or the stream has ended. */
  onClose(): void;
}

/** The answer to a request as server-sent events, until somebody ends it. */
export class EventStream {
  readonly #reply: FastifyReply;
  readonly #response: ServerResponse;
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
    this.#response = reply.raw;
  }

  /** From now on nothing else may answer the request. `comment`: what comes before all events. */
  begin(comment: string, { onDrain, onClose }: EventStreamListeners): void {
    const response = this.#response;
    for (const [name, value] of Object.entries(this.#reply.getHeaders()))
      if (value !== undefined) response.setHeader(name, value);
    this.#reply.hijack();
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write(`: ${comment}\n\n`);
    this.#keepAlive = setInterval(() => response.write(': keep-alive\n\n'), KEEP_ALIVE_MS);
    response.on('drain', onDrain);
    response.on('close', () => {
      clearInterval(this.#keepAlive);
      onClose();
    });
  }

  /** `data`: without a line feed. Returns false when the reader is slow: nothing more should be sent until `onDrain`. */
  send(event: string, data: string, id?: string): boolean {
    const idLine = id === undefined ? '' : `id: ${id}\n`;
    return this.#response.write(`event: ${event}\n${idLine}data: ${data}\n\n`);
  }

  /** The last event says why nothing follows. */
  end(reason: string): void {
    clearInterval(this.#keepAlive);
    this.send('end', JSON.stringify({ reason }));
    this.#response.end();
  }
}
