import type { ReactNode } from 'react';
import type { Death } from '../../data/messages.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { href } from '../../route.ts';
import { DeathReason } from '../dead-letters/death-reason.tsx';
import { ExchangeLink } from '../exchanges/exchange-link.tsx';
import styles from './message-dialog.module.css';

interface DeathTimelineProps {
  readonly vhost: string;
  readonly deaths: readonly Death[];
}

/** The header x-death: where, when and why it died. */
export function DeathTimeline({ vhost, deaths }: DeathTimelineProps): ReactNode {
  const { messages } = useTexts();
  return (
    <section>
      <div className={styles['head']}>
        <h3>{messages.deaths}</h3>
        <span className={styles['note']}>{messages.deathsLead}</span>
      </div>
      <ol className={styles['timeline']}>
        {deaths.map((death, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: entries have no other identity, and no state
          <li key={at}>
            <Entry vhost={vhost} death={death} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Entry({ vhost, death }: { readonly vhost: string; readonly death: Death }): ReactNode {
  const { messages } = useTexts();
  const formats = useFormats();
  const { reason, queue, exchange, routingKeys, count, time } = death;
  return (
    <>
      <p className={styles['death']}>
        <DeathReason reason={reason} />
        {count > 1 && <strong>{messages.times(formats.count(count))}</strong>}
        <span className={styles['note']}>{messages.diedIn}</span>
        <a href={href(['queues', vhost, queue])}>{queue}</a>
        {time !== undefined && <time className={styles['note']}>{formats.time(time * 1000)}</time>}
      </p>
      <p className={styles['note']}>
        {messages.cameThrough} <ExchangeLink vhost={vhost} name={exchange} /> {messages.deathKeys}{' '}
        <code>{routingKeys.join(', ')}</code>
      </p>
    </>
  );
}
