import { describe, expect, test } from 'vitest';
import { Output, type OutputStream, printableJson } from './output.ts';

class Written implements OutputStream {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(isTTY: boolean, columns = 80) {
    this.isTTY = isTTY;
    this.columns = columns;
  }

  write(text: string | Uint8Array, done?: () => void): void {
    this.text += String(text);
    done?.();
  }
}

describe('output', () => {
  test('is as wide as the terminal, and as it takes where it is piped', () => {
    expect(new Output(new Written(true, 60), new Written(true), {}).width).toBe(60);
    expect(new Output(new Written(false), new Written(true), {}).width).toBeUndefined();
  });

  test.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
  ])('on a terminal: %j, with %j has colours: %j', (isTTY, environment, hasColors) => {
    const output = new Output(new Written(isTTY), new Written(isTTY), environment);
    expect(output.hasColors).toBe(hasColors);
    expect(output.style('x', 'red') === 'x').toBe(!hasColors);
  });

  test('JSON is one line for a program, and indented for a person', () => {
    const [program, person] = [new Written(false), new Written(true)];
    new Output(program, program, {}).json({ a: [1] });
    new Output(person, person, {}).json({ a: [1] });
    expect(program.text).toBe('{"a":[1]}\n');
    expect(person.text).toBe('{\n  "a": [\n    1\n  ]\n}\n');
  });

  test('remarks are no part of the result', () => {
    const [result, remarks] = [new Written(false), new Written(false)];
    new Output(result, remarks, {}).remark('No queues.');
    expect([result.text, remarks.text]).toEqual(['', 'No queues.\n']);
  });
});

test('JSON keeps its value, and cannot move the cursor', () => {
  const value = { name: '\u001b\u009b\u202e\u2028', other: 'größe 注文 🐇', tag: '\u{e0041}' };
  const json = printableJson(value);
  expect(JSON.parse(json)).toEqual(value);
  expect(json).toContain('"\\u001b\\u009b\\u202e\\u2028"');
  expect(json).toContain('größe 注文 🐇');
  expect(json).toContain('\\udb40\\udc41');
});
