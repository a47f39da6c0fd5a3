import type { ReactNode } from 'react';
import type { QueueFeatures, QueueState } from '../../data/queues.ts';
import type { Formats } from '../../format/formats.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Badge, type BadgeTone } from '../../parts/badge.tsx';
import { classNames } from '../../parts/class-names.ts';
import { href } from '../../route.ts';
import styles from './marks.module.css';
import { type Feature, featuresOf } from './queue-features.ts';

interface QueueMarksProps {
  readonly queue: QueueFeatures;
  /** In a list the usual type goes without saying. */
  readonly short?: boolean;
}

/** What a queue is: its type, and what makes it differ from others. */
export function QueueMarks({ queue, short = false }: QueueMarksProps): ReactNode {
  const isClassic = queue.type === 'classic';
  return (
    <span className={classNames(styles['marks'], short && styles['short'])}>
      {!(short && isClassic) && <Badge tone={isClassic ? 'plain' : 'accent'}>{queue.type}</Badge>}
      {featuresOf(queue).map((feature) => (
        <FeatureMark key={feature.kind} feature={feature} />
      ))}
      {queue.policy !== null && <PolicyMark policy={queue.policy} />}
    </span>
  );
}

function FeatureMark({ feature }: { readonly feature: Feature }): ReactNode {
  const { queues } = useTexts();
  const formats = useFormats();
  const why = queues.featureWhy[feature.kind];
  const title = typeof why === 'function' ? why(valueText(feature, formats, queues.defaultExchange)) : why;
  return <Badge title={title}>{queues.feature[feature.kind]}</Badge>;
}

function valueText(feature: Feature, formats: Formats, defaultExchange: string): string {
  if (!('value' in feature)) return '';
  const { kind, value } = feature;
  if (typeof value !== 'number') return value === '' ? defaultExchange : String(value);
  if (kind === 'message-ttl' || kind === 'expires') return formats.duration(value);
  return kind === 'max-length-bytes' ? formats.bytes(value) : formats.count(value);
}

function PolicyMark({ policy }: { readonly policy: string }): ReactNode {
  const { queues } = useTexts();
  return (
    <a href={href(['policies'])}>
      <Badge tone="accent" title={queues.policyIs(policy)}>
        {policy}
      </Badge>
    </a>
  );
}

type StateName = 'running' | 'idle' | 'paused' | 'unserved';

const TONES: Readonly<Record<StateName, BadgeTone>> = {
  running: 'good',
  idle: 'plain',
  paused: 'warn',
  unserved: 'warn',
};

export function QueueStateMark({ queue }: { readonly queue: QueueState }): ReactNode {
  const { queues } = useTexts();
  const name = stateName(queue);
  return (
    <Badge tone={TONES[name]} title={queues.stateWhy[name]}>
      {queues.states[name]}
    </Badge>
  );
}

function stateName({
  state,
  messages_ready: ready,
  consumers,
  idle_since: idleSince,
}: QueueState): StateName {
  if (state === 'paused') return 'paused';
  if (ready > 0 && consumers === 0) return 'unserved';
  return idleSince === undefined ? 'running' : 'idle';
}
