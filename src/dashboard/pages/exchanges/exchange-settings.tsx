import type { ReactNode } from 'react';
import type { ExchangeRow } from '../../data/exchanges.ts';
import { useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { TypedValues } from '../queues/typed-values.tsx';

export function ExchangeSettings({ exchange }: { readonly exchange: ExchangeRow }): ReactNode {
  const { exchanges } = useTexts();
  return (
    <Card title={exchanges.arguments}>
      <TypedValues values={exchange.arguments} />
    </Card>
  );
}
