import type { ReactNode } from 'react';
import { type ExchangeName, exchangeInPath } from '../../data/exchanges.ts';
import { useTexts } from '../../language/language.tsx';
import { href } from '../../route.ts';

export function ExchangeLink({ vhost, name }: ExchangeName): ReactNode {
  const { exchanges } = useTexts();
  return (
    <a href={href(['exchanges', vhost, exchangeInPath(name)])}>
      {name === '' ? exchanges.defaultName : name}
    </a>
  );
}
