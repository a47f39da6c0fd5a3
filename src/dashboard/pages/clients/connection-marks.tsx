import type { ReactNode } from 'react';
import type { ConnectionRow, ConnectionState } from '../../data/connections.ts';
import { useTexts } from '../../language/language.tsx';
import { Badge, type BadgeTone } from '../../parts/badge.tsx';
import styles from './clients.module.css';

const TONES: Readonly<Record<ConnectionState, BadgeTone>> = {
  running: 'good',
  blocked: 'bad',
  closing: 'warn',
};

/** The state, whether the client keeps up, and whether anybody on the way can read along. */
export function ConnectionMarks({
  connection: { state, send_pend: pending, ssl },
}: {
  readonly connection: Pick<ConnectionRow, 'state' | 'send_pend' | 'ssl'>;
}): ReactNode {
  const { clients } = useTexts();
  return (
    <span className={styles['marks']}>
      <Badge tone={TONES[state]} {...(state === 'blocked' ? { title: clients.blockedWhy } : {})}>
        {clients.states[state]}
      </Badge>
      {pending > 0 && (
        <Badge tone="warn" title={clients.readsSlowlyWhy}>
          {clients.readsSlowly}
        </Badge>
      )}
      {ssl && <Badge tone="accent">{clients.tls}</Badge>}
    </span>
  );
}
