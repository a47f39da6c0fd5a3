import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StreamConfig } from '@nats-io/jetstream';
import { expect, onTestFinished, test } from 'vitest';
import { initCluster } from '../../src/cluster/cluster-init.ts';
import { type ProbeOptions, probeCluster } from '../../src/cluster/cluster-probe.ts';
import { clusterStreams } from '../../src/cluster/cluster-streams.ts';
import type { NatsConnection } from '../../src/storage/jetstream/nats-connection.ts';
import { streamName } from '../../src/storage/jetstream/nats-names.ts';
import { describeWithNats } from '../servers/nats.ts';
import { natsUnderTest, until } from './nats-under-test.ts';

type Varz = Record<string, unknown> & { jetstream: { config: Record<string, unknown> } };

/** A monitoring port that answers like that of `url`, but for what `change` changes. */
async function monitorLike(url: string, change: (varz: Varz) => void): Promise<string> {
  const varz = (await (await fetch(`${url}/varz`)).json()) as Varz;
  change(varz);
  const server = createServer((_, response) => response.end(JSON.stringify(varz)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describeWithNats('the look at the servers of a cluster', () => {
  const nats = natsUnderTest();
  const warnings: string[] = [];

  async function opened(): Promise<{ connection: NatsConnection; cluster: string }> {
    warnings.length = 0;
    const connection = await nats.connect();
    const cluster = await nats.newCluster(connection);
    await allCurrent(connection, cluster);
    return { connection, cluster };
  }

  async function allCurrent(connection: NatsConnection, cluster: string): Promise<void> {
    await until('all replicas are current', async () => {
      const streams = await clusterStreams(connection, cluster);
      return streams.every(({ replicas }) => replicas.every(({ isCurrent }) => isCurrent));
    });
  }

  function optionsFor(cluster: string, options: Partial<ProbeOptions> = {}): ProbeOptions {
    const onEvent = ({ level, text }: { level: string; text: string }): void => {
      if (level === 'warn') warnings.push(text);
    };
    return {
      cluster,
      monitorUrls: nats.servers.monitorUrls,
      patienceMs: 0,
      acceptLoss: false,
      onEvent,
      ...options,
    };
  }

  async function faultsWith(connection: NatsConnection, options: ProbeOptions): Promise<string[]> {
    const error = await probeCluster(connection, options).then(
      () => undefined,
      (reason: Error & { code?: string }) => reason,
    );
    expect(error?.code).toBe('NATS_UNSAFE');
    const lines = error?.message.split('\n') ?? [];
    expect(lines[0]).toBe('with NATS as it is, messages that were confirmed may be lost:');
    expect(lines.at(-1)).toBe('Change that, or accept the loss with --nats-accept-loss on');
    return lines.slice(1, -1);
  }

  async function remake(
    connection: NatsConnection,
    cluster: string,
    change: Partial<StreamConfig>,
  ): Promise<void> {
    const { api } = await connection.link(1_000);
    const { config } = await api.streams.info(streamName(cluster, 'main'));
    await api.streams.delete(config.name);
    await api.streams.add({ ...config, ...change });
    await allCurrent(connection, cluster);
  }

  test('finds nothing wrong with what `leveret cluster init` made', async () => {
    const { connection, cluster } = await opened();
    await probeCluster(connection, optionsFor(cluster));
    expect(warnings).toEqual([]);
  });

  test('refuses an old server', async () => {
    const { connection, cluster } = await opened();
    const [first = '', ...others] = nats.servers.monitorUrls;
    for (const version of ['2.13.9', '2.9.10', '1.99.0', 'dev']) {
      const old = await monitorLike(first, (varz) => Object.assign(varz, { version }));
      const faults = await faultsWith(connection, optionsFor(cluster, { monitorUrls: [old, ...others] }));
      expect(faults).toEqual([`- server n1 has version ${version}: 2.14.0 or newer is needed`]);
    }
    for (const version of ['2.14.0', '2.14.0-RC.1', '2.15.1', '3.0.0', '2.16.0-beta.1']) {
      const young = await monitorLike(first, (varz) => Object.assign(varz, { version }));
      await probeCluster(connection, optionsFor(cluster, { monitorUrls: [young, ...others] }));
    }
  });

  test('refuses a server that does not sync, or does not say so', async () => {
    const { connection, cluster } = await opened();
    const [first = '', ...others] = nats.servers.monitorUrls;
    for (const change of [{ sync_always: false }, { sync_always: undefined }]) {
      const lazy = await monitorLike(first, ({ jetstream }) => Object.assign(jetstream.config, change));
      expect(await faultsWith(connection, optionsFor(cluster, { monitorUrls: [lazy, ...others] }))).toEqual([
        '- server n1 acknowledges before it syncs: set sync_interval: always in its block jetstream',
      ]);
    }
  });

  test('refuses servers that take messages of different sizes', async () => {
    const { connection, cluster } = await opened();
    const [first = '', ...others] = nats.servers.monitorUrls;
    const small = await monitorLike(first, (varz) => Object.assign(varz, { max_payload: 65_536 }));
    expect(await faultsWith(connection, optionsFor(cluster, { monitorUrls: [small, ...others] }))).toEqual([
      '- the servers have different max_payload (n1: 65536, n2: 1048576, n3: 1048576): it must be the same everywhere',
    ]);
  });

  test('refuses a server that it cannot see, with what it tried', async () => {
    const { connection, cluster } = await opened();
    const [first = '', second = ''] = nats.servers.monitorUrls;
    const monitorUrls = [first, second, 'http://user:secret@127.0.0.1:1'];
    const [fault, ...others] = await faultsWith(connection, optionsFor(cluster, { monitorUrls }));
    expect(others).toEqual([]);
    expect(fault).toMatch(
      /^- server n3 of .* was not seen on a monitoring port \(http:\/\/\*\*\*@127\.0\.0\.1:1: .*\): set its http_port, and name it in --nats-monitor$/,
    );
    expect(fault).not.toContain('secret');
  });

  test('looks at port 8222 of all hosts unless it is told where', async () => {
    const { connection, cluster } = await opened();
    const { monitorUrls: _, ...options } = optionsFor(cluster);
    const faults = await faultsWith(connection, options);
    expect(faults).toHaveLength(3);
    for (const fault of faults) expect(fault).toContain('(http://127.0.0.1:8222: ');
  });

  test.each([
    [{ num_replicas: 1 }, 'has 1 replica: set num_replicas to 3 or more'],
    [{ max_age: 3_600_000_000_000 }, 'forgets messages after 3600 s: set max_age to 0'],
    [{ discard: 'old', max_bytes: 1_000_000 }, 'discards old messages when it is full: set discard to new'],
    [
      { storage: 'memory' },
      'has storage memory: it must be on disk (storage file), which cannot be changed later',
    ],
    [{ max_msgs: 1_000 }, 'keeps 1000 messages at most: set max_msgs to -1'],
    [{ max_msgs_per_subject: 9 }, 'keeps 9 messages of a subject at most: set max_msgs_per_subject to -1'],
  ])('refuses a stream made with %j', async (change, text) => {
    const { connection, cluster } = await opened();
    await remake(connection, cluster, change as Partial<StreamConfig>);
    expect(await faultsWith(connection, optionsFor(cluster))).toEqual([
      `- stream ${streamName(cluster, 'main')} ${text}`,
    ]);
  });

  test('takes a stream with a limit of bytes that refuses what does not fit', async () => {
    const { connection, cluster } = await opened();
    await remake(connection, cluster, { max_bytes: 1_000_000 });
    await probeCluster(connection, optionsFor(cluster));
  });

  test('names all faults at once, and only warns of them where loss is accepted', async () => {
    const { connection, cluster } = await opened();
    await remake(connection, cluster, { num_replicas: 1, max_age: 1e9 } as Partial<StreamConfig>);
    expect(await faultsWith(connection, optionsFor(cluster))).toHaveLength(2);
    await probeCluster(connection, optionsFor(cluster, { acceptLoss: true }));
    expect(warnings).toEqual([
      `--nats-accept-loss on: stream ${streamName(cluster, 'main')} has 1 replica: set num_replicas to 3 or more`,
      `--nats-accept-loss on: stream ${streamName(cluster, 'main')} forgets messages after 1 s: set max_age to 0`,
      'messages that were confirmed may be lost when a server of NATS fails, because --nats-accept-loss is on',
    ]);
  });

  test('refuses a cluster that nobody made, whatever is accepted', async () => {
    const { connection } = await opened();
    await expect(probeCluster(connection, optionsFor('nobody', { acceptLoss: true }))).rejects.toMatchObject({
      code: 'NATS_UNSAFE',
      message: expect.stringContaining('there is no stream LEVERET_nobody_main: `leveret cluster init`'),
    });
  });

  test('warns of a server that is down, and starts without it', async () => {
    const { connection, cluster } = await opened();
    const [away, name = ''] = [2, nats.servers.names[2]];
    await nats.servers.kill(away);
    const { patienceMs: _, ...options } = optionsFor(cluster);
    await probeCluster(connection, options);
    expect(new Set(warnings)).toEqual(
      new Set([`the NATS server ${name} is down or far behind: whether it is safe could not be looked at`]),
    );
  });

  test('tells how the streams are doing', async () => {
    const { connection, cluster } = await opened();
    const streams = await clusterStreams(connection, cluster);
    expect(streams.map(({ name }) => name)).toEqual([
      `LEVERET_${cluster}_main`,
      `LEVERET_${cluster}_cold`,
      `KV_LEVERET_${cluster}`,
    ]);
    for (const { leader, replicas, entries } of streams) {
      expect([leader, ...replicas.map(({ server }) => server)].sort()).toEqual(['n1', 'n2', 'n3']);
      expect(replicas).toEqual(
        replicas.map(({ server }) => ({ server, isCurrent: true, isOffline: false, lag: 0 })),
      );
      expect(entries).toBe(0);
    }
    expect(await clusterStreams(connection, 'nobody')).toEqual([]);
  });
});

describeWithNats('a server that syncs now and then', () => {
  const nats = natsUnderTest({ servers: 1, syncInterval: '2m' });

  test('is refused, as is a single one', async () => {
    const connection = await nats.connect();
    await initCluster(connection, { cluster: 'lone', replicas: 1 });
    const options = {
      cluster: 'lone',
      monitorUrls: nats.servers.monitorUrls,
      acceptLoss: false,
      onEvent: () => undefined,
    };
    const error = await probeCluster(connection, options).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message.split('\n').slice(1, -1)).toEqual([
      '- server n1 acknowledges before it syncs: set sync_interval: always in its block jetstream',
      '- stream LEVERET_lone_main has 1 replica: set num_replicas to 3 or more',
      '- stream LEVERET_lone_cold has 1 replica: set num_replicas to 3 or more',
      '- bucket LEVERET_lone has 1 replica: set num_replicas to 3 or more',
    ]);
  });

  test('has no room for three replicas', async () => {
    const connection = await nats.connect();
    await expect(
      initCluster(connection, { cluster: 'many', replicas: 3, withinMs: 0 }),
    ).rejects.toMatchObject({
      code: 'NATS_UNSAFE',
      message: expect.stringMatching(
        /^stream LEVERET_many_main with 3 replicas could not be made: .*\. As many servers/,
      ),
    });
  });
});
