import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { cpuSeconds, cpuTicks, hasProc, listeningInodes, listeningPid } from './process-cpu.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1628 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41234 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1628 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 41235 1 0000000000000000 20 4 30 10 -1
   2: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11111 1 0000000000000000 100 0 0 10 0
`;

test('user and system ticks are read behind a name with spaces and parentheses', () => {
  const stat = '4711 (beam (smp) x) S 1 4711 4711 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 33 0 12345 1000 10';
  expect(cpuTicks(stat)).toBe(300);
});

test('what is no line of stat is refused', () => {
  expect(() => cpuTicks('nonsense')).toThrow('not a line of /proc/PID/stat');
});

test('only listening sockets on the port are found in the table of sockets', () => {
  expect(listeningInodes(TABLE, 5672)).toEqual(['41234']);
  expect(listeningInodes(TABLE, 22)).toEqual(['11111']);
  expect(listeningInodes(TABLE, 80)).toEqual([]);
});

test.skipIf(!hasProc())(
  'this process is found by the port that it listens on, and has used some time',
  async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      expect(listeningPid((server.address() as AddressInfo).port)).toBe(process.pid);
    } finally {
      server.close();
    }
    expect(cpuSeconds(process.pid)).toBeGreaterThan(0);
    expect(cpuSeconds(2 ** 30)).toBeUndefined();
  },
);
