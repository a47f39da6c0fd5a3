import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpPassThrough } from './http-pass-through.ts';
import { answerJson, answerText, answerUnavailable, NO_OWNER, pathOf } from './standby-answer.ts';

/** What a node answers itself, without asking the owner: a value that is sent as JSON, or a text. */
export type OwnAnswer =
  | { readonly status: number; readonly body: unknown }
  | { readonly text: string; readonly contentType: string };

export interface StandbyHttpOptions {
  /** By path, without a slash at its end: what this node says itself. Nobody has to log in for it. */
  readonly routes: ReadonlyMap<string, () => OwnAnswer>;
  /** For everything else. Absent: it is refused, naming the owner. */
  readonly passThrough: HttpPassThrough | undefined;
  /** The name of the owner; undefined while none is known. */
  owner(): string | undefined;
}

/** Answers the requests to a node that does not own the log. */
export function makeStandbyHttp(
  options: StandbyHttpOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const route = options.routes.get(pathOf(request));
    if (route !== undefined) answerSelf(route, request, response);
    else if (options.passThrough !== undefined) options.passThrough.handle(request, response);
    else answerUnavailable({ request, response }, 503, refusalText(options.owner()));
  };
}

function answerSelf(route: () => OwnAnswer, request: IncomingMessage, response: ServerResponse): void {
  const { method } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    const detail = `${method} is not allowed here, but GET, HEAD`;
    answerJson(response, 405, { status: 405, title: 'Not with this method', detail }, { allow: 'GET, HEAD' });
    return;
  }
  const answer = route();
  if ('text' in answer) answerText(response, 200, answer.text, { 'content-type': answer.contentType });
  else answerJson(response, answer.status, answer.body);
}

function refusalText(owner: string | undefined): string {
  if (owner === undefined) return NO_OWNER;
  return `this node stands by and takes no clients (--standby refuse): ask node '${owner}', which owns the log`;
}
