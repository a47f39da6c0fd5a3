import type { ReactNode } from 'react';
import { useSession } from '../../data/session.tsx';
import { useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { useRoute } from '../../route.ts';
import { useVhost } from '../../shell/vhost-choice.tsx';
import { HowOutcomesCome } from './how-outcomes-come.tsx';
import { OutcomeSearch } from './outcome-search.tsx';
import { OutcomesOf } from './outcomes-of.tsx';

/** What is looked for is in the address, so that an outcome can be linked to. */
export function OutcomesPage(): ReactNode {
  const { shell, outcomes } = useTexts();
  const { query } = useRoute();
  const chosen = useVhost();
  const vhosts = useSession().permissions.map(({ vhost }) => vhost);
  const vhost =
    [query.get('vhost'), chosen].find((each) => each != null && vhosts.includes(each)) ?? vhosts[0];
  const messageId = query.get('id') ?? '';
  if (vhost === undefined)
    return (
      <Page title={shell.outcomes}>
        <Card>
          <Empty title={outcomes.noVhost} icon="outcome">
            {outcomes.noVhostWhy}
          </Empty>
        </Card>
      </Page>
    );
  const key = JSON.stringify([vhost, messageId]);
  return (
    <Page title={shell.outcomes} lead={outcomes.lead}>
      <OutcomeSearch key={`search ${key}`} vhosts={vhosts} vhost={vhost} messageId={messageId} />
      {messageId === '' ? <HowOutcomesCome /> : <OutcomesOf key={key} vhost={vhost} messageId={messageId} />}
    </Page>
  );
}
