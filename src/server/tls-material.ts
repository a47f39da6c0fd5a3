import { constants, type X509Certificate } from 'node:crypto';
import type { SecureContextOptions, TLSSocket, TlsOptions } from 'node:tls';
import type { TlsFacts } from '../core/environment.ts';
import { distinguishedName } from './distinguished-name.ts';

/** Whether a client has to show a certificate, and one that is shown has to be trusted. */
export type VerifyPeer = 'none' | 'optional' | 'required';

/** What listeners over TLS work with. */
export interface TlsMaterial {
  /** Certificate, key, and whom to trust, as they are now. */
  readonly context: SecureContextOptions;
  readonly verifyPeer: VerifyPeer;
  /** The user that a trusted client certificate stands for; undefined when it names none. */
  nameOf(certificate: X509Certificate): string | undefined;
  /** `listener` is called whenever there is another `context`. */
  onChange(listener: () => void): void;
}

/** A peer must be through with the handshake of TLS this long after it connected. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** For the servers of `node:tls` and `node:https`. */
export function tlsServerOptions({
  context,
  verifyPeer,
}: Pick<TlsMaterial, 'context' | 'verifyPeer'>): TlsOptions {
  return {
    ...contextOf({ context, verifyPeer }),
    requestCert: verifyPeer !== 'none',
    rejectUnauthorized: verifyPeer === 'required',
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  };
}

/** A client that has shown a certificate is not to come back on the strength of an old session: it shows it again. */
export function contextOf({
  context,
  verifyPeer,
}: Pick<TlsMaterial, 'context' | 'verifyPeer'>): SecureContextOptions {
  const secureOptions = verifyPeer === 'none' ? {} : { secureOptions: constants.SSL_OP_NO_TICKET };
  return { minVersion: 'TLSv1.2', ...context, ...secureOptions };
}

/** A certificate that was shown and is not trusted; nobody has to show one where it is optional. */
export function hasUntrustedCertificate(socket: TLSSocket): boolean {
  return !socket.authorized && socket.getPeerX509Certificate() !== undefined;
}

/** What a connection that is through with the handshake has agreed on. */
export function tlsFactsOf(socket: TLSSocket): TlsFacts {
  const { standardName } = socket.getCipher();
  const certificate = socket.getPeerX509Certificate();
  const facts = { protocol: socket.getProtocol() ?? 'unknown', cipher: standardName };
  if (certificate === undefined) return facts;
  return {
    ...facts,
    certificate: {
      subject: distinguishedName(certificate.subject),
      issuer: distinguishedName(certificate.issuer),
      notBeforeMs: Date.parse(certificate.validFrom),
      notAfterMs: Date.parse(certificate.validTo),
    },
  };
}
