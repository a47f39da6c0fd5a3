import type { ReactNode } from 'react';
import type { ChannelRow } from '../../data/channels.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import styles from './clients.module.css';

/** How it publishes, and whether it does anything. */
export function ChannelMarks({
  channel: { confirm, transactional, idle_since: idleSince },
}: {
  readonly channel: Pick<ChannelRow, 'confirm' | 'transactional' | 'idle_since'>;
}): ReactNode {
  const { clients } = useTexts();
  const formats = useFormats();
  return (
    <span className={styles['marks']}>
      {confirm && (
        <Badge tone="good" title={clients.confirmWhy}>
          {clients.confirm}
        </Badge>
      )}
      {transactional && (
        <Badge tone="accent" title={clients.transactionalWhy}>
          {clients.transactional}
        </Badge>
      )}
      {idleSince !== undefined && (
        <Badge title={clients.idleSince(formats.time(idleSince))}>{clients.idle}</Badge>
      )}
    </span>
  );
}
