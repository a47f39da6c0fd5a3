import type { ReactNode } from 'react';
import type { OutcomeAnswer, OutcomeStatus } from '../../data/outcomes.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Badge, type BadgeTone } from '../../parts/badge.tsx';
import { LinkButton } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { KeyValues } from '../../parts/key-values.tsx';
import { href } from '../../route.ts';
import { OutcomeResult } from './outcome-result.tsx';
import styles from './outcomes.module.css';

const TONES: Readonly<Record<OutcomeStatus, BadgeTone>> = {
  completed: 'good',
  failed: 'bad',
  expired: 'warn',
  'dead-lettered': 'warn',
  dropped: 'warn',
};

interface OutcomeCardProps {
  readonly vhost: string;
  readonly outcome: OutcomeAnswer;
}

export function OutcomeCard({ vhost, outcome }: OutcomeCardProps): ReactNode {
  const { outcomes } = useTexts();
  const { queue, status } = outcome;
  return (
    <Card
      title={queue}
      lead={<Badge tone={TONES[status]}>{outcomes.statuses[status]}</Badge>}
      actions={
        <LinkButton kind="quiet" href={href(['queues', vhost, queue])}>
          {outcomes.toQueue}
        </LinkButton>
      }
    >
      <div className={styles['outcome']}>
        <OutcomeFacts outcome={outcome} />
        {outcome.error !== undefined && (
          <div className={styles['part']}>
            <h3>{outcomes.error}</h3>
            <p className={styles['error']}>{outcome.error}</p>
          </div>
        )}
        <OutcomeResult outcome={outcome} />
      </div>
    </Card>
  );
}

function OutcomeFacts({ outcome }: { readonly outcome: OutcomeAnswer }): ReactNode {
  const { outcomes } = useTexts();
  const formats = useFormats();
  const { reason } = outcome;
  return (
    <KeyValues
      rows={[
        ...(reason === undefined
          ? []
          : [{ key: outcomes.reason, value: outcomes.reasons[reason] ?? reason }]),
        {
          key: outcomes.settledAt,
          value: `${formats.time(outcome.settled_at)} (${formats.ago(outcome.settled_at, Date.now())})`,
        },
        { key: outcomes.deliveries, value: formats.count(outcome.deliveries) },
        { key: outcomes.waiting, value: <Span ms={outcome.waiting_ms} of={outcomes.waitingWhy} /> },
        { key: outcomes.working, value: <Span ms={outcome.working_ms} of={outcomes.workingWhy} /> },
      ]}
    />
  );
}

function Span({ ms, of }: { readonly ms: number; readonly of: string }): ReactNode {
  const formats = useFormats();
  return (
    <>
      {formats.duration(ms)} <span className={styles['small']}>{of}</span>
    </>
  );
}
