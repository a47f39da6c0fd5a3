import { expect, test } from 'vitest';
import { joinLabels, labelsOf, MetricsText } from './metrics-text.ts';

test('a metric is its help, its type and its samples', () => {
  const text = new MetricsText();
  text.head({ name: 'queues', type: 'gauge', help: 'Queues\nin \\ all' });
  text.sample('queues', '', 3);
  text.sample('queues', labelsOf({ vhost: '/' }), 0.25);
  expect(text.take()).toBe(
    '# HELP queues Queues\\nin \\\\ all\n# TYPE queues gauge\nqueues 3\nqueues{vhost="/"} 0.25\n',
  );
  expect(text.take()).toBe('');
});

test('numbers that are none have the names that Prometheus gives them', () => {
  const text = new MetricsText();
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21, 1e-7, -0]) {
    text.sample('n', '', value);
  }
  expect(text.take().split('\n')).toEqual(['n NaN', 'n +Inf', 'n -Inf', 'n 1e+21', 'n 1e-7', 'n 0', '']);
});

test('what is in a label cannot end it', () => {
  expect(labelsOf({ queue: 'a"} 1\nforged{x="\\' })).toBe('queue="a\\"} 1\\nforged{x=\\"\\\\"');
  expect(labelsOf({ vhost: '/', queue: undefined })).toBe('vhost="/"');
  expect(joinLabels('', 'a="1"', '', 'b="2"')).toBe('a="1",b="2"');
});
