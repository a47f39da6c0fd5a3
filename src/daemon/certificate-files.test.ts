import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeWith, OPENSSL } from '../../test/interop/debian.ts';
import { CertificateAuthority, type CertificatePair } from '../../test/servers/certificates.ts';
import { CertificateFiles, type CertificateFilesOptions } from './certificate-files.ts';

interface Opened {
  readonly files: CertificateFiles;
  readonly events: string[];
}

function open(pair: CertificatePair, options: Partial<CertificateFilesOptions> = {}): Opened {
  const events: string[] = [];
  const files = new CertificateFiles({
    ...pair,
    ca: '',
    verifyPeer: 'none',
    nameSource: 'distinguished_name',
    onEvent: ({ level, text }) => events.push(`${level} ${text}`),
    ...options,
  });
  onTestFinished(() => files.close());
  return { files, events };
}

describeWith(OPENSSL, 'certificate files', () => {
  test('new files are taken when they fit each other, and until then the old ones stay', () => {
    const authority = new CertificateAuthority();
    const [first, second] = [authority.issueForServer({ days: 30 }), authority.issueForServer({ days: 60 })];
    const path = (name: string): string => join(authority.directory, name);
    const used = { cert: path('used.pem'), key: path('used.key') };
    copyFileSync(first.cert, used.cert);
    copyFileSync(first.key, used.key);
    const { files, events } = open(used);
    let changes = 0;
    files.onChange(() => changes++);
    const before = files.context;

    files.look();
    copyFileSync(second.cert, used.cert);
    files.look();
    expect([files.context, changes]).toEqual([before, 0]);
    expect(events.splice(0)).toEqual([
      expect.stringMatching(/^warn the old certificate stays in use.*the key is not the one/),
    ]);
    writeFileSync(used.key, 'no key');
    files.look();
    expect(files.context).toBe(before);
    events.length = 0;

    copyFileSync(second.key, used.key);
    files.look();
    files.look();
    expect(changes).toBe(1);
    expect(files.context.key).toEqual(readFileSync(second.key));
    expect(events).toEqual([`info new certificate in use: CN=localhost, from ${used.cert}`]);
  });

  test('a certificate that expires soon is told, and when it does', () => {
    const authority = new CertificateAuthority();
    const { files, events } = open(authority.issueForServer({ days: 3 }));
    expect(events).toEqual([expect.stringMatching(/^warn the certificate in .* expires in 2 days$/)]);
    expect(files.certificate.subject).toBe('CN=localhost');
    const days = (files.certificate.notAfterMs - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(2.9);
    expect(days).toBeLessThanOrEqual(3);
  });

  test('files that cannot be used are refused with their names', () => {
    const authority = new CertificateAuthority();
    const pair = authority.issueForServer();
    const other = authority.issueForServer();
    expect(() => open({ cert: '/absent.pem', key: pair.key })).toThrow(
      'option tlsCert: /absent.pem cannot be read: ENOENT',
    );
    expect(() => open({ cert: pair.cert, key: other.key })).toThrow(
      `options tlsCert and tlsKey: ${pair.cert} and ${other.key}: the key is not the one that the certificate is for`,
    );
    expect(() => open(pair, { ca: '/absent.pem' })).toThrow('option tlsCa: /absent.pem cannot be read');
  });

  test.each([
    ['distinguished_name', 'CN=client\\, the first,O=Example'],
    ['common_name', 'client, the first'],
    ['dns', 'client.example'],
    ['email', 'client@example.com'],
    ['uri', 'urn:client'],
  ] as const)('the user of a certificate by its %s', (nameSource, name) => {
    const authority = new CertificateAuthority();
    const { files } = open(authority.issueForServer(), { nameSource });
    const names = 'DNS:client.example,email:client@example.com,URI:urn:client';
    const { cert } = authority.issue({ subject: '/O=Example/CN=client, the first', names });
    expect(files.nameOf(new X509Certificate(readFileSync(cert)))).toBe(name);
  });

  test('a certificate without such a part names nobody', () => {
    const authority = new CertificateAuthority();
    const { cert } = authority.issue({ subject: '/O=Example/CN=one/CN=two' });
    for (const nameSource of ['common_name', 'dns', 'email', 'uri'] as const) {
      const { files } = open(authority.issueForServer(), { nameSource });
      expect(files.nameOf(new X509Certificate(readFileSync(cert)))).toBeUndefined();
    }
  });
});
