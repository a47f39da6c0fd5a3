import fastify from 'fastify';
import { expect, test } from 'vitest';
import type { Peer } from '../core/environment.ts';
import { isEncrypted, peerOf, setPeer } from './request-peer.ts';

const passed: Peer = {
  remoteAddress: '192.0.2.7',
  remotePort: 40_123,
  localAddress: '192.0.2.1',
  localPort: 15_671,
  loopback: false,
};
const tls = { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' };

/** What a route learns of who asks, on a connection to this machine that is encrypted or not, by way of another node or not. */
async function asked(isEncryptedHere: boolean, peer?: Peer): Promise<unknown> {
  const app = fastify();
  app.addHook('onRequest', (request, _reply, done) => {
    const { socket } = request.raw;
    Object.assign(socket, { encrypted: isEncryptedHere });
    if (peer !== undefined) setPeer(socket, peer);
    done();
  });
  app.get('/', (request) => ({ peer: peerOf(request), encrypted: isEncrypted(request) }));
  return (await app.inject({ url: '/', remoteAddress: '127.0.0.1' })).json();
}

test('a request is from the other end of its connection', async () => {
  const peer = expect.objectContaining({ remoteAddress: '127.0.0.1', loopback: true });
  expect(await asked(true)).toEqual({ peer, encrypted: true });
  expect(await asked(false)).toEqual({ peer, encrypted: false });
});

test('a request that another node has passed on is from its client, and encrypted as its client sent it', async () => {
  expect(await asked(true, passed)).toEqual({ peer: passed, encrypted: false });
  expect(await asked(false, { ...passed, tls })).toEqual({ peer: { ...passed, tls }, encrypted: true });
});
