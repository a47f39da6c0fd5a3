import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { ConcernedConsumer, QueueExplanation, QueueFlow, QueueReason } from '../../../data/flow.ts';
import type { ApiError } from '../../../data/http.ts';
import { useFormats, useLanguage, useTexts } from '../../../language/language.tsx';
import { Card } from '../../../parts/card.tsx';
import { Icon } from '../../../parts/icon.tsx';
import { Answer } from '../../../parts/states.tsx';
import { href } from '../../../route.ts';
import { type FindingTone, findingTone, isTaken } from './finding-tone.ts';
import styles from './flow-tab.module.css';

interface QueueFindingsProps {
  readonly flow: QueueFlow;
  readonly explanation: UseQueryResult<QueueExplanation, ApiError>;
}

/** Why the queue does not drain, or does: the most important first, each with the way out. */
export function QueueFindings({ flow, explanation }: QueueFindingsProps): ReactNode {
  const { flow: texts } = useTexts();
  const formats = useFormats();
  const taken = isTaken(flow);
  return (
    <Card title={taken || flow.messages === 0 ? texts.explainMoving : texts.explain}>
      <Answer of={explanation} lines={4}>
        {({ reasons }) => (
          <ol className={styles['findings']}>
            {reasons.map((reason) => (
              <Finding key={reason.reason} reason={reason} tone={findingTone(reason.reason, flow)} />
            ))}
          </ol>
        )}
      </Answer>
      {flow.oldest_ready_age_ms !== null && (
        <p className={styles['oldest']}>{texts.oldest(formats.duration(flow.oldest_ready_age_ms))}</p>
      )}
    </Card>
  );
}

function Finding({ reason, tone }: { readonly reason: QueueReason; readonly tone: FindingTone }): ReactNode {
  const { flow: texts } = useTexts();
  const { name } = useLanguage();
  const known = knownReason(texts.reasons, reason.reason);
  return (
    <li className={styles['finding']}>
      <span className={styles[tone]}>
        <Icon name={tone === 'good' ? 'good' : 'warn'} />
      </span>
      <div className={styles['findingText']}>
        <h3>{known?.title ?? reason.text}</h3>
        {known !== undefined && name === 'en' && FIGURES_OR_NAMES.test(reason.text) && (
          <p className={styles['fact']}>{reason.text}.</p>
        )}
        <p className={styles['muted']}>{known?.advice ?? reason.advice}</p>
        <Concerned consumers={reason.consumers} />
      </div>
    </li>
  );
}

/** What the text of the broker, which is English, adds to ours. */
const FIGURES_OR_NAMES = /[\d'(]/;

interface ReasonTexts {
  readonly title: string;
  readonly advice: string;
}

/** A newer broker may know more. */
function knownReason(reasons: Readonly<Record<string, ReasonTexts>>, code: string): ReasonTexts | undefined {
  return Object.hasOwn(reasons, code) ? reasons[code] : undefined;
}

function Concerned({ consumers }: { readonly consumers: readonly ConcernedConsumer[] }): ReactNode {
  const { flow: texts } = useTexts();
  const formats = useFormats();
  if (consumers.length === 0) return null;
  return (
    <details className={styles['consumers']}>
      <summary>{texts.explainConsumers(formats.count(consumers.length))}</summary>
      <ul>
        {consumers.map((consumer) => (
          <li
            key={`${consumer.connection} ${consumer.channel} ${consumer.consumer_tag}`}
            className={styles['consumer']}
          >
            <ConsumerLine consumer={consumer} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function ConsumerLine({ consumer }: { readonly consumer: ConcernedConsumer }): ReactNode {
  const { flow: texts } = useTexts();
  const formats = useFormats();
  const { consumer_tag, connection, prefetch_count, unacknowledged, blocked_ms } = consumer;
  const unacked = formats.count(unacknowledged);
  return (
    <>
      <span>{consumer_tag}</span>
      {connection !== null && <a href={href(['connections', connection])}>{connection}</a>}
      <span className={styles['muted']}>
        {prefetch_count === 0
          ? texts.explainUnackedUnlimited(unacked)
          : texts.explainUnacked(unacked, formats.count(prefetch_count))}
        {blocked_ms !== null && ` · ${texts.explainBlocked(formats.duration(blocked_ms))}`}
      </span>
    </>
  );
}
