import { expect, test } from 'vitest';
import { monitorUrls } from './monitor-urls.ts';

test('the monitoring ports are those of the servers unless they are named', () => {
  const nats = ['nats://user:secret@a.example:4222', 'tls://[::1]:4223', 'b.example:4222', 'c.example'];
  expect(monitorUrls({ nats, natsMonitor: [] })).toEqual([
    'http://a.example:8222',
    'http://[::1]:8222',
    'http://b.example:8222',
    'http://c.example:8222',
  ]);
  expect(monitorUrls({ nats, natsMonitor: ['http://x:1'] })).toEqual(['http://x:1']);
});
