import type { StreamConfig } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { initCluster } from '../../src/cluster/cluster-init.ts';
import type { NatsConnection } from '../../src/storage/jetstream/nats-connection.ts';
import { describeWithNats } from '../servers/nats.ts';
import { natsUnderTest } from './nats-under-test.ts';

describeWithNats('leveret cluster init', () => {
  const nats = natsUnderTest();

  async function configOf(connection: NatsConnection, stream: string): Promise<StreamConfig> {
    const { api } = await connection.link(1_000);
    return (await api.streams.info(stream)).config;
  }

  test('makes two streams and a bucket, and finds them the next time', async () => {
    const connection = await nats.connect();
    const results = (isNew: boolean): unknown => [
      { what: 'stream LEVERET_orders_main', isNew },
      { what: 'stream LEVERET_orders_cold', isNew },
      { what: 'bucket LEVERET_orders', isNew },
    ];
    expect(await initCluster(connection, { cluster: 'orders', replicas: 3 })).toEqual(results(true));
    expect(await initCluster(connection, { cluster: 'orders', replicas: 3 })).toEqual(results(false));
    expect(await configOf(connection, 'LEVERET_orders_main')).toMatchObject({
      subjects: ['leveret.orders.main'],
      storage: 'file',
      discard: 'new',
      num_replicas: 3,
      duplicate_window: 100_000_000,
      deny_delete: true,
    });
    expect(await configOf(connection, 'KV_LEVERET_orders')).toMatchObject({ max_msgs_per_subject: 1 });
  });

  test('makes what is missing', async () => {
    const connection = await nats.connect();
    await initCluster(connection, { cluster: 'half', replicas: 3 });
    const { api } = await connection.link(1_000);
    await api.streams.delete('LEVERET_half_cold');
    expect(
      (await initCluster(connection, { cluster: 'half', replicas: 3 })).map(({ isNew }) => isNew),
    ).toEqual([false, true, false]);
  });

  test('gives the logs a limit of bytes', async () => {
    const connection = await nats.connect();
    await initCluster(connection, { cluster: 'small', replicas: 3, maxBytes: 10_000_000 });
    expect(await configOf(connection, 'LEVERET_small_main')).toMatchObject({
      max_bytes: 10_000_000,
      discard: 'new',
    });
    expect(await configOf(connection, 'LEVERET_small_cold')).toMatchObject({ max_bytes: 10_000_000 });
    expect(await configOf(connection, 'KV_LEVERET_small')).toMatchObject({ max_bytes: -1 });
  });

  test('refuses what is there and differs, and makes nothing', async () => {
    const connection = await nats.connect();
    const { api } = await connection.link(1_000);
    await api.streams.add({
      name: 'LEVERET_other_cold',
      subjects: ['leveret.other.cold'],
      num_replicas: 3,
      max_age: 60_000_000_000,
    });
    const error = await initCluster(connection, { cluster: 'other', replicas: 3 }).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: 'NATS_UNSAFE' });
    expect(error?.message.split('\n')).toEqual([
      'nothing was made, because what is there differs:',
      '- stream LEVERET_other_cold discards old messages when it is full: set discard to new',
      '- stream LEVERET_other_cold forgets messages after 60 s: set max_age to 0',
      '- stream LEVERET_other_cold lets messages be deleted one by one: set deny_delete to true',
      expect.stringMatching(/stream LEVERET_other_cold cannot be read from its replicas|^Change it/),
      ...(error?.message.includes('cannot be read') ? [expect.stringMatching(/^Change it/)] : []),
    ]);
    await expect(configOf(connection, 'LEVERET_other_main')).rejects.toThrow('stream not found');
  });

  test('refuses another number of replicas than there are', async () => {
    const connection = await nats.connect();
    await initCluster(connection, { cluster: 'lone', replicas: 1 });
    await expect(initCluster(connection, { cluster: 'lone', replicas: 3 })).rejects.toThrow(
      'stream LEVERET_lone_main has num_replicas 1, and 3 was asked for',
    );
    await expect(initCluster(connection, { cluster: 'x', replicas: 2 })).rejects.toThrow(
      'replicas is 2: 3 or 5 are allowed',
    );
  });

  test('refuses a name that is none', async () => {
    const connection = await nats.connect();
    await expect(initCluster(connection, { cluster: 'a.b', replicas: 3 })).rejects.toThrow(
      'the name of the cluster is "a.b"',
    );
  });
});
