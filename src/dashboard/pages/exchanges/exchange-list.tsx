import { type ReactNode, useMemo, useState } from 'react';
import { EXCHANGE_COLUMNS, type ExchangeRow } from '../../data/exchanges.ts';
import { segment } from '../../data/http.ts';
import type { Formats } from '../../format/formats.ts';
import { type Texts, useFormats, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button } from '../../parts/button.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { Page } from '../../parts/page.tsx';
import { PagedList } from '../../parts/paged-list.tsx';
import { Empty } from '../../parts/states.tsx';
import { useDeclarableVhosts } from '../../parts/vhost-field.tsx';
import { useVhost } from '../../shell/vhost-choice.tsx';
import { VhostMark } from '../../shell/vhost-mark.tsx';
import styles from '../queues/marks.module.css';
import { DeclareExchangeDialog } from './declare-exchange-dialog.tsx';
import { ExchangeLink } from './exchange-link.tsx';
import { ExchangeMarks } from './exchange-marks.tsx';

const QUERY = { columns: EXCHANGE_COLUMNS };

export function ExchangeList(): ReactNode {
  const { exchanges } = useTexts();
  const formats = useFormats();
  const vhost = useVhost();
  const mayDeclare = useDeclarableVhosts().length > 0;
  const [declares, setDeclares] = useState(false);
  const columns = useMemo(() => columnsOf(exchanges, formats), [exchanges, formats]);
  return (
    <Page
      title={exchanges.title}
      actions={
        mayDeclare && (
          <Button kind="primary" icon="add" onClick={() => setDeclares(true)}>
            {exchanges.declare}
          </Button>
        )
      }
    >
      <PagedList<ExchangeRow>
        label={exchanges.title}
        path={vhost === undefined ? '/api/exchanges' : `/api/exchanges/${segment(vhost)}`}
        query={QUERY}
        columns={columns}
        rowKey={({ vhost: of, name }) => JSON.stringify([of, name])}
        empty={<Empty title={exchanges.none} icon="exchange" />}
      />
      {declares && <DeclareExchangeDialog onClose={() => setDeclares(false)} />}
    </Page>
  );
}

function columnsOf(texts: Texts['exchanges'], formats: Formats): readonly Column<ExchangeRow>[] {
  const rate = (of: 'publish_in_details' | 'publish_out_details', header: string) => {
    const value = (row: ExchangeRow): number => row.message_stats?.[of]?.rate ?? 0;
    const cell = (row: ExchangeRow): ReactNode => formats.rate(value(row));
    return {
      id: `message_stats.${of}.rate`,
      header,
      align: 'end',
      value,
      cell,
    } satisfies Column<ExchangeRow>;
  };
  return [
    { id: 'name', header: texts.name, value: ({ name }) => name, cell: (row) => <NameCell row={row} /> },
    { id: 'type', header: texts.type, value: ({ type }) => type, cell: ({ type }) => <Badge>{type}</Badge> },
    { id: 'features', header: texts.features, minor: true, cell: (row) => <ExchangeMarks exchange={row} /> },
    rate('publish_in_details', texts.rateIn),
    rate('publish_out_details', texts.rateOut),
  ];
}

function NameCell({ row: { vhost, name } }: { readonly row: ExchangeRow }): ReactNode {
  return (
    <span className={styles['name']}>
      <ExchangeLink vhost={vhost} name={name} />
      <VhostMark vhost={vhost} />
    </span>
  );
}
