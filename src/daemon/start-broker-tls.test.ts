import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { type ChannelModel, connect as connectAmqp, credentials, type GetMessage } from 'amqplib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { describeWith, OPENSSL } from '../../test/interop/debian.ts';
import { CertificateAuthority, type CertificatePair } from '../../test/servers/certificates.ts';
import { type RunningBroker, type StartBrokerOptions, startBroker } from './start-broker.ts';

const BIG = 3_000_000;

interface Trust {
  readonly ca: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

interface Scene {
  readonly broker: RunningBroker;
  readonly authority: CertificateAuthority;
  readonly events: string[];
}

async function start(options: StartBrokerOptions = {}): Promise<Scene> {
  const authority = new CertificateAuthority();
  const { cert: tlsCert, key: tlsKey } = authority.issueForServer();
  const events: string[] = [];
  const broker = await startBroker({
    host: '127.0.0.1',
    amqpPort: false,
    amqpsPort: 0,
    tlsCert,
    tlsKey,
    tlsCa: authority.cert,
    onEvent: ({ text }) => events.push(text),
    ...options,
  });
  onTestFinished(() => broker.close({ graceMs: 100 }));
  return { broker, authority, events };
}

function tlsOf(authority: CertificateAuthority, pair?: CertificatePair): Trust {
  const own = pair && { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
  return { ca: readFileSync(authority.cert), ...own };
}

async function amqp({ broker, authority }: Scene, pair?: CertificatePair): Promise<ChannelModel> {
  const external = pair && { credentials: credentials.external() };
  const client = await connectAmqp(`amqps://localhost:${broker.ports.amqps}`, {
    ...tlsOf(authority, pair),
    ...external,
  });
  client.on('error', () => {});
  onTestFinished(() => client.close().catch(() => {}));
  return client;
}

/** Resolves to how the stream ended: the error of a client that was turned away, or undefined. */
async function handshake(port: number | undefined, options: ConnectionOptions): Promise<Error | undefined> {
  const socket: TLSSocket = connectTls({
    host: '127.0.0.1',
    port: port ?? 0,
    servername: 'localhost',
    ...options,
  });
  socket.write('AMQP\0\0\x09\x01');
  try {
    await once(socket, 'data');
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    socket.destroy();
  }
}

describeWith(OPENSSL, 'a broker with certificates', () => {
  describe('AMQP over TLS', () => {
    test('messages of any size go both ways', async () => {
      const scene = await start();
      const channel = await (await amqp(scene)).createConfirmChannel();
      await channel.assertQueue('q');
      channel.sendToQueue('q', Buffer.alloc(BIG, 'x'));
      for (let i = 0; i < 200; i++) channel.sendToQueue('q', Buffer.from(String(i)));
      await channel.waitForConfirms();
      const first = await channel.get('q', { noAck: true });
      expect((first as GetMessage).content.length).toBe(BIG);
      for (let i = 0; i < 200; i++) {
        const message = await channel.get('q', { noAck: true });
        expect(String((message as GetMessage).content)).toBe(String(i));
      }
      const [connection] = scene.broker.broker.connections;
      expect(connection?.peer).toMatchObject({ loopback: true, tls: { protocol: 'TLSv1.3' } });
    });

    test('TLS 1.1 is refused, and TLS 1.2 is not', async () => {
      const { broker, authority } = await start();
      const trust = tlsOf(authority);
      expect(await handshake(broker.ports.amqps, { ...trust, maxVersion: 'TLSv1.2' })).toBeUndefined();
      const old = {
        ...trust,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      } as const;
      expect(await handshake(broker.ports.amqps, old)).toBeInstanceOf(Error);
    });

    test('a client certificate logs in as the user that it names, and as nobody else', async () => {
      const scene = await start({ tlsVerifyPeer: 'optional', tlsCertLoginFrom: 'common_name' });
      const { broker } = scene.broker;
      broker.putUser('client', 'never used');
      broker.access.setPermission({ user: 'client', vhost: '/', configure: '.*', write: '.*', read: '.*' });
      await amqp(scene, scene.authority.issue({ subject: '/O=Example/CN=client' }));
      const [connection] = broker.connections;
      expect(connection?.session?.username).toBe('client');
      expect(connection?.peer.tls?.certificate?.subject).toBe('CN=client,O=Example');
      const stranger = scene.authority.issue({ subject: '/CN=nobody' });
      await expect(amqp(scene, stranger)).rejects.toThrow(/403|ACCESS[-_]REFUSED|Handshake/);
    });

    test('by default the user of a certificate is its distinguished name', async () => {
      const scene = await start({ tlsVerifyPeer: 'required' });
      const { broker } = scene.broker;
      broker.putUser('CN=client,O=Example', 'never used');
      const all = { configure: '.*', write: '.*', read: '.*' };
      broker.access.setPermission({ user: 'CN=client,O=Example', vhost: '/', ...all });
      await amqp(scene, scene.authority.issue({ subject: '/O=Example/CN=client' }));
      expect([...broker.connections][0]?.session?.username).toBe('CN=client,O=Example');
    });

    test('without a certificate a client logs in with a password where one is optional, and not at all where it is required', async () => {
      await amqp(await start({ tlsVerifyPeer: 'optional' }));
      const { broker, authority, events } = await start({ tlsVerifyPeer: 'required' });
      expect(
        await handshake(broker.ports.amqps, { ...tlsOf(authority), maxVersion: 'TLSv1.2' }),
      ).toBeInstanceOf(Error);
      expect(events.some((text) => text.includes('no TLS: '))).toBe(true);
    });

    test.each(['optional', 'required'] as const)(
      'a certificate of another authority is turned away when one is %s',
      async (tlsVerifyPeer) => {
        const { broker, authority } = await start({ tlsVerifyPeer });
        const other = new CertificateAuthority('/CN=Test authority');
        const options = tlsOf(authority, other.issue({ subject: '/CN=guest' }));
        expect(await handshake(broker.ports.amqps, { ...options, maxVersion: 'TLSv1.2' })).toBeInstanceOf(
          Error,
        );
      },
    );

    test('a client that speaks no TLS is turned away, and holds no place', async () => {
      const { broker, authority } = await start({ maxConnections: 1 });
      for (let i = 0; i < 3; i++) {
        const plain = connectAmqp(`amqp://127.0.0.1:${broker.ports.amqps}`);
        await expect(plain).rejects.toThrow();
      }
      expect(await handshake(broker.ports.amqps, tlsOf(authority))).toBeUndefined();
    });

    test('a client that does not go on with the handshake counts as a connection', async () => {
      const { broker, authority } = await start({ maxConnections: 1 });
      const silent = connect(broker.ports.amqps ?? 0, '127.0.0.1');
      await once(silent, 'connect');
      expect(await handshake(broker.ports.amqps, tlsOf(authority))).toBeInstanceOf(Error);
      silent.destroy();
    });

    test('a certificate without a subject logs in by its alternative name, or as nobody, and harms nobody else', async () => {
      const scene = await start({ tlsVerifyPeer: 'optional', tlsCertLoginFrom: 'dns' });
      const { broker } = scene.broker;
      broker.putUser('client.example', 'never used');
      broker.access.setPermission({ user: 'client.example', vhost: '/', configure: '', write: '', read: '' });
      await amqp(scene, scene.authority.issue({ subject: '/', names: 'DNS:client.example' }));
      const [connection] = broker.connections;
      expect(connection?.session?.username).toBe('client.example');
      expect(connection?.peer.tls?.certificate?.subject).toBe('');
      const byName = await start({ tlsVerifyPeer: 'optional' });
      const nobody = amqp(byName, byName.authority.issue({ subject: '/', names: 'DNS:client.example' }));
      await expect(nobody).rejects.toThrow();
      expect(await handshake(byName.broker.ports.amqps, tlsOf(byName.authority))).toBeUndefined();
    });

    test('the certificate of the broker needs no subject', async () => {
      const authority = new CertificateAuthority();
      const { cert: tlsCert, key: tlsKey } = authority.issueForServer({ subject: '/' });
      const { broker } = await start({ tlsCert, tlsKey });
      expect(await handshake(broker.ports.amqps, tlsOf(authority))).toBeUndefined();
    });

    test('a client in the middle of the handshake is cut off when the broker stops', async () => {
      const { broker, authority } = await start();
      const silent = connect(broker.ports.amqps ?? 0, '127.0.0.1');
      await once(silent, 'connect');
      const ended = new Promise((resolve) => silent.on('close', () => resolve('cut off')).resume());
      // whoever comes later is accepted later
      await handshake(broker.ports.amqps, tlsOf(authority));
      await broker.close({ graceMs: 100 });
      const held = new Promise((resolve) => setTimeout(resolve, 3_000, 'held').unref());
      expect(await Promise.race([ended, held])).toBe('cut off');
    });

    test('new certificates are for the next client, and the one that is there goes on', async () => {
      const authority = new CertificateAuthority();
      const [first, second] = [authority.issueForServer(), authority.issueForServer()];
      const used = {
        tlsCert: join(authority.directory, 'used.pem'),
        tlsKey: join(authority.directory, 'used.key'),
      };
      copyFileSync(first.cert, used.tlsCert);
      copyFileSync(first.key, used.tlsKey);
      vi.useFakeTimers({ toFake: ['setInterval'] });
      onTestFinished(() => void vi.useRealTimers());
      const { broker } = await start(used);
      const serial = async (): Promise<string | undefined> => {
        const options = {
          host: 'localhost',
          port: broker.ports.amqps ?? 0,
          ca: readFileSync(authority.cert),
        };
        const socket = connectTls(options);
        await once(socket, 'secureConnect');
        const found = socket.getPeerX509Certificate()?.serialNumber;
        socket.destroy();
        return found;
      };
      const before = await serial();
      copyFileSync(second.cert, used.tlsCert);
      copyFileSync(second.key, used.tlsKey);
      vi.advanceTimersByTime(10_000);
      expect(await serial()).not.toBe(before);
    });
  });

  describe('HTTP over TLS', () => {
    test.each(['TLSv1.2', 'TLSv1.3'] as const)(
      'a client with a certificate of another authority gets nothing done: %s',
      async (version) => {
        const { broker, authority, events } = await start({ httpsPort: 0, tlsVerifyPeer: 'optional' });
        const stranger = new CertificateAuthority('/CN=Test authority').issue({ subject: '/CN=x' });
        const asked = request(`${broker.httpUrl}/api/vhosts/forged`, {
          method: 'PUT',
          auth: 'guest:guest',
          ...tlsOf(authority, stranger),
          minVersion: version,
          maxVersion: version,
        });
        asked.end();
        await expect(once(asked, 'response')).rejects.toThrow();
        expect(broker.broker.vhosts.has('forged')).toBe(false);
        expect(events.filter((text) => text.startsWith('audit'))).toEqual([]);
      },
    );

    test('is the same API, on a port of its own', async () => {
      const { broker, authority } = await start({ httpsPort: 0 });
      expect(broker.httpUrl).toBe(`https://127.0.0.1:${broker.ports.https}`);
      const asked = request(`${broker.httpUrl}/api/whoami`, {
        auth: 'guest:guest',
        ca: readFileSync(authority.cert),
      });
      asked.end();
      const [response] = await once(asked, 'response');
      expect(response.statusCode).toBe(200);
      response.resume();
    });
  });

  test.each([
    [{ tlsCert: 'cert.pem' }, /option tlsKey: missing/],
    [{ tlsKey: 'key.pem' }, /option tlsCert: missing/],
    [{ tlsVerifyPeer: 'required' as const }, /option tlsCa: missing; with tlsVerifyPeer required/],
    [{ tlsCert: '/absent.pem', tlsKey: '/absent.key' }, /option tlsCert: \/absent.pem cannot be read/],
  ])('%j is refused', async (options, text) => {
    await expect(startBroker({ amqpPort: false, ...options })).rejects.toThrow(text);
  });
});
