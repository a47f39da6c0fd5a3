import type { IncomingMessage, ServerResponse } from 'node:http';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Who answers the requests to a node that changes its role. */
export class SwitchedHttp {
  /** From the next request on. */
  handler: RequestHandler;
  /** For a listener. */
  readonly onRequest: RequestHandler = (request, response) => this.handler(request, response);

  constructor(handler: RequestHandler) {
    this.handler = handler;
  }
}
