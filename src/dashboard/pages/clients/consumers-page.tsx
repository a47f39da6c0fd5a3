import { type ReactNode, useMemo } from 'react';
import { CONSUMER_COLUMNS, type ConsumerRow, channelOf } from '../../data/consumers.ts';
import { queryText, segment } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { WholeList } from '../../parts/whole-list.tsx';
import { useVhost } from '../../shell/vhost-choice.tsx';
import { consumerColumns, consumerKey } from './consumer-columns.tsx';

export function ConsumersPage(): ReactNode {
  const { shell, clients } = useTexts();
  const formats = useFormats();
  const vhost = useVhost();
  const path = vhost === undefined ? '/api/consumers' : `/api/consumers/${segment(vhost)}`;
  const answer = useLive<readonly ConsumerRow[]>(`${path}${queryText({ columns: CONSUMER_COLUMNS })}`);
  const columns = useMemo(
    () => consumerColumns(clients, formats, { withVhost: vhost === undefined, withChannel: true }),
    [clients, formats, vhost],
  );
  return (
    <Page title={shell.consumers}>
      <WholeList
        label={shell.consumers}
        answer={answer}
        rowsOf={(rows) => rows}
        columns={columns}
        rowKey={consumerKey}
        textOf={consumerText}
        filterLabel={clients.filterConsumers}
        empty={
          <Empty title={clients.noConsumers} icon="consumer">
            {clients.noConsumersWhy}
          </Empty>
        }
      />
    </Page>
  );
}

function consumerText(row: ConsumerRow): string {
  const channel = channelOf(row);
  return [row.queue.name, row.consumer_tag, channel?.user, channel?.name].join(' ');
}
