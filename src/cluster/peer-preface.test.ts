import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../codec/bytes.ts';
import type { Peer } from '../core/environment.ts';
import { encodePreface, PrefaceError, PrefaceReader } from './peer-preface.ts';

const peer: Peer = {
  remoteAddress: '192.0.2.7',
  remotePort: 40_123,
  localAddress: '192.0.2.1',
  localPort: 5671,
  loopback: false,
};
const certificate = { subject: 'CN=client,O=Exämple', issuer: 'CN=ca', notBeforeMs: 1, notAfterMs: 2 };
const overTls: Peer = {
  ...peer,
  tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', certificate },
  certificateName: 'client',
};

function read(bytes: Uint8Array): unknown {
  return new PrefaceReader().push(bytes);
}

/** The preface with another peer in it, whatever that is. */
function withPeer(value: unknown): Uint8Array {
  const [sound, json] = [
    encodePreface({ token: 't', protocol: 'amqp', peer }),
    encodeUtf8(JSON.stringify(value)),
  ];
  const bytes = new Uint8Array(11 + json.length);
  bytes.set(sound.subarray(0, 11));
  bytes.set(json, 11);
  new DataView(bytes.buffer).setUint16(8, json.length);
  return bytes;
}

describe('preface', () => {
  test.each([
    { token: 'secret', protocol: 'amqp', peer },
    { token: 'ß'.repeat(128), protocol: 'http', peer: overTls },
    { token: '', protocol: 'amqp', peer: { ...peer, loopback: true, remoteAddress: '::1' } },
  ] as const)('is read as it was written: $protocol', (preface) => {
    expect(read(encodePreface(preface))).toEqual(preface);
  });

  test('is read in whatever pieces it comes', () => {
    const preface = { token: 'secret', protocol: 'http', peer: overTls } as const;
    const bytes = encodePreface(preface);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), (cuts) => {
        const reader = new PrefaceReader();
        const ends = [...cuts.sort((a, b) => a - b), bytes.length];
        const results = ends.map((end, i) => reader.push(bytes.subarray(ends[i - 1] ?? 0, end)));
        // an empty piece behind it has nothing to say
        expect(results.findLast((result) => result !== undefined)).toEqual(preface);
      }),
    );
  });

  test('a long name in a certificate is cut off, and one to log in with is left out', () => {
    const long = '\u0001'.repeat(70_000);
    const written = encodePreface({
      token: 't',
      protocol: 'amqp',
      peer: {
        ...overTls,
        certificateName: long,
        tls: {
          protocol: 'TLSv1.3',
          cipher: 'c',
          certificate: { ...certificate, subject: long, issuer: long },
        },
      },
    });
    const result = new PrefaceReader().push(written);
    expect(result?.peer.certificateName).toBeUndefined();
    expect(result?.peer.tls?.certificate?.subject).toBe(`${long.slice(0, 1021)}...`);
  });

  test('a token of more than 256 octets is refused by who writes it, and by who reads it', () => {
    const write = (): unknown => encodePreface({ token: 'x'.repeat(257), protocol: 'amqp', peer });
    expect(write).toThrow('its token has 257 octets, and 256 are allowed');
    const bytes = encodePreface({ token: 'x', protocol: 'amqp', peer });
    new DataView(bytes.buffer).setUint16(6, 257);
    expect(() => read(bytes)).toThrow('its token has 257 octets, and 256 are allowed');
  });

  test('a peer that announces too much is refused before it is there', () => {
    const bytes = encodePreface({ token: 'x', protocol: 'amqp', peer });
    new DataView(bytes.buffer).setUint16(8, 65_535);
    expect(() => read(bytes.subarray(0, 10))).toThrow('has 65535 octets, and 20480 are allowed');
  });

  test('what comes behind it before it was answered is refused', () => {
    const bytes = encodePreface({ token: 'x', protocol: 'amqp', peer });
    expect(() => read(Buffer.concat([bytes, Buffer.from('A')]))).toThrow('more than its preface has');
    expect(() => read(Buffer.alloc(100_000))).toThrow('it sent 100000 octets');
  });

  test('other programs, other versions and other protocols are told apart', () => {
    expect(() => read(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow('it is no node of a cluster');
    const bytes = encodePreface({ token: 'x', protocol: 'amqp', peer });
    expect(() => read(bytes.with(4, 2))).toThrow('it speaks version 2, and this node version 1');
    expect(() => read(bytes.with(5, 3))).toThrow('it passes on protocol 3; 1 and 2 are known');
    expect(() => read(bytes.with(5, 0))).toThrow('it passes on protocol 0');
  });

  test.each([
    ['no object', 1, 'has 1 for the client, and not an object'],
    ['an address that is no text', { ...peer, remoteAddress: 1 }, 'has 1 for remoteAddress'],
    [
      'an address that is too long',
      { ...peer, localAddress: 'x'.repeat(1025) },
      'has string for localAddress',
    ],
    ['a port that is none', { ...peer, remotePort: -1 }, 'has -1 for remotePort, and not a whole number'],
    ['no port', { ...peer, localPort: undefined }, 'has undefined for localPort, and not a number'],
    [
      'a loopback that is no flag',
      { ...peer, loopback: 'true' },
      'has string for loopback, and not true or false',
    ],
    ['tls that is no object', { ...peer, tls: true }, 'has boolean for tls, and not an object'],
    [
      'a certificate without times',
      { ...overTls, tls: { ...overTls.tls, certificate: { subject: '', issuer: '' } } },
      'notBeforeMs',
    ],
    ['a name that is no text', { ...peer, certificateName: {} }, 'has object for certificateName'],
  ])('a client with %s is refused', (_what, value, message) => {
    expect(() => read(withPeer(value))).toThrow(message);
  });

  test('what it says beyond what is known is dropped', () => {
    expect(read(withPeer({ ...peer, administrator: true }))).toMatchObject({ peer });
    expect(read(withPeer({ ...peer, administrator: true }))).not.toHaveProperty('peer.administrator');
  });

  test('any bytes are read, waited for, or refused, and nothing else happens', () => {
    const sound = encodePreface({ token: 'secret', protocol: 'amqp', peer: overTls });
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.uint8Array({ minLength: 1, maxLength: 30 }), (at, noise) => {
        const bytes = sound.slice();
        bytes.set(noise.subarray(0, bytes.length - at), at);
        try {
          read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(PrefaceError);
        }
      }),
    );
  });
});
