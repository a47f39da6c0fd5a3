import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** The PEM files of one certificate. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateRequest {
  /** Like `/O=Example/CN=client`. */
  readonly subject: string;
  /** Like `DNS:localhost,IP:127.0.0.1`. */
  readonly names?: string;
  readonly days?: number;
}

/** A certificate authority of one test, made by openssl, whose files are gone when the test is over. */
export class CertificateAuthority {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'leveret-ca-'));
  readonly cert: string = this.#path('ca.pem');
  readonly #key: string = this.#path('ca.key');
  #count = 0;

  constructor(subject = '/CN=Test authority') {
    onTestFinished(() => rmSync(this.directory, { recursive: true, force: true }));
    const options = ['-subj', subject, '-days', '2', '-keyout', this.#key, '-out', this.cert];
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', ...options);
  }

  /** For the broker on this machine. */
  issueForServer(options: Partial<CertificateRequest> = {}): CertificatePair {
    return this.issue({ subject: '/CN=localhost', names: 'DNS:localhost,IP:127.0.0.1', ...options });
  }

  issue({ subject, names, days = 1 }: CertificateRequest): CertificatePair {
    const name = `${++this.#count}`;
    const pair = { cert: this.#path(`${name}.pem`), key: this.#path(`${name}.key`) };
    const request = this.#path(`${name}.csr`);
    const extensions = this.#path(`${name}.ext`);
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
    openssl('req', ...curve, '-subj', subject, '-keyout', pair.key, '-out', request);
    writeFileSync(extensions, names === undefined ? '' : `subjectAltName=${names}\n`);
    const issuer = ['-CA', this.cert, '-CAkey', this.#key, '-CAcreateserial'];
    const output = ['-days', String(days), '-extfile', extensions, '-in', request, '-out', pair.cert];
    openssl('x509', '-req', ...issuer, ...output);
    return pair;
  }

  #path(name: string): string {
    return join(this.directory, name);
  }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
