import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { addressesOf, greeting, readNatsServers } from './nats-servers.ts';

test('servers are read with their port, their user and their token', () => {
  expect(readNatsServers(['nats://a', 'tls://b:1', 'c:2', 'nats://u:p%40w@d', 'nats://t@[::1]:3'])).toEqual([
    { host: 'a', port: 4222, label: 'a:4222', wantsTls: false },
    { host: 'b', port: 1, label: 'b:1', wantsTls: true },
    { host: 'c', port: 2, label: 'c:2', wantsTls: false },
    { host: 'd', port: 4222, label: 'd:4222', wantsTls: false, user: 'u', password: 'p@w' },
    { host: '::1', port: 3, label: '[::1]:3', wantsTls: false, token: 't' },
  ]);
});

test('what is no server is named, without its password', () => {
  for (const url of ['http://u:secret@a', 'u:secret@a:x', 'nats://u:secret@', 'nats://', '']) {
    expect(() => readNatsServers([url]), url).toThrow(/--nats has ".*": an address is nats:\/\/host:4222/);
    expect(() => readNatsServers([url]), url).not.toThrow(/secret/);
  }
  expect(() => readNatsServers([])).toThrow('no server of NATS is named');
});

test('a numeric address is its own', async () => {
  const [server] = readNatsServers(['nats://127.0.0.1']);
  expect(server === undefined ? [] : await addressesOf(server)).toEqual(['127.0.0.1']);
});

async function serverThat(act: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer(act).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('a server is known by its greeting, and by what it says of TLS', async () => {
  const said = ['{}', '{"tls_required":true}', '{"tls_available":true}'];
  const found: boolean[] = [];
  for (const json of said) {
    const port = await serverThat((socket) => socket.end(`INFO ${json} \r\n`));
    found.push((await greeting('127.0.0.1', port, 5_000)).speaksTls);
  }
  expect(found).toEqual([false, true, true]);
});

test('a greeting may come in pieces', async () => {
  const port = await serverThat((socket) => {
    socket.write('INFO {"tls_re');
    socket.write('quired":true}\r\nPING');
  });
  expect(await greeting('127.0.0.1', port, 5_000)).toEqual({ address: '127.0.0.1', speaksTls: true });
});

test('another server, one that closes, one that is silent and none at all are told apart', async () => {
  const other = await serverThat((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n'));
  await expect(greeting('127.0.0.1', other, 5_000)).rejects.toThrow('no server of NATS');
  const closing = await serverThat((socket) => socket.end());
  await expect(greeting('127.0.0.1', closing, 5_000)).rejects.toThrow('it closes the connection');
  const silent = await serverThat(() => undefined);
  await expect(greeting('127.0.0.1', silent, 20)).rejects.toThrow('no answer within 20 ms');
  await expect(greeting('127.0.0.1', 1, 5_000)).rejects.toThrow('ECONNREFUSED');
});
