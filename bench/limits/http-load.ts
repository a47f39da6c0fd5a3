import { connect, type Socket } from 'node:net';

/** A load of one request over and over, on connections that stay open, each with one request under way. */
export interface HttpLoad {
  /** `http://127.0.0.1:15672` */
  readonly httpUrl: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
  readonly connectionCount: number;
}

const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /content-length: (\d+)/i;

/**
 * Sends and counts answers. Written to cost little: a client library would be slower than the broker, and be measured in its
 * place.
 */
export class HttpGenerator {
  /** Answers with the status 200. */
  answeredCount = 0;
  /** The first answer that was none. */
  failure: string | undefined;
  readonly #request: Buffer;
  readonly #load: HttpLoad;
  readonly #sockets: Socket[] = [];

  constructor(load: HttpLoad) {
    const { path, contentType, body } = load;
    const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
    this.#load = load;
    this.#request = Buffer.from(
      `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: ${authorization}\r\n` +
        `content-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}${HEAD_END}${body}`,
    );
  }

  start(): void {
    for (let count = 0; count < this.#load.connectionCount; count++) this.#open();
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #open(): void {
    const { hostname, port } = new URL(this.#load.httpUrl);
    const socket = connect(Number(port), hostname);
    const reader = new AnswerReader((status) => {
      if (status === 200) this.answeredCount++;
      else this.failure ??= `answered with ${status}`;
      socket.write(this.#request);
    });
    socket.setNoDelay(true);
    socket.on('connect', () => socket.write(this.#request));
    socket.on('data', (chunk) => reader.read(chunk));
    socket.on('error', (error) => {
      this.failure ??= error.message;
    });
    this.#sockets.push(socket);
  }
}

/** Finds where answers with a content-length end. */
export class AnswerReader {
  #text = '';
  readonly #onAnswer: (status: number) => void;

  constructor(onAnswer: (status: number) => void) {
    this.#onAnswer = onAnswer;
  }

  read(chunk: Buffer): void {
    this.#text += chunk.toString('latin1');
    for (;;) {
      const headEnd = this.#text.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const head = this.#text.slice(0, headEnd);
      const end = headEnd + HEAD_END.length + Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0);
      if (this.#text.length < end) return;
      this.#text = this.#text.slice(end);
      this.#onAnswer(Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length)));
    }
  }
}
