import { type ReactNode, useMemo } from 'react';
import { CONNECTION_COLUMNS, type ConnectionRow } from '../../data/connections.ts';
import { queryText, segment } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { Page } from '../../parts/page.tsx';
import { PagedList } from '../../parts/paged-list.tsx';
import { Empty } from '../../parts/states.tsx';
import { WholeList } from '../../parts/whole-list.tsx';
import { useVhost } from '../../shell/vhost-choice.tsx';
import { connectionColumns } from './connection-columns.tsx';

export function ConnectionList(): ReactNode {
  const { shell, clients } = useTexts();
  const formats = useFormats();
  const vhost = useVhost();
  const columns = useMemo(
    () => connectionColumns(clients, formats, vhost === undefined),
    [clients, formats, vhost],
  );
  const empty = (
    <Empty title={clients.noConnections} icon="connection">
      {clients.noConnectionsWhy}
    </Empty>
  );
  const shared = { label: shell.connections, columns, rowKey, empty };
  return (
    <Page title={shell.connections}>
      {vhost === undefined ? (
        <PagedList path="/api/connections" query={QUERY} {...shared} />
      ) : (
        <ConnectionsOf vhost={vhost} {...shared} />
      )}
    </Page>
  );
}

const QUERY = { columns: CONNECTION_COLUMNS };

interface ConnectionsOfProps {
  readonly vhost: string;
  readonly label: string;
  readonly columns: readonly Column<ConnectionRow>[];
  readonly rowKey: (row: ConnectionRow) => string;
  readonly empty: ReactNode;
}

/** The broker gives out those of a vhost as a whole. */
function ConnectionsOf({ vhost, ...rest }: ConnectionsOfProps): ReactNode {
  const { parts } = useTexts();
  const answer = useLive<readonly ConnectionRow[]>(
    `/api/vhosts/${segment(vhost)}/connections${queryText(QUERY)}`,
  );
  return (
    <WholeList
      {...rest}
      answer={answer}
      rowsOf={(rows) => rows}
      textOf={({ name, user_provided_name: provided = '' }) => `${name} ${provided}`}
      filterLabel={parts.filterPlaceholder}
    />
  );
}

function rowKey({ name }: ConnectionRow): string {
  return name;
}
