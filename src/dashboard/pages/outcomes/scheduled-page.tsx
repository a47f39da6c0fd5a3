import type { ReactNode } from 'react';
import { useOnce } from '../../data/live-data.tsx';
import { useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { SelectField } from '../../parts/fields.tsx';
import { Page } from '../../parts/page.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { replaceQuery, useRoute } from '../../route.ts';
import { useVhost } from '../../shell/vhost-choice.tsx';
import styles from './outcomes.module.css';
import { ScheduledList } from './scheduled-list.tsx';

/** Of one vhost: the one chosen for lists, or here. */
export function ScheduledPage(): ReactNode {
  const { shell, outcomes } = useTexts();
  const answer = useOnce<readonly { readonly name: string }[]>('/api/vhosts?columns=name');
  return (
    <Page title={shell.scheduled} lead={outcomes.scheduledLead}>
      {answer.data === undefined || answer.error !== null ? (
        <Card>
          <Answer of={answer} lines={6}>
            {() => null}
          </Answer>
        </Card>
      ) : (
        <ScheduledIn vhosts={answer.data.map(({ name }) => name)} />
      )}
    </Page>
  );
}

function ScheduledIn({ vhosts }: { readonly vhosts: readonly string[] }): ReactNode {
  const { outcomes } = useTexts();
  const chosen = useVhost();
  const asked = useRoute().query.get('vhost');
  const vhost = [chosen, asked].find((each) => each != null && vhosts.includes(each)) ?? vhosts[0];
  if (vhost === undefined)
    return (
      <Card>
        <Empty title={outcomes.noScheduleVhost} icon="scheduled">
          {outcomes.noVhostWhy}
        </Empty>
      </Card>
    );
  const hasChoice = chosen === undefined && vhosts.length > 1;
  return (
    <ScheduledList
      key={vhost}
      vhost={vhost}
      tools={
        hasChoice && (
          <div className={styles['choice']}>
            <SelectField
              label={outcomes.vhost}
              hideLabel
              choices={vhosts.map((each) => ({ value: each, label: each }))}
              value={vhost}
              onChange={(name) => replaceQuery({ vhost: name, page: undefined })}
            />
          </div>
        )
      }
    />
  );
}
