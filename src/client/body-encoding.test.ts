import { expect, test } from 'vitest';
import { type Body, decodeBody, decodeJson, decodeText, encodeBody } from './body-encoding.ts';
import { BodyUnreadable } from './client-failures.ts';

test('the content-type says what a body was', () => {
  const types = (['text', new Uint8Array(1), { a: 1 }, 1, null] as Body[]).map(
    (body) => encodeBody(body, undefined).contentType,
  );
  const json = 'application/json';
  expect(types).toEqual(['text/plain', 'application/octet-stream', json, json, json]);
  expect(encodeBody('{}', 'application/json').bytes).toEqual(encodeBody('{}', undefined).bytes);
  expect(encodeBody({ a: 1 }, 'application/cloudevents+json').contentType).toBe(
    'application/cloudevents+json',
  );
});

test.each([new Map(), new Set(), Promise.resolve(), new ArrayBuffer(1), new Float32Array(1), () => 1])(
  'what JSON would make nonsense of is refused: %s',
  (body) => {
    expect(() => encodeBody(body, undefined)).toThrow(TypeError);
  },
);

test('a value needs a JSON content-type', () => {
  expect(() => encodeBody({}, 'text/plain')).toThrow("body: found a value for the content-type 'text/plain'");
});

test('a body is read by its content-type', () => {
  const bytes = encodeBody({ a: 'ü' }, undefined).bytes;
  for (const type of [
    'application/json',
    'application/json; charset=utf-8',
    'application/vnd.x+json',
    'Application/JSON',
  ])
    expect(decodeBody(bytes, type)).toEqual({ a: 'ü' });
  expect(decodeBody(bytes, 'text/plain; charset=utf-8')).toBe('{"a":"ü"}');
  for (const type of [undefined, 'application/octet-stream', 'application/jsonlines'])
    expect(decodeBody(bytes, type)).toBe(bytes);
});

test('what is not what it should be is told', () => {
  expect(() => decodeJson(new TextEncoder().encode('{'))).toThrow(BodyUnreadable);
  expect(() => decodeText(new Uint8Array([0xff]))).toThrow(BodyUnreadable);
  expect(decodeText(new TextEncoder().encode('\ufefftext'))).toBe('\ufefftext');
});
