import { describe, expect, test } from 'vitest';
import { type LineChart, lineChart } from './line-chart.ts';

const CHART: LineChart = {
  title: 'Load & delay',
  subtitle: 'as measured',
  xTitle: 'seconds',
  panels: [
    {
      title: 'messages a second',
      lines: [
        {
          name: 'in',
          points: [
            { x: 0, y: 0 },
            { x: 10, y: 4_000 },
          ],
        },
        {
          name: 'out',
          points: [
            { x: 0, y: 1 },
            { x: 10, y: 2 },
          ],
          isStepped: true,
        },
      ],
      bound: { name: 'target', y: 1_000 },
    },
  ],
  footer: ['a note'],
};

describe('a chart of lines', () => {
  test('has its titles, both axes, a legend, and notes', () => {
    const svg = lineChart(CHART);
    for (const text of [
      'Load &amp; delay',
      'seconds',
      'messages a second',
      'in',
      'out',
      'target',
      'a note',
      '4 k',
    ])
      expect(svg).toContain(`>${text}<`);
  });

  test('draws from corner to corner, in steps where values hold', () => {
    const [first, second] = [...lineChart(CHART).matchAll(/<path d="([^"]+)"/g)].map(([, path]) => path);
    expect(first).toBe('M84 212L856 108');
    expect(second).toMatch(/^M84 [\d.]+H856V[\d.]+$/);
  });

  test('is the same text each time', () => {
    expect(lineChart(CHART)).toBe(lineChart(CHART));
  });

  test('can be empty', () => {
    const empty = { ...CHART, panels: [{ title: 'none', lines: [] }] };
    expect(lineChart(empty)).not.toContain('NaN');
  });
});
