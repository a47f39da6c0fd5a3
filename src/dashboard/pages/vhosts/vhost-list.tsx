import { type ReactNode, useMemo, useState } from 'react';
import { useLive } from '../../data/live-data.tsx';
import { useSession } from '../../data/session.tsx';
import {
  type ConnectionVhost,
  connectionCounts,
  ratesOf,
  type VhostLimitsRow,
  type VhostRow,
} from '../../data/vhosts.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { WholeList } from '../../parts/whole-list.tsx';
import { LimitMarks } from '../users/limit-marks.tsx';
import { VhostDialog } from './vhost-dialog.tsx';
import { VhostName } from './vhost-name.tsx';

export function VhostList(): ReactNode {
  const { shell, vhosts: texts, parts } = useTexts();
  const { isAdministrator } = useSession();
  const [isAdding, setAdding] = useState(false);
  const answer = useLive<readonly VhostRow[]>('/api/vhosts');
  const columns = useColumns();
  return (
    <Page
      title={shell.vhosts}
      lead={texts.lead}
      actions={
        isAdministrator && (
          <Button kind="primary" icon="add" onClick={() => setAdding(true)}>
            {texts.add}
          </Button>
        )
      }
    >
      <WholeList
        label={shell.vhosts}
        answer={answer}
        rowsOf={(rows) => rows}
        columns={columns}
        rowKey={nameOf}
        textOf={textOf}
        filterLabel={parts.filterPlaceholder}
        empty={<Empty title={texts.empty} icon="vhost" />}
      />
      {isAdding && <VhostDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}

function nameOf({ name }: VhostRow): string {
  return name;
}

function textOf({ name, description, tags }: VhostRow): string {
  return `${name} ${description} ${tags.join(' ')}`;
}

function useColumns(): readonly Column<VhostRow>[] {
  const { vhosts: texts } = useTexts();
  const formats = useFormats();
  const connections = useConnectionCounts();
  const limits = useLimits();
  return useMemo(() => {
    const number = (
      id: string,
      header: string,
      value: (row: VhostRow) => number | undefined,
      text: (value: number | undefined) => string,
      minor = false,
    ): Column<VhostRow> => ({ id, header, value, align: 'end', minor, cell: (row) => text(value(row)) });
    const count = (value: number | undefined): string => formats.shortCount(value);
    const rate = (value: number | undefined): string => formats.rate(value);
    return [
      { id: 'name', header: texts.name, value: nameOf, cell: (row) => <VhostName vhost={row} /> },
      number('ready', texts.ready, (row) => row.messages_ready, count, true),
      number('unacked', texts.unacked, (row) => row.messages_unacknowledged, count, true),
      number('total', texts.total, (row) => row.messages, count),
      number('in', texts.rateIn, (row) => ratesOf(row).in, rate),
      number('out', texts.rateOut, (row) => ratesOf(row).out, rate),
      number(
        'connections',
        texts.connections,
        ({ name }) => connections && (connections.get(name) ?? 0),
        count,
        true,
      ),
      {
        id: 'limits',
        header: texts.limits,
        minor: true,
        cell: ({ name }) => <LimitMarks limits={limits.get(name) ?? {}} />,
      },
    ];
  }, [texts, formats, connections, limits]);
}

function useConnectionCounts(): ReadonlyMap<string, number> | undefined {
  const { data } = useLive<readonly ConnectionVhost[]>('/api/connections?columns=vhost&disable_stats=true');
  return useMemo(() => (data === undefined ? undefined : connectionCounts(data)), [data]);
}

function useLimits(): ReadonlyMap<string, VhostLimitsRow['value']> {
  const { data } = useLive<readonly VhostLimitsRow[]>('/api/vhost-limits');
  return useMemo(() => new Map((data ?? []).map(({ vhost, value }) => [vhost, value])), [data]);
}
