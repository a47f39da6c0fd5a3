/**
 * What a node says first on a connection to the port that another one has for it: who it is, and whose bytes follow.
 *
 *      0      4         5          6              8             10        10 + t        10 + t + p
 *     +------+---------+----------+--------------+-------------+---------+-------------+
 *     | LVRP | version | protocol | token octets | peer octets |  token  |    peer     |
 *     +------+---------+----------+--------------+-------------+---------+-------------+
 *       4      1         1          2 (t)          2 (p)         UTF-8     JSON, UTF-8
 *
 * Numbers are in network order. Protocol 1 is AMQP, 2 is HTTP. The peer is the client as the node saw it: its addresses, whether
 * it is on the node's own machine, what TLS has shown of it. The other side answers with one octet, `PREFACE_TAKEN`, or
 * closes; nothing of the client is sent before that, so one that was not taken can be tried again. Behind it are the bytes of
 * the client and of the broker, as they are.
 */
import { encodeUtf8, readU16, readU32, shortenUtf8, utf8Length, writeU16, writeU32 } from '../codec/bytes.ts';
import type { CertificateFacts, Peer, TlsFacts } from '../core/environment.ts';

export type PassedProtocol = 'amqp' | 'http';

export interface Preface {
  /** Of the lease record. */
  readonly token: string;
  readonly protocol: PassedProtocol;
  /** The client. */
  readonly peer: Peer;
}

/** The answer to a preface that is right. */
export const PREFACE_TAKEN = 0x01;

const MAGIC = 0x4c565250;
const VERSION = 1;
const HEADER_BYTES = 10;
const TOKEN_BYTES_MAX = 256;
/** A name in a certificate that is only shown is cut off there. One to log in with is left out: no user has it. */
const NAME_BYTES_MAX = 1024;
/** Room for three such names, each character of which may become six in JSON, and for the rest. */
const PEER_BYTES_MAX = 20 * 1024;
const PROTOCOLS: readonly PassedProtocol[] = ['amqp', 'http'];

/** The bytes are not a preface that this node can read. */
export class PrefaceError extends Error {
  override readonly name = 'PrefaceError';
}

/** @throws PrefaceError when the token is too long. */
export function encodePreface({ token, protocol, peer }: Preface): Uint8Array {
  const tokenBytes = encodeUtf8(token);
  const peerBytes = encodeUtf8(JSON.stringify(shortened(peer)));
  checkLengths(tokenBytes.length, peerBytes.length);
  const bytes = new Uint8Array(HEADER_BYTES + tokenBytes.length + peerBytes.length);
  writeU32(bytes, 0, MAGIC);
  bytes[4] = VERSION;
  bytes[5] = PROTOCOLS.indexOf(protocol) + 1;
  writeU16(bytes, 6, tokenBytes.length);
  writeU16(bytes, 8, peerBytes.length);
  bytes.set(tokenBytes, HEADER_BYTES);
  bytes.set(peerBytes, HEADER_BYTES + tokenBytes.length);
  return bytes;
}

/** Reads one preface, in whatever pieces it comes. */
export class PrefaceReader {
  #bytes: Buffer = Buffer.alloc(0);

