import { expect, test } from 'vitest';
import { hasProc } from './process-cpu.ts';
import { memoryOf, processMemory } from './process-memory.ts';

const STATUS = `Name:\tnode
VmPeak:\t 2000000 kB
VmHWM:\t   90000 kB
VmRSS:\t   65536 kB
RssAnon:\t   12345 kB
`;

test('resident memory now and at its peak are read in bytes', () => {
  expect(memoryOf(STATUS)).toEqual({ rssBytes: 67_108_864, peakRssBytes: 92_160_000 });
});

test('a text without these lines is refused with the name of the line', () => {
  expect(() => memoryOf('Name:\tnode\nVmRSS:\t 1 kB\n')).toThrow("no line 'VmHWM: <number> kB'");
});

test.skipIf(!hasProc())('this process has memory of its own', () => {
  const { rssBytes, peakRssBytes } = processMemory(process.pid);
  expect(rssBytes).toBeGreaterThan(1_000_000);
  expect(peakRssBytes).toBeGreaterThan(1_000_000);
});
