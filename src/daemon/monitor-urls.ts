import type { OptionValues } from './options.ts';

/** Where NATS servers listen for those who watch them, unless they were told otherwise. */
const MONITOR_PORT = 8222;

/** The URLs that were given, or those that go with the servers. */
export function monitorUrls({
  nats,
  natsMonitor,
}: Pick<OptionValues, 'nats' | 'natsMonitor'>): readonly string[] {
  if (natsMonitor.length > 0) return natsMonitor;
  return nats.map((server) => `http://${hostOf(server)}:${MONITOR_PORT}`);
}

/** A server may be given without its scheme. */
function hostOf(server: string): string {
  const text = server.includes('://') ? server : `nats://${server}`;
  return URL.canParse(text) ? new URL(text).hostname : server;
}