  /** Returns undefined while there is more to come. Throws a `PrefaceError` as soon as it cannot become one. */
  push(chunk: Uint8Array): Preface | undefined {
    const end = this.#bytes.length + chunk.length;
    if (end > HEADER_BYTES + TOKEN_BYTES_MAX + PEER_BYTES_MAX) throw tooMuch(end);
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    if (end < HEADER_BYTES) return undefined;
    const tokenEnd = HEADER_BYTES + readU16(this.#bytes, 6);
    const prefaceEnd = tokenEnd + readU16(this.#bytes, 8);
    const protocol = this.#protocol();
    checkLengths(tokenEnd - HEADER_BYTES, prefaceEnd - tokenEnd);
    if (end < prefaceEnd) return undefined;
    if (end > prefaceEnd) throw tooMuch(end);
    const token = this.#bytes.toString('utf8', HEADER_BYTES, tokenEnd);
    return { token, protocol, peer: readPeer(this.#bytes.toString('utf8', tokenEnd, prefaceEnd)) };
  }

  #protocol(): PassedProtocol {
    const magic = readU32(this.#bytes, 0);
    if (magic !== MAGIC) throw new PrefaceError('it is no node of a cluster: it begins with other octets');
    const [version, code] = [this.#bytes[4] ?? 0, this.#bytes[5] ?? 0];
    if (version !== VERSION) {
      throw new PrefaceError(
        `it speaks version ${version}, and this node version ${VERSION}: upgrade the older one`,
      );
    }
    const protocol = PROTOCOLS[code - 1];
    if (protocol === undefined) throw new PrefaceError(`it passes on protocol ${code}; 1 and 2 are known`);
    return protocol;
  }
}

function checkLengths(tokenBytes: number, peerBytes: number): void {
  if (tokenBytes > TOKEN_BYTES_MAX) {
    throw new PrefaceError(`its token has ${tokenBytes} octets, and ${TOKEN_BYTES_MAX} are allowed`);
  }
  if (peerBytes > PEER_BYTES_MAX) {
    throw new PrefaceError(
      `what it says of its client has ${peerBytes} octets, and ${PEER_BYTES_MAX} are allowed`,
    );
  }
}

function tooMuch(bytes: number): PrefaceError {
  return new PrefaceError(`it sent ${bytes} octets, more than its preface has, before it was answered`);
}

function shortened({ certificateName, tls, ...peer }: Peer): Peer {
  const isName = certificateName !== undefined && utf8Length(certificateName) <= NAME_BYTES_MAX;
  return { ...peer, ...(tls && { tls: shortenedTls(tls) }), ...(isName && { certificateName }) };
}

function shortenedTls(tls: TlsFacts): TlsFacts {
  const { certificate } = tls;
  if (certificate === undefined) return tls;
  const subject = shortenUtf8(certificate.subject, NAME_BYTES_MAX);
  const issuer = shortenUtf8(certificate.issuer, NAME_BYTES_MAX);
  return { ...tls, certificate: { ...certificate, subject, issuer } };
}

function readPeer(json: string): Peer {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new PrefaceError('what it says of its client is no JSON');
  }
  const fields = fieldsOf(value, 'the client');
  const { certificateName, tls } = fields;
  return {
    remoteAddress: textOf(fields, 'remoteAddress'),
    remotePort: portOf(fields, 'remotePort'),
    localAddress: textOf(fields, 'localAddress'),
    localPort: portOf(fields, 'localPort'),
    loopback: flagOf(fields, 'loopback'),
    ...(tls !== undefined && { tls: readTls(tls) }),
    ...(certificateName !== undefined && { certificateName: textOf(fields, 'certificateName') }),
  };
}

function readTls(value: unknown): TlsFacts {
  const fields = fieldsOf(value, 'tls');
  const facts = { protocol: textOf(fields, 'protocol'), cipher: textOf(fields, 'cipher') };
  const { certificate } = fields;
  return certificate === undefined ? facts : { ...facts, certificate: readCertificate(certificate) };
}

function readCertificate(value: unknown): CertificateFacts {
  const fields = fieldsOf(value, 'certificate');
  return {
    subject: textOf(fields, 'subject'),
    issuer: textOf(fields, 'issuer'),
    notBeforeMs: numberOf(fields, 'notBeforeMs'),
    notAfterMs: numberOf(fields, 'notAfterMs'),
  };
}

/** What was parsed, of which nothing is known. Only fields with names of ours are looked at. */
type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null) throw wrongField(name, value, 'an object');
  return value as Fields;
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value.length <= NAME_BYTES_MAX) return value;
  throw wrongField(name, value, `a text of at most ${NAME_BYTES_MAX} characters`);
}

function numberOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number') return value;
  throw wrongField(name, value, 'a number');
}

/** A client in a process has a number in its place, which may be larger than any port. */
function portOf(fields: Fields, name: string): number {
  const port = numberOf(fields, name);
  if (Number.isSafeInteger(port) && port >= 0) return port;
  throw wrongField(name, port, 'a whole number');
}

function flagOf(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value === 'boolean') return value;
  throw wrongField(name, value, 'true or false');
}

function wrongField(name: string, value: unknown, allowed: string): PrefaceError {
  const found = typeof value === 'number' ? String(value) : typeof value;
  return new PrefaceError(`what it says of its client has ${found} for ${name}, and not ${allowed}`);
}
