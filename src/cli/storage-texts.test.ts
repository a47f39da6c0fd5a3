import { describe, expect, test } from 'vitest';
import { inspectionText, salvageText, verificationText } from './storage-texts.ts';

const MIB = 2 ** 20;
const loss = { file: 'main-0000000002.log', offset: 4961, bytes: 58_233, text: 'damaged: block 622 is lost' };
const lossLines = [
  '  file                 offset  bytes  what',
  '  main-0000000002.log    4961  58233  damaged: block 622 is lost',
];

function segment(file: string, messageCount: number): object {
  const records = { message: messageCount, settled: 2, note: 0, reach: 1, definition: 4, block: 9 };
  return { file, bytes: 32 * MIB, blockCount: 8, records, liveBytes: 24 * MIB, deadBytes: 8 * MIB };
}

test('what a data directory holds is a line for each file, and their sum', () => {
  const streams = [
    { stream: 'main', segments: [segment('main-1', 1000), segment('main-2', 20)] },
    { stream: 'cold', segments: [segment('cold-1', 3)] },
  ] as unknown as Parameters<typeof inspectionText>[0];
  expect(inspectionText(streams).split('\n').slice(0, 5)).toEqual([
    'file        size      live      dead  blocks  messages  settled  notes  reaches  definitions',
    'main-1  32.0 MiB  24.0 MiB  8.00 MiB       8     1 000        2      0        1            4',
    'main-2  32.0 MiB  24.0 MiB  8.00 MiB       8        20        2      0        1            4',
    'cold-1  32.0 MiB  24.0 MiB  8.00 MiB       8         3        2      0        1            4',
    'total   96.0 MiB  72.0 MiB  24.0 MiB      24     1 023        6      0        3           12',
  ]);
});

describe('what was found by checking', () => {
  const sound = { fileCount: 2, bytes: 32 * MIB, blockCount: 1371, losses: [], remarks: [] };

  test('may be nothing', () => {
    expect(verificationText(sound, 'data')).toBe(
      'Checked 2 files, 32.0 MiB, 1 371 blocks: nothing is damaged.\n',
    );
  });

  test('may be without loss', () => {
    expect(verificationText({ ...sound, remarks: [loss] }, 'data').split('\n')).toEqual([
      'Checked 2 files, 32.0 MiB, 1 371 blocks: nothing is damaged.',
      '',
      'Without loss:',
      ...lossLines,
      '',
    ]);
  });

  test('is listed when it is lost, with the command that saves the rest', () => {
    const lines = verificationText({ ...sound, losses: [loss] }, 'data').split('\n');
    expect(lines[0]).toBe('Checked 2 files, 32.0 MiB, 1 371 blocks: DAMAGED.');
    expect(lines).toEqual(expect.arrayContaining(['Lost:', ...lossLines]));
    expect(lines).toContain('  leveret recover --data-dir data');
  });
});

describe('what was saved', () => {
  const file = 'main-0000000002.log';
  const saved = {
    keptBlockCount: 1370,
    losses: [loss],
    rewritten: [file],
    quarantined: [`quarantine/${file}-before-salvage-3`],
  };

  test('is told with what is lost, and where the originals are', () => {
    expect(salvageText(saved, { dataDir: 'data', dryRun: false }).split('\n')).toEqual([
      'Lost:',
      ...lossLines,
      '',
      '1 370 blocks were kept; 1 file was written anew.',
      'What was there before is in data:',
      `  quarantine/${file}-before-salvage-3`,
      'A broker can be started on it now.',
      '',
    ]);
  });

  test('is told of a dry run as what would be', () => {
    const text = salvageText({ ...saved, quarantined: [] }, { dataDir: 'data', dryRun: true });
    expect(text.split('\n').slice(-4)).toEqual([
      '',
      '1 370 blocks would be kept; 1 file would be written anew.',
      'Nothing was changed: this was a dry run.',
      '',
    ]);
  });

  test('may be all of it', () => {
    const nothingLost = { ...saved, losses: [] };
    expect(salvageText(nothingLost, { dataDir: 'data', dryRun: false })).toMatch(/^Nothing is lost\./);
    const sound = { ...nothingLost, rewritten: [], quarantined: [] };
    expect(salvageText(sound, { dataDir: 'data', dryRun: false })).toBe(
      'Nothing is damaged, and nothing was changed.\n',
    );
  });
});
