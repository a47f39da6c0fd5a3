import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { BrokerEvent } from '../core/environment.ts';
import { alternativeName, attributeOf, distinguishedName } from '../server/distinguished-name.ts';
import type { TlsMaterial, VerifyPeer } from '../server/tls-material.ts';
import { fileStamp } from './file-stamp.ts';
import { OptionError } from './option-error.ts';

/** How often the files are looked at. */
const LOOK_MS = 10_000;
const DAY_MS = 86_400_000;
/** From so many days before its end on, it is told at each start and each new file. */
const WARN_DAYS = 14;

/** Which part of a client's certificate is the name of its user. */
export type CertificateNameSource = 'distinguished_name' | 'common_name' | 'dns' | 'email' | 'uri';

export interface CertificatePaths {
  /** PEM: the certificate, and behind it those between it and the authority. */
  readonly cert: string;
  readonly key: string;
  /** Who issues client certificates; '' for nobody. */
  readonly ca: string;
}

export interface CertificateFilesOptions extends CertificatePaths {
  readonly verifyPeer: VerifyPeer;
  readonly nameSource: CertificateNameSource;
  onEvent(event: BrokerEvent): void;
}

/** What the files hold. */
interface PemContext extends SecureContextOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The certificate of the broker, for probes of its expiry. */
export interface ServerCertificate {
  readonly path: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly notAfterMs: number;
}

/**
 * The certificate and key of the broker, which are read anew when their files change. New connections get the new ones; files
 * that cannot be used, as between the exchange of the one and the other, leave the old ones in use.
 */
export class CertificateFiles implements TlsMaterial {
  context: PemContext;
  certificate: ServerCertificate;
  readonly #options: CertificateFilesOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners: (() => void)[] = [];
  #stamp: string;

  /** @throws OptionError when the files cannot be used. */
  constructor(options: CertificateFilesOptions) {
    this.#options = options;
    this.#stamp = stampOf(options);
    this.context = readContext(options);
    this.certificate = certificateOf(options.cert, this.context.cert);
    this.#tellExpiry();
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  get verifyPeer(): VerifyPeer {
    return this.#options.verifyPeer;
  }

  nameOf(certificate: X509Certificate): string | undefined {
    const { subject, subjectAltName = '' } = certificate;
    switch (this.#options.nameSource) {
      case 'distinguished_name':
        return distinguishedName(subject) || undefined;
      case 'common_name':
        return attributeOf(subject, 'CN');
      case 'dns':
        return alternativeName(subjectAltName, 'DNS');
      case 'email':
        return alternativeName(subjectAltName, 'email');
      case 'uri':
        return alternativeName(subjectAltName, 'URI');
    }
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Reads the files if they have changed. The timer does it every ten seconds. */
  look(): void {
    const stamp = stampOf(this.#options);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    const { cert, onEvent } = this.#options;
    try {
      // both, or neither
      const context = readContext(this.#options);
      this.certificate = certificateOf(cert, context.cert);
      this.context = context;
    } catch (error) {
      const { message } = error as Error;
      onEvent({
        level: 'warn',
        text: `the old certificate stays in use, for the new one cannot be used: ${message}`,
      });
      return;
    }
    onEvent({ level: 'info', text: `new certificate in use: ${this.certificate.subject}, from ${cert}` });
    this.#tellExpiry();
    for (const listener of this.#listeners) listener();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tellExpiry(): void {
    const { path, notAfterMs } = this.certificate;
    const days = Math.floor((notAfterMs - Date.now()) / DAY_MS);
    if (days >= WARN_DAYS) return;
    const when = days < 0 ? 'has expired' : `expires in ${days === 1 ? '1 day' : `${days} days`}`;
    this.#options.onEvent({ level: 'warn', text: `the certificate in ${path} ${when}` });
  }
}

function readContext({ cert, key, ca }: CertificatePaths): PemContext {
  const context = {
    cert: readPem('tlsCert', cert),
    key: readPem('tlsKey', key),
    ...(ca === '' ? {} : { ca: readPem('tlsCa', ca) }),
  };
  try {
    checkPair(context.cert, context.key);
    createSecureContext(context);
  } catch (error) {
    throw new OptionError(`options tlsCert and tlsKey: ${cert} and ${key}: ${(error as Error).message}`);
  }
  return context;
}

function checkPair(cert: Buffer, key: Buffer): void {
  if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return;
  throw new Error('the key is not the one that the certificate is for');
}

function readPem(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new OptionError(`option ${option}: ${path} cannot be read: ${(error as Error).message}`);
  }
}

function certificateOf(path: string, pem: Buffer): ServerCertificate {
  const { subject, validTo } = new X509Certificate(pem);
  return { path, subject: distinguishedName(subject), notAfterMs: Date.parse(validTo) };
}

/** Changes whenever one of the files does; what it points to, when it is a link. */
function stampOf({ cert, key, ca }: CertificatePaths): string {
  return [cert, key, ca].map((path) => (path === '' ? '' : fileStamp(path))).join(' ');
}
