import { type ReactNode, useMemo, useState } from 'react';
import { type BindingRow, bindingKey } from '../../data/bindings.ts';
import { exchangeInPath } from '../../data/exchanges.ts';
import { useLive } from '../../data/live-data.tsx';
import { type Session, useSession } from '../../data/session.tsx';
import { type Texts, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Button, IconButton } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Answer, Empty } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import styles from '../queues/marks.module.css';
import { AddBindingDialog } from './add-binding-dialog.tsx';
import type { BindingEnd } from './binding-end.ts';
import { ExchangeLink } from './exchange-link.tsx';
import { RemoveBindingDialog } from './remove-binding-dialog.tsx';

interface BindingsCardProps {
  readonly title: string;
  readonly lead?: string;
  readonly path: string;
  /** What they are the bindings of. */
  readonly at: BindingEnd;
  /** When there are none, and what that means. */
  readonly none: string;
  readonly noneWhy?: string;
}

/** The bindings of a queue, or of one side of an exchange. */
export function BindingsCard({ title, lead, path, at, none, noneWhy }: BindingsCardProps): ReactNode {
  const { exchanges, parts } = useTexts();
  const session = useSession();
  const answer = useLive<readonly BindingRow[]>(path);
  const [adds, setAdds] = useState(false);
  const [removes, setRemoves] = useState<BindingRow>();
  const { end } = at;
  const columns = useMemo(
    () => columnsOf(exchanges, end === 'from-exchange', session, setRemoves, parts.actions),
    [exchanges, end, session, parts],
  );
  return (
    <Card
      title={title}
      lead={lead}
      flush
      actions={
        mayAdd(session, at) && (
          <Button small icon="add" onClick={() => setAdds(true)}>
            {exchanges.binding.add}
          </Button>
        )
      }
    >
      <Answer of={answer}>
        {(rows) => (
          <DataTable
            label={title}
            columns={columns}
            rows={rows}
            rowKey={bindingKey}
            empty={
              <Empty title={none} icon="exchange">
                {noneWhy}
              </Empty>
            }
          />
        )}
      </Answer>
      {adds && <AddBindingDialog at={at} onClose={() => setAdds(false)} />}
      {removes !== undefined && (
        <RemoveBindingDialog binding={removes} onClose={() => setRemoves(undefined)} />
      )}
    </Card>
  );
}

/** To write to the destination, and to read from the source; the default exchange takes no bindings. */
function mayAdd(session: Session, { vhost, end, name }: BindingEnd): boolean {
  if (name === '') return false;
  if (end === 'from-exchange') return session.may('read', vhost, name) && session.maySome('write', vhost);
  return session.may('write', vhost, name) && session.maySome('read', vhost);
}

function mayRemove(session: Session, { vhost, source, destination }: BindingRow): boolean {
  if (source === '') return false;
  return session.may('write', vhost, exchangeInPath(destination)) && session.may('read', vhost, source);
}

function columnsOf(
  { binding: texts, defaultName }: Texts['exchanges'],
  showsDestination: boolean,
  session: Session,
  onRemove: (binding: BindingRow) => void,
  actions: string,
): readonly Column<BindingRow>[] {
  const otherEnd = (row: BindingRow): string =>
    (showsDestination ? row.destination : row.source) || defaultName;
  return [
    {
      id: 'end',
      header: showsDestination ? texts.destination : texts.source,
      value: otherEnd,
      cell: (row) =>
        showsDestination ? (
          <Destination binding={row} />
        ) : (
          <ExchangeLink vhost={row.vhost} name={row.source} />
        ),
    },
    {
      id: 'routing_key',
      header: texts.routingKey,
      value: (row) => row.routing_key,
      cell: (row) => <RoutingKey text={row.routing_key} />,
    },
    {
      id: 'arguments',
      header: texts.arguments,
      minor: true,
      cell: ({ arguments: args }) =>
        Object.keys(args).length > 0 && <code className={styles['breakable']}>{JSON.stringify(args)}</code>,
    },
    {
      id: 'remove',
      header: actions,
      hideHeader: true,
      align: 'end',
      cell: (row) =>
        mayRemove(session, row) && (
          <IconButton
            icon="remove"
            label={texts.remove(otherEnd(row), row.routing_key)}
            onClick={() => onRemove(row)}
          />
        ),
    },
  ];
}

function Destination({ binding }: { readonly binding: BindingRow }): ReactNode {
  const { exchanges } = useTexts();
  const { vhost, destination, destination_type: type } = binding;
  return (
    <span className={styles['name']}>
      {type === 'queue' ? (
        <a href={href(['queues', vhost, destination])}>{destination}</a>
      ) : (
        <ExchangeLink vhost={vhost} name={destination} />
      )}
      <Badge>{exchanges.binding[type]}</Badge>
    </span>
  );
}

function RoutingKey({ text }: { readonly text: string }): ReactNode {
  const { exchanges } = useTexts();
  if (text === '') return <span className={styles['note']}>{exchanges.binding.noRoutingKey}</span>;
  return <code className={styles['breakable']}>{text}</code>;
}
