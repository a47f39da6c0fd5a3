/** RabbitMQ's metrics of connections. A packet is a frame here. */
import type { Connection } from '../../core/connection/connection.ts';
import type { ObjectMetric } from './metric.ts';

export const CONNECTION_METRICS: readonly ObjectMetric<Connection>[] = [
  {
    name: 'connection_incoming_bytes_total',
    type: 'counter',
    help: 'Total number of bytes received on a connection',
    family: 'connection_coarse_metrics',
    value: (connection) => connection.traffic.receivedBytes,
  },
  {
    name: 'connection_outgoing_bytes_total',
    type: 'counter',
    help: 'Total number of bytes sent on a connection',
    family: 'connection_coarse_metrics',
    value: (connection) => connection.traffic.sentBytes,
  },
  {
    name: 'connection_incoming_packets_total',
    type: 'counter',
    help: 'Total number of packets received on a connection',
    family: 'connection_metrics',
    value: (connection) => connection.traffic.receivedFrames,
  },
  {
    name: 'connection_outgoing_packets_total',
    type: 'counter',
    help: 'Total number of packets sent on a connection',
    family: 'connection_metrics',
    value: (connection) => connection.traffic.sentFrames,
  },
  {
    name: 'connection_channels',
    type: 'gauge',
    help: 'Channels on a connection',
    family: 'connection_metrics',
    value: (connection) => connection.channels.size,
  },
];
