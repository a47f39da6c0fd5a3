import type { ReactNode } from 'react';
import { useOnce } from '../../data/live-data.tsx';
import { type OutcomesAnswer, outcomesPath } from '../../data/outcomes.ts';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { Grid } from '../../parts/page.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { OutcomeCard } from './outcome-card.tsx';
import styles from './outcomes.module.css';

interface OutcomesOfProps {
  readonly vhost: string;
  readonly messageId: string;
}

/** One card for each queue that the message was in. */
export function OutcomesOf({ vhost, messageId }: OutcomesOfProps): ReactNode {
  const { outcomes } = useTexts();
  const answer = useOnce<OutcomesAnswer>(outcomesPath(vhost, messageId));
  if (answer.error?.status === 404)
    return <NoOutcome messageId={messageId} busy={answer.isFetching} onLook={() => void answer.refetch()} />;
  if (answer.data === undefined || answer.error !== null)
    return (
      <Card>
        <Answer of={answer} lines={6}>
          {() => null}
        </Answer>
      </Card>
    );
  const found = answer.data.outcomes;
  return (
    <>
      <h2 className={styles['found']}>{outcomes.found(messageId, found.length)}</h2>
      <Grid min="wide">
        {found.map((outcome) => (
          <OutcomeCard key={outcome.queue} vhost={vhost} outcome={outcome} />
        ))}
      </Grid>
    </>
  );
}

interface NoOutcomeProps {
  readonly messageId: string;
  readonly busy: boolean;
  readonly onLook: () => void;
}

/** Why there may be none. It may come yet. */
function NoOutcome({ messageId, busy, onLook }: NoOutcomeProps): ReactNode {
  const { outcomes } = useTexts();
  return (
    <Card>
      <Empty title={outcomes.none(messageId)} icon="search">
        <ul className={styles['reasons']}>
          {outcomes.noneReasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
        <div className={styles['again']}>
          <Button icon="refresh" busy={busy} onClick={onLook}>
            {outcomes.lookAgain}
          </Button>
        </div>
      </Empty>
    </Card>
  );
}
