/** Requests to the broker as its administrator, for what a test needs to be there and for what it looks up afterwards. */

export interface BrokerAnswer {
  readonly status: number;
  readonly json: ReturnType<typeof JSON.parse>;
}

export class BrokerApi {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Throws for what is refused. */
  async ask(method: string, path: string, body?: unknown): Promise<BrokerAnswer> {
    const answer = await this.send(method, path, body);
    if (answer.status >= 400)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.json)}`);
    return answer;
  }

  async send(method: string, path: string, body?: unknown): Promise<BrokerAnswer> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Basic ${btoa('guest:guest')}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: response.status, json: isJson ? JSON.parse(text) : text };
  }
}
