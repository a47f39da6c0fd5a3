/**
 * A page in a browser on this machine can ask for a name of its own that then stands for 127.0.0.1 (DNS rebinding), and would
 * be let in as guest, who may log in from this machine. The name is in the Host header, which the page cannot change.
 */
import { hostname } from 'node:os';

const LOCAL = /^(localhost|[\w-]+\.localhost|\d{1,3}(\.\d{1,3}){3}|\[[\da-f:.]+\])$/;

/** Whether a request from this machine may be for this `Host`: an address, a local name, or one of `names`. */
export function isOwnHost(host: string | undefined, names: readonly string[] = []): boolean {
  // HTTP/1.0: no browser
  if (host === undefined) return true;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return LOCAL.test(name) || name === hostname().toLowerCase() || names.includes(name);
}
