import type { ReactNode } from 'react';
import { exchangeFromPath } from '../../data/exchanges.ts';
import { useRoute } from '../../route.ts';
import { ExchangeList } from './exchange-list.tsx';
import { ExchangePage } from './exchange-page.tsx';

/** `#/exchanges`, and `#/exchanges/VHOST/NAME`. */
export function ExchangesPage(): ReactNode {
  const [, vhost, name] = useRoute().segments;
  if (vhost === undefined || name === undefined) return <ExchangeList />;
  return <ExchangePage key={JSON.stringify([vhost, name])} vhost={vhost} name={exchangeFromPath(name)} />;
}
