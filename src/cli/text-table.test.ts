import { describe, expect, test } from 'vitest';
import { textWidth } from './terminal/text-width.ts';
import { type Column, textTable } from './text-table.ts';

test('cells stand under their titles, numbers to the right', () => {
  const columns = [
    { title: 'file', align: 'left' },
    { title: 'size', align: 'right' },
    { title: 'note', align: 'left' },
  ] as const;
  const rows = [
    ['main-1', '32.0 MiB', ''],
    ['a', '7', 'damaged'],
  ];
  expect(textTable(columns, rows)).toEqual([
    'file        size  note',
    'main-1  32.0 MiB',
    'a              7  damaged',
  ]);
});

test('without rows there are the titles', () => {
  expect(textTable([{ title: 'file', align: 'left' }], [])).toEqual(['file']);
});

describe('a table that is wider than the terminal', () => {
  const columns: readonly Column[] = [
    { title: 'name', align: 'left' },
    { title: 'type', align: 'left', dropRank: 2 },
    { title: 'ready', align: 'right' },
    { title: 'state', align: 'left', dropRank: 1 },
  ];
  const rows = [
    ['a-queue-with-quite-a-long-name', 'classic', '12 345', 'running'],
    ['short', 'quorum', '1', 'idle'],
  ];

  test.each([
    [80, 'name type ready state', 'a-queue-with-quite-a-long-name'],
    [52, 'name type ready state', 'a-queue-with-…-a-long-name'],
    [44, 'name ready state', 'a-queue-with-…e-a-long-name'],
    [34, 'name ready', 'a-queue-with-…-a-long-name'],
    [20, 'name ready', 'a-queu…-name'],
  ])('of %i columns has %j, and names shortened in their middle', (width, titles, name) => {
    const [head = '', first = ''] = textTable(columns, rows, { width });
    expect(head.split(/ +/).join(' ')).toBe(titles);
    expect(first.split('  ')[0]).toBe(name);
  });

  test.each([20, 30, 40, 52, 60, 80])('never takes more than %i columns', (width) => {
    for (const line of textTable(columns, rows, { width }))
      expect(textWidth(line)).toBeLessThanOrEqual(width);
  });
});

test('colours do not disturb the columns', () => {
  const columns = [
    { title: 'state', align: 'left' },
    { title: 'ready', align: 'right' },
  ] as const;
  const rows = [[{ text: 'down', style: 'red' } as const, '1']];
  expect(textTable(columns, rows, { hasColors: true })).toEqual([
    '\u001b[2mstate\u001b[0m  \u001b[2mready\u001b[0m',
    '\u001b[31mdown\u001b[0m       1',
  ]);
});
