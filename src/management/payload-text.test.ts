import { expect, test } from 'vitest';
import { payloadText } from './payload-text.ts';

test('UTF-8 is shown as text, and all else as base64', () => {
  expect(payloadText(Buffer.from('schön'), 'auto')).toEqual({ text: 'schön', isBase64: false });
  expect(payloadText(new Uint8Array([0xff]), 'auto')).toEqual({ text: '/w==', isBase64: true });
  expect(payloadText(Buffer.from('text'), 'base64')).toEqual({ text: 'dGV4dA==', isBase64: true });
});

test('whatever a message holds, JSON can say it', () => {
  const { text } = payloadText(new Uint8Array(128 * 2 ** 20), 'auto');
  expect(JSON.stringify(text).length).toBeGreaterThan(128 * 2 ** 20);
});
