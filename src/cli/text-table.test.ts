import { expect, test } from 'vitest';
import { textTable } from './text-table.ts';

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
