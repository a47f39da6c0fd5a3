/** The types that the broker has. */
export const EXCHANGE_TYPES = [
  'direct',
  'fanout',
  'topic',
  'headers',
  'x-consistent-hash',
  'x-delayed-message',
  'x-message-deduplication',
  'x-modulus-hash',
  'x-random',
  'x-recent-history',
] as const;

export type ExchangeType = (typeof EXCHANGE_TYPES)[number];

/** What an exchange of delayed messages may route as, once they are due. */
export const DELAYED_TYPES = EXCHANGE_TYPES.filter((type) => type !== 'x-delayed-message');

/** Arguments of some types: to choose from. */
export const EXCHANGE_ARGUMENTS = [
  'hash-header',
  'hash-property',
  'x-cache-size',
  'x-cache-ttl',
  'x-recent-history-length',
] as const;
