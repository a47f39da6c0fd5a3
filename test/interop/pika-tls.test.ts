import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startBroker } from '../../src/daemon/start-broker.ts';
import { CertificateAuthority } from '../servers/certificates.ts';
import { StartedProcess } from '../servers/child-process.ts';
import { describeWith, PYTHON, pythonModule } from './debian.ts';

const SCRIPT = fileURLToPath(new URL('./pika/external.py', import.meta.url));

describeWith(pythonModule('pika', 'python3-pika'), 'pika over TLS', () => {
  test('logs in with the mechanism EXTERNAL as the user of its certificate', async () => {
    const authority = new CertificateAuthority();
    const own = authority.issueForServer();
    const running = await startBroker({
      amqpPort: false,
      amqpsPort: 0,
      tlsCert: own.cert,
      tlsKey: own.key,
      tlsCa: authority.cert,
      tlsVerifyPeer: 'required',
    });
    onTestFinished(() => running.close({ graceMs: 100 }));
    const user = 'CN=pika,O=Example';
    running.broker.putUser(user, 'never used');
    running.broker.access.setPermission({ user, vhost: '/', configure: '.*', write: '.*', read: '.*' });
    const client = authority.issue({ subject: '/O=Example/CN=pika' });
    const port = String(running.ports.amqps);
    const script = new StartedProcess(PYTHON, [SCRIPT, port, authority.cert, client.cert, client.key]);
    expect(await script.succeeded()).toBe('the same');
  });
});
