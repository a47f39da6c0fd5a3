import { expect, test } from 'vitest';
import { AnswerReader } from './http-load.ts';

test('answers are found wherever their bytes are cut', () => {
  const stream = Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 503 Wait\r\ncontent-length: 0\r\n\r\n',
  );
  for (let size = 1; size <= stream.length; size++) {
    const statuses: number[] = [];
    const reader = new AnswerReader((status) => statuses.push(status));
    for (let at = 0; at < stream.length; at += size) reader.read(stream.subarray(at, at + size));
    expect(statuses).toEqual([200, 503]);
  }
});
