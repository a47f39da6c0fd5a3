import type { ReactNode } from 'react';
import type { ActivityStatus, ConsumerRow } from '../../data/consumers.ts';
import { useTexts } from '../../language/language.tsx';
import { Badge, type BadgeTone } from '../../parts/badge.tsx';
import styles from './clients.module.css';

const TONES: Readonly<Record<ActivityStatus, BadgeTone>> = {
  up: 'good',
  single_active: 'good',
  waiting: 'plain',
};

/** Whether it is given messages, and whether it has the queue to itself. */
export function ConsumerMarks({
  consumer: { activity_status: status, exclusive },
}: {
  readonly consumer: ConsumerRow;
}): ReactNode {
  const { clients } = useTexts();
  return (
    <span className={styles['marks']}>
      <Badge tone={TONES[status]} {...(status === 'waiting' ? { title: clients.waitingWhy } : {})}>
        {clients.activities[status]}
      </Badge>
      {exclusive && <Badge tone="accent">{clients.exclusive}</Badge>}
    </span>
  );
}
