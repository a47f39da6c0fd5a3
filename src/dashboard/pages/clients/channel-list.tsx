import { type ReactNode, useMemo } from 'react';
import { CHANNEL_COLUMNS, type ChannelRow } from '../../data/channels.ts';
import { queryText, segment } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { Page } from '../../parts/page.tsx';
import { PagedList } from '../../parts/paged-list.tsx';
import { Empty } from '../../parts/states.tsx';
import { WholeList } from '../../parts/whole-list.tsx';
import { useVhost } from '../../shell/vhost-choice.tsx';
import { channelColumns } from './channel-columns.tsx';

export function ChannelList(): ReactNode {
  const { shell, clients } = useTexts();
  const formats = useFormats();
  const vhost = useVhost();
  const columns = useMemo(
    () => channelColumns(clients, formats, { withVhost: vhost === undefined, withUser: true }),
    [clients, formats, vhost],
  );
  const empty = (
    <Empty title={clients.noChannels} icon="channel">
      {clients.noChannelsWhy}
    </Empty>
  );
  const shared = { label: shell.channels, columns, rowKey, empty };
  return (
    <Page title={shell.channels}>
      {vhost === undefined ? (
        <PagedList path="/api/channels" query={QUERY} {...shared} />
      ) : (
        <ChannelsOf vhost={vhost} {...shared} />
      )}
    </Page>
  );
}

const QUERY = { columns: CHANNEL_COLUMNS };

interface ChannelsOfProps {
  readonly vhost: string;
  readonly label: string;
  readonly columns: readonly Column<ChannelRow>[];
  readonly rowKey: (row: ChannelRow) => string;
  readonly empty: ReactNode;
}

/** The broker gives out those of a vhost as a whole. */
function ChannelsOf({ vhost, ...rest }: ChannelsOfProps): ReactNode {
  const { parts } = useTexts();
  const answer = useLive<readonly ChannelRow[]>(`/api/vhosts/${segment(vhost)}/channels${queryText(QUERY)}`);
  return (
    <WholeList
      {...rest}
      answer={answer}
      rowsOf={(rows) => rows}
      textOf={({ name }) => name}
      filterLabel={parts.filterPlaceholder}
    />
  );
}

function rowKey({ name }: ChannelRow): string {
  return name;
}
