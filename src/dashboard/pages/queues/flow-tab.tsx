import { type ReactNode, useMemo } from 'react';
import {
  type QueueExplanation,
  type QueueFlow,
  type QueueName,
  queueExplanationPath,
  queueFlowPath,
  targetDelayOf,
} from '../../data/flow.ts';
import { useLive } from '../../data/live-data.tsx';
import { Answer } from '../../parts/states.tsx';
import { replaceQuery, useRoute } from '../../route.ts';
import { ConsumersNeeded } from './flow/consumers-needed.tsx';
import { FlowCurves } from './flow/flow-curves.tsx';
import { FlowFigures } from './flow/flow-figures.tsx';
import { FlowStateLine } from './flow/flow-state-line.tsx';
import styles from './flow/flow-tab.module.css';
import { QueueFindings } from './flow/queue-findings.tsx';

const TARGET_DELAY_MS = 1000;

/** The maths of a queue: what comes, what goes, what is there, how long it takes, why, and what it would take to be quicker. */
export function FlowTab({ vhost, name }: QueueName): ReactNode {
  const { query } = useRoute();
  const targetMs = targetDelayOf(query.get('target')) ?? TARGET_DELAY_MS;
  const queue = useMemo(() => ({ vhost, name }), [vhost, name]);
  const flow = useLive<QueueFlow>(queueFlowPath(queue, targetMs));
  const explanation = useLive<QueueExplanation>(queueExplanationPath(queue));
  return (
    <Answer of={flow} lines={8}>
      {(answer) => (
        <div className={styles['tab']}>
          <FlowStateLine flow={answer} />
          <FlowFigures flow={answer} />
          <div className={styles['columns']}>
            <FlowCurves queue={queue} />
            <div className={styles['side']}>
              <QueueFindings flow={answer} explanation={explanation} />
              <ConsumersNeeded
                flow={answer}
                targetMs={targetMs}
                onTarget={(target) => replaceQuery({ target })}
              />
            </div>
          </div>
        </div>
      )}
    </Answer>
  );
}
