import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Page } from '../../parts/page.tsx';
import { useVhost } from '../../shell/vhost-choice.tsx';
import { OverviewCurvesCard } from './overview-curves-card.tsx';
import { OverviewFigures } from './overview-figures.tsx';
import { Problems } from './problems.tsx';
import { QueueRankings } from './queue-rankings.tsx';

/** How the broker does, or one vhost of it: what is wrong first. */
export function OverviewPage(): ReactNode {
  const { shell, overview } = useTexts();
  const vhost = useVhost();
  return (
    <Page title={shell.overview} lead={vhost === undefined ? undefined : overview.ofVhost(vhost)}>
      <Problems vhost={vhost} />
      <OverviewFigures vhost={vhost} />
      <OverviewCurvesCard vhost={vhost} />
      <QueueRankings vhost={vhost} />
    </Page>
  );
}
