import { hostname } from 'node:os';
import type { OptionValues } from './options.ts';

/** Addresses that stand for all of a machine, and lead nowhere. */
const ALL_ADDRESSES: readonly string[] = ['0.0.0.0', '::'];

/** Where other nodes reach this one. */
export function reachableHost({ clusterHost, host }: Pick<OptionValues, 'clusterHost' | 'host'>): string {
  if (clusterHost !== '') return clusterHost;
  const [first = 'localhost'] = host;
  return host.some((each) => ALL_ADDRESSES.includes(each)) ? hostname() : first;
}
