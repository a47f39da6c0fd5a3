import type { ReactNode } from 'react';
import type { FlowState, QueueFlow } from '../../../data/flow.ts';
import { useFormats, useTexts } from '../../../language/language.tsx';
import { Badge, type BadgeTone } from '../../../parts/badge.tsx';
import { isTaken } from './finding-tone.ts';
import styles from './flow-tab.module.css';

const TONES: Readonly<Record<FlowState, BadgeTone>> = {
  idle: 'plain',
  stalled: 'bad',
  growing: 'warn',
  draining: 'good',
  steady: 'good',
};

/** In one word, and in one sentence, how it goes now. */
export function FlowStateLine({ flow }: { readonly flow: QueueFlow }): ReactNode {
  const { flow: texts } = useTexts();
  const formats = useFormats();
  const [now] = flow.windows;
  if (now === undefined) return null;
  const why = texts.stateWhy[now.state]({
    messages: formats.count(flow.messages),
    enqueued: formats.count(now.enqueued),
    settled: formats.count(now.settled),
    over: formats.duration(Math.round(now.covered_seconds) * 1000),
  });
  return (
    <p className={styles['state']}>
      <Badge tone={toneOf(flow, now.state)}>{texts.states[now.state]}</Badge>
      <span className={styles['stateWhy']}>{why}</span>
    </p>
  );
}

/** What only expires or is dropped may be steady, and is not well. */
function toneOf(flow: QueueFlow, state: FlowState): BadgeTone {
  const isLeft = flow.messages_ready > 0 && !isTaken(flow);
  return TONES[state] === 'good' && isLeft ? 'warn' : TONES[state];
}
