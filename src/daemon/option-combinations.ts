import { OptionError } from './option-error.ts';
import type { OptionValues } from './options.ts';

/** Refuses options that are good each, and not together. Throws an `OptionError`. */
export function checkCombinations(values: OptionValues): void {
  const { tlsCert, tlsKey, tlsCa, tlsVerifyPeer } = values;
  if (tlsCert !== '' && tlsKey === '') {
    throw new OptionError('option tlsKey: missing; tlsCert is of no use without its key');
  }
  if (tlsKey !== '' && tlsCert === '') {
    throw new OptionError('option tlsCert: missing; tlsKey is of no use without its certificate');
  }
  if (tlsVerifyPeer !== 'none' && tlsCa === '') {
    // the authorities that browsers trust would vouch for anybody who owns a domain
    throw new OptionError(
      `option tlsCa: missing; with tlsVerifyPeer ${tlsVerifyPeer} it says who vouches for clients`,
    );
  }
}
