/**
 * RabbitMQ's own dashboard for Grafana, "RabbitMQ-Overview" (10991 at grafana.com), asks for these metrics: those of its versions
 * for RabbitMQ 3.9 to 4.3. Each query joins them with rabbitmq_identity_info, by the labels that Prometheus adds to all samples
 * of a target (instance, job).
 */
import { expect, test } from 'vitest';
import { ApiUnderTest } from '../../../test/management/api-under-test.ts';
import { type ParsedMetrics, parseMetrics } from '../../../test/management/parse-metrics.ts';

/** Name, type, and the labels that its samples have on /metrics. */
const ASKED_FOR: readonly (readonly [name: string, type: string, labels?: readonly string[]])[] = [
  ['rabbitmq_queue_messages_ready', 'gauge'],
  ['rabbitmq_queue_messages_unacked', 'gauge'],
  ['rabbitmq_queue_messages_published_total', 'counter'],
  ['rabbitmq_channel_consumers', 'gauge'],
  ['rabbitmq_channel_get_ack_total', 'counter'],
  ['rabbitmq_channel_get_empty_total', 'counter'],
  ['rabbitmq_channel_get_total', 'counter'],
  ['rabbitmq_channel_messages_acked_total', 'counter'],
  ['rabbitmq_channel_messages_confirmed_total', 'counter'],
  ['rabbitmq_channel_messages_delivered_ack_total', 'counter'],
  ['rabbitmq_channel_messages_delivered_total', 'counter'],
  ['rabbitmq_channel_messages_published_total', 'counter'],
  ['rabbitmq_channel_messages_redelivered_total', 'counter'],
  ['rabbitmq_channel_messages_unconfirmed', 'gauge'],
  ['rabbitmq_channel_messages_unroutable_dropped_total', 'counter'],
  ['rabbitmq_channel_messages_unroutable_returned_total', 'counter'],
  ['rabbitmq_channels', 'gauge'],
  ['rabbitmq_channels_closed_total', 'counter'],
  ['rabbitmq_channels_opened_total', 'counter'],
  ['rabbitmq_connections', 'gauge'],
  ['rabbitmq_connections_closed_total', 'counter'],
  ['rabbitmq_connections_opened_total', 'counter'],
  ['rabbitmq_consumers', 'gauge'],
  ['rabbitmq_disk_space_available_bytes', 'gauge'],
  ['rabbitmq_disk_space_available_limit_bytes', 'gauge'],
  ['rabbitmq_erlang_uptime_seconds', 'gauge'],
  ['rabbitmq_global_consumers', 'gauge', ['protocol']],
  ['rabbitmq_global_messages_acknowledged_total', 'counter', ['protocol', 'queue_type']],
  ['rabbitmq_global_messages_confirmed_total', 'counter', ['protocol']],
  ['rabbitmq_global_messages_delivered_consume_auto_ack_total', 'counter', ['protocol', 'queue_type']],
  ['rabbitmq_global_messages_delivered_consume_manual_ack_total', 'counter', ['protocol', 'queue_type']],
  ['rabbitmq_global_messages_delivered_get_auto_ack_total', 'counter', ['protocol', 'queue_type']],
  ['rabbitmq_global_messages_delivered_get_manual_ack_total', 'counter', ['protocol', 'queue_type']],
  ['rabbitmq_global_messages_delivered_total', 'counter', ['protocol', 'queue_type']],
  ['rabbitmq_global_messages_get_empty_total', 'counter', ['protocol', 'queue_type']],
  ['rabbitmq_global_messages_received_confirm_total', 'counter', ['protocol']],
  ['rabbitmq_global_messages_received_total', 'counter', ['protocol']],
  ['rabbitmq_global_messages_redelivered_total', 'counter', ['protocol', 'queue_type']],
  ['rabbitmq_global_messages_routed_total', 'counter', ['protocol']],
  ['rabbitmq_global_messages_unroutable_dropped_total', 'counter', ['protocol']],
  ['rabbitmq_global_messages_unroutable_returned_total', 'counter', ['protocol']],
  ['rabbitmq_global_publishers', 'gauge', ['protocol']],
  ['rabbitmq_message_size_bytes_bucket', 'histogram', ['le', 'protocol']],
  ['rabbitmq_message_size_bytes_count', 'histogram', ['protocol']],
  ['rabbitmq_message_size_bytes_sum', 'histogram', ['protocol']],
  ['rabbitmq_process_max_fds', 'gauge'],
  ['rabbitmq_process_max_tcp_sockets', 'gauge'],
  ['rabbitmq_process_open_fds', 'gauge'],
  ['rabbitmq_process_open_tcp_sockets', 'gauge'],
  ['rabbitmq_process_resident_memory_bytes', 'gauge'],
  ['rabbitmq_queues', 'gauge'],
  ['rabbitmq_queues_created_total', 'counter'],
  ['rabbitmq_queues_declared_total', 'counter'],
  ['rabbitmq_queues_deleted_total', 'counter'],
  ['rabbitmq_resident_memory_limit_bytes', 'gauge'],
];

const IDENTITY = ['rabbitmq_cluster', 'rabbitmq_cluster_permanent_id', 'rabbitmq_endpoint', 'rabbitmq_node'];

async function scrape(): Promise<ParsedMetrics> {
  const api = await ApiUnderTest.start();
  return parseMetrics((await api.get('/metrics')).text);
}

test('each metric has the type and the labels that it has in RabbitMQ', async () => {
  const metrics = await scrape();
  for (const [name, type, labels = []] of ASKED_FOR) {
    const samples = metrics.samples.filter((sample) => sample.name === name);
    expect(samples.length, name).toBeGreaterThan(0);
    expect(metrics.typeOf(name), name).toBe(type);
    for (const sample of samples) {
      expect(Object.keys(sample.labels).sort(), name).toEqual(labels);
      expect(sample.value, name).not.toBeNaN();
    }
  }
});

test('the identity is there once, so that joins with it find one partner', async () => {
  const identities = (await scrape()).samples.filter(({ name }) => name === 'rabbitmq_identity_info');
  expect(identities).toHaveLength(1);
  expect(identities[0]?.value).toBe(1);
  expect(Object.keys(identities[0]?.labels ?? {}).sort()).toEqual(IDENTITY);
  expect(identities[0]?.labels['rabbitmq_endpoint']).toBe('aggregated');
});

test('the version that the dashboard shows beside each node is there once', async () => {
  const builds = (await scrape()).samples.filter(({ name }) => name === 'rabbitmq_build_info');
  expect(builds).toHaveLength(1);
  expect(builds[0]?.labels).toMatchObject({ rabbitmq_version: '3.13.7', product_name: 'Leveret' });
  expect(builds[0]?.labels['erlang_version']).not.toBe('');
});
