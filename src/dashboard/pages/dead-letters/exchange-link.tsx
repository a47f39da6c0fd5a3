import type { ReactNode } from 'react';
import { DEFAULT_EXCHANGE } from '../../data/messages.ts';
import { useTexts } from '../../language/language.tsx';
import { href } from '../../route.ts';

interface ExchangeLinkProps {
  readonly vhost: string;
  /** The default exchange has the empty one. */
  readonly name: string;
}

export function ExchangeLink({ vhost, name }: ExchangeLinkProps): ReactNode {
  const { deadLetters } = useTexts();
  return (
    <a href={href(['exchanges', vhost, name === '' ? DEFAULT_EXCHANGE : name])}>
      {name === '' ? deadLetters.defaultExchange : name}
    </a>
  );
}
