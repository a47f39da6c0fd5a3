import type { ReactNode } from 'react';
import { type QueueName, queueBindingsPath } from '../../data/queues.ts';
import { useTexts } from '../../language/language.tsx';
import { BindingsCard } from '../exchanges/bindings-card.tsx';

export function QueueBindings({ vhost, name }: QueueName): ReactNode {
  const { exchanges } = useTexts();
  return (
    <BindingsCard
      title={exchanges.binding.toQueue}
      path={queueBindingsPath({ vhost, name })}
      at={{ vhost, end: 'to-queue', name }}
      none={exchanges.binding.noneToQueue}
    />
  );
}
