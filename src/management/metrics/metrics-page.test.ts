import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { LEVERET_METRICS, NODE_METRICS, TOTAL_METRICS } from './broker-metrics.ts';
import { CHANNEL_METRICS } from './channel-metrics.ts';
import { CONNECTION_METRICS } from './connection-metrics.ts';
import { CLUSTER_EXCHANGE_METRICS, EXCHANGE_METRICS } from './exchange-metrics.ts';
import { QUEUE_FLOW_METRICS } from './flow-metrics.ts';
import { QUEUE_METRICS } from './queue-metrics.ts';

const PAGE = new URL('../../../docs/metrics.md', import.meta.url);

interface Row {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Of /metrics/detailed; `-` for what it does not have. */
  readonly family?: string;
}

function rowsOf(metrics: readonly Row[], prefix: string, families = true): string[] {
  return metrics.map(({ name, type, help, family }) => {
    const cells = [`\`${prefix}${name}\``, type, ...(families ? [family ?? '-'] : []), help];
    return `| ${cells.join(' | ')} |`;
  });
}

test('docs/metrics.md lists every metric, with its type, its family and what it means', async () => {
  const rows = (await readFile(PAGE, 'utf8')).split('\n').filter((line) => line.startsWith('| `'));
  const metrics = rows.filter((row) => /^\| `(rabbitmq|leveret)_/.test(row));
  expect(metrics).toEqual([
    ...rowsOf(TOTAL_METRICS, 'rabbitmq_', false),
    ...rowsOf(NODE_METRICS, 'rabbitmq_'),
    ...rowsOf(QUEUE_METRICS, 'rabbitmq_'),
    ...rowsOf(CHANNEL_METRICS, 'rabbitmq_'),
    ...rowsOf(CONNECTION_METRICS, 'rabbitmq_'),
    ...rowsOf(EXCHANGE_METRICS, 'rabbitmq_'),
    ...rowsOf(CLUSTER_EXCHANGE_METRICS, 'rabbitmq_cluster_'),
    ...rowsOf(LEVERET_METRICS, '', false),
    ...rowsOf(QUEUE_FLOW_METRICS, '', false),
  ]);
});
