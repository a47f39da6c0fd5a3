/** JSON arrays that are made in slices, so that messages go on flowing, and handed over in pieces. */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { SlicedWork } from './work-slices.ts';

/** Characters of JSON that are handed over in one piece. */
export const PIECE_CHARACTERS: number = 64 * 1024;

/** The text of an array with the JSON of each item, as it is made. */
export async function* jsonArray<T>(
  items: Iterable<T>,
  json: (item: T) => unknown,
  work: SlicedWork,
): AsyncGenerator<string> {
  let text = '[';
  let separator = '';
  for (const item of items) {
    if (work.isDue) await work.pause();
    text += separator + JSON.stringify(json(item));
    separator = ',';
    if (text.length < PIECE_CHARACTERS) continue;
    yield text;
    text = '';
  }
  yield `${text}]`;
}

/** The same as a whole, for what must not go wrong once the answer has begun. */
export async function jsonArrayPieces<T>(
  items: Iterable<T>,
  json: (item: T) => unknown,
  work: SlicedWork,
): Promise<readonly string[]> {
  const pieces: string[] = [];
  for await (const piece of jsonArray(items, json, work)) pieces.push(piece);
  return pieces;
}

/** Answers with JSON that is there in pieces. They are no more put together than a socket needs them to be. */
export function sendPieces(reply: FastifyReply, pieces: readonly string[]): FastifyReply {
  reply.header('content-type', 'application/json; charset=utf-8');
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return reply.send(length <= 2 * PIECE_CHARACTERS ? pieces.join('') : Readable.from(pieces));
}
