/**
 * What tests a broker as a whole, over AMQP or HTTP: the files that are run once more with its messages in JetStream. Not among them
 * are those that are about the data directory and its files (test/crash, test/faults, start-broker-on-disk, storage.test.ts of the
 * command line), about what stands on a broker and not about it (services but for one suite, the dashboard), or about a comparison with
 * RabbitMQ.
 */
export const JETSTREAM_SUITES: readonly string[] = [
  // A broker in this process, with a virtual clock.
  'test/conformance/**/*.test.ts',
  'test/management/**/*.test.ts',
  'test/core/counters.test.ts',
  'src/management/api/*.test.ts',
  'src/management/v1/*.test.ts',
  'src/management/metrics/scrape.test.ts',
  'src/client/{amqp-client,direct-channel,direct-connection,outcome-of}.test.ts',
  'src/testing/test-broker.test.ts',
  // A node of a cluster in a process of its own.
  'test/cli/commands.test.ts',
  'test/client/leveret.test.ts',
  'test/services/suite/leveret.test.ts',
  'test/interop/{amqp-client,amqp-connection-manager,amqp-tools,amqplib,bunny,celery,kombu,pika,rabbitmq-client}.test.ts',
];
