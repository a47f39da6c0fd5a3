import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CertificateAuthority } from '../../test/servers/certificates.ts';
import type { BrokerEvent, Peer } from '../core/environment.ts';
import type { TlsMaterial } from '../server/tls-material.ts';
import { PeerListener, type PeerListenerOptions } from './peer-listener.ts';
import { encodePreface, type PassedProtocol, PREFACE_TAKEN } from './peer-preface.ts';

interface Taken {
  readonly protocol: PassedProtocol;
  readonly socket: Socket;
  readonly peer: Peer;
}

const peer: Peer = {
  remoteAddress: '192.0.2.7',
  remotePort: 40_123,
  localAddress: '192.0.2.1',
  localPort: 5672,
  loopback: false,
};
const PREFACE = encodePreface({ token: 'secret', protocol: 'amqp', peer });
const events: BrokerEvent[] = [];
const taken: Taken[] = [];
let cleanups: (() => void)[] = [];
let token: string | undefined = 'secret';

afterEach(() => {
  vi.useRealTimers();
  for (const cleanup of cleanups) cleanup();
  cleanups = [];
  for (const { socket } of taken.splice(0)) socket.destroy();
  events.length = 0;
  token = 'secret';
});

async function open(options: Partial<PeerListenerOptions> = {}): Promise<PeerListener> {
  const take = (protocol: PassedProtocol) => (socket: Socket, from: Peer) => {
    taken.push({ protocol, socket, peer: from });
  };
  const listener = await PeerListener.open({
    hosts: ['127.0.0.1'],
    port: 0,
    token: () => token,
    onAmqp: take('amqp'),
    onHttp: take('http'),
    onEvent: (event) => events.push(event),
    ...options,
  });
  cleanups.push(() => listener.close());
  return listener;
}

function dial(listener: PeerListener): Socket {
  const socket = connect({ host: '127.0.0.1', port: listener.addresses[0]?.port ?? 0 });
  socket.on('error', () => {});
  cleanups.push(() => socket.destroy());
  return socket;
}

/** The first bytes of an answer. */
async function answer(socket: Socket): Promise<Buffer> {
  return (await once(socket, 'data'))[0];
}

describe('port for other nodes', () => {
  test.each(['amqp', 'http'] as const)(
    'takes who shows the token, and hands out its client: %s',
    async (protocol) => {
      const listener = await open();
      const socket = dial(listener);
      socket.write(encodePreface({ token: 'secret', protocol, peer }));
      expect(await answer(socket)).toEqual(Buffer.of(PREFACE_TAKEN));
      expect(taken).toMatchObject([{ protocol, peer }]);
      socket.write('of the client');
      taken[0]?.socket.resume();
      expect(String(await answer(taken[0]?.socket as Socket))).toBe('of the client');
      expect(listener.refusedCount).toBe(0);
    },
  );

  test('reads nothing of the client before somebody wants it', async () => {
    const socket = dial(await open());
    socket.write(PREFACE);
    await answer(socket);
    expect(taken[0]?.socket.isPaused()).toBe(true);
    expect(taken[0]?.socket.listenerCount('data')).toBe(0);
  });

  test.each([
    [
      'another token',
      encodePreface({ token: 'Secret', protocol: 'amqp', peer }),
      'its token is not that of the lease',
    ],
    ['no token', encodePreface({ token: '', protocol: 'amqp', peer }), 'its token is not that of the lease'],
    ['other bytes', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'it is no node of a cluster'],
    ['too many bytes', Buffer.alloc(64 * 1024), 'octets, more than its preface has'],
    ['bytes behind its preface', Buffer.concat([PREFACE, Buffer.from('AMQP')]), 'more than its preface has'],
  ])('refuses who sends %s, and says so', async (_what, bytes, message) => {
    const listener = await open();
    const socket = dial(listener);
    socket.write(bytes);
    await once(socket, 'close');
    expect(taken).toEqual([]);
    expect(listener.refusedCount).toBe(1);
    expect(events).toMatchObject([{ level: 'warn', text: expect.stringContaining(message) }]);
    expect(events[0]?.text).toMatch(
      /^connections refused on the port for other nodes: 1, the last from 127.0.0.1:\d+: /,
    );
    expect(events[0]?.text).not.toContain('secret');
  });

  test.each([undefined, ''])('refuses everybody while there is no token: %j', async (none) => {
    const listener = await open();
    token = none;
    const socket = dial(listener);
    socket.write(encodePreface({ token: '', protocol: 'amqp', peer }));
    await once(socket, 'close');
    expect(events[0]?.text).toContain('this node does not own the log, or is not ready yet');
    expect(listener.refusedCount).toBe(1);
  });

  test('counts every refusal, and tells of them at most every ten seconds', async () => {
    const listener = await open();
    for (let i = 0; i < 20; i++) {
      const socket = dial(listener);
      socket.write('x'.repeat(10));
      await once(socket, 'close');
    }
    expect(listener.refusedCount).toBe(20);
    expect(events.length).toBe(1);
  });

  test('closes who does not come to the end of its preface in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const listener = await open();
    const [silent, slow] = [dial(listener), dial(listener)];
    slow.write(PREFACE.subarray(0, 20));
    await Promise.all([once(silent, 'connect'), once(slow, 'connect')]);
    const closed = Promise.all([once(silent, 'close'), once(slow, 'close')]);
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(2));
    vi.advanceTimersByTime(5_000);
    await closed;
    expect(listener.refusedCount).toBe(2);
    expect(events[0]?.text).toContain('it showed no token within 5000 ms');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('leaves no timer behind for who was taken', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const socket = dial(await open());
    socket.write(PREFACE);
    await answer(socket);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('says nothing of who connects and goes, as probes of load balancers do', async () => {
    const listener = await open();
    const socket = dial(listener);
    socket.end();
    await once(socket.resume(), 'close');
    expect(listener.refusedCount).toBe(0);
    expect(events).toEqual([]);
  });

  test('closing it ends who has shown nothing, and keeps who was taken', async () => {
    const listener = await open();
    const [silent, node] = [dial(listener), dial(listener)];
    node.write(PREFACE);
    await Promise.all([once(silent, 'connect'), answer(node)]);
    listener.close();
    await once(silent, 'close');
    taken[0]?.socket.write('still here');
    expect(String(await answer(node))).toBe('still here');
  });

  test('speaks TLS when the node has a certificate, and asks nobody for one', async () => {
    const authority = new CertificateAuthority();
    const { cert, key } = authority.issueForServer();
    const tls: TlsMaterial = {
      context: { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(authority.cert) },
      verifyPeer: 'required',
      nameOf: () => undefined,
      onChange: () => {},
    };
    const listener = await open({ tls });
    const port = listener.addresses[0]?.port ?? 0;
    const socket = connectTls({ host: '127.0.0.1', port, ca: readFileSync(authority.cert) });
    cleanups.push(() => socket.destroy());
    socket.write(PREFACE);
    expect(await answer(socket)).toEqual(Buffer.of(PREFACE_TAKEN));
    socket.write('of the client');
    taken[0]?.socket.resume();
    expect(String(await answer(taken[0]?.socket as Socket))).toBe('of the client');
    const plain = dial(listener);
    plain.write(PREFACE);
    await once(plain, 'close');
    expect(events[0]?.text).toContain('no TLS');
  });
});
