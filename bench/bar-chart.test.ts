import { expect, test } from 'vitest';
import { type BarChart, barChart } from './bar-chart.ts';

const chart: BarChart = {
  title: 'Messages a second',
  subtitle: 'higher is better',
  series: ['ours', 'theirs'],
  groups: [
    { title: 'A', subtitle: 'small', values: [2_371_528, 151_145] },
    { title: 'B', subtitle: 'large', values: [260_000, undefined] },
  ],
  footer: ['two cores'],
};

/** The widths of the bars of one colour, the square of the legend left out. */
function widths(svg: string, colour: string): number[] {
  const rectangles = svg.matchAll(
    /<rect x="264" y="[\d.]+" width="([\d.]+)" height="[\d.]+" fill="(#\w+)"\/>/g,
  );
  return [...rectangles].filter((found) => found[2] === colour).map((found) => Number(found[1]));
}

function colours(svg: string): string[] {
  return [...svg.matchAll(/<rect x="[\d.]+" y="72" width="14" height="14" fill="(#\w+)"\/>/g)].map(
    (found) => found[1] as string,
  );
}

test('equal input gives equal bytes', () => {
  expect(barChart(chart)).toBe(barChart(structuredClone(chart)));
});

test('every element is closed, and the size is that of the box', () => {
  const svg = barChart(chart);
  const opened = [...svg.matchAll(/<(\w+)(?=[ >])[^>]*(?<!\/)>/g)].map((found) => found[1]);
  const closed = [...svg.matchAll(/<\/(\w+)>/g)].map((found) => found[1]);
  expect(opened.sort()).toEqual(closed.sort());
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) as RegExpExecArray;
  expect(svg).toContain(`viewBox="0 0 ${width} ${height}"`);
});

test('bars are as long as their values, on one scale for all groups', () => {
  const svg = barChart(chart);
  const [ours, theirs] = colours(svg) as [string, string];
  const [a, b] = widths(svg, ours) as [number, number];
  expect(a / b).toBeCloseTo(2_371_528 / 260_000, 1);
  expect(a / (widths(svg, theirs)[0] as number)).toBeCloseTo(2_371_528 / 151_145, 0);
});

test('each bar has its figure beside it, and what was not measured says so', () => {
  const svg = barChart(chart);
  for (const figure of ['2,371,528', '151,145', '260,000', 'not measured']) {
    expect(svg).toContain(`>${figure}</text>`);
  }
});

test('a value that is nothing beside the others is still a line that can be seen', () => {
  const svg = barChart({ ...chart, groups: [{ title: 'A', subtitle: '', values: [1_000_000, 1] }] });
  expect(widths(svg, colours(svg)[1] as string)).toEqual([1]);
});

test.each([
  [2_371_528, ['0', '500 k', '1 M', '1.5 M', '2 M', '2.5 M']],
  [1_000_000, ['0', '200 k', '400 k', '600 k', '800 k', '1 M']],
  [61, ['0', '20', '40', '60', '80']],
  [0, ['0', '0.2', '0.4', '0.6', '0.8', '1']],
])('the axis for values up to %d has round steps', (value, ticks) => {
  const svg = barChart({ ...chart, groups: [{ title: 'A', subtitle: '', values: [value, 0] }] });
  const shown = [...svg.matchAll(/text-anchor="middle">([^<]*)</g)].map((found) => found[1]);
  expect(shown).toEqual(ticks);
});

test('nothing in a name becomes markup', () => {
  const svg = barChart({ ...chart, title: 'a < b & "c"', series: ['<script>', 'x'] });
  expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
  expect(svg).not.toContain('<script>');
});

test('it has a background of its own and a text for those who hear it', () => {
  const svg = barChart(chart);
  expect(svg).toContain('fill="#ffffff"');
  expect(svg).toContain('A: ours 2,371,528, theirs 151,145. B: ours 260,000, theirs not measured.');
});
