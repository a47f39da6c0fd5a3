import type { ReactNode } from 'react';
import type { AuditEntry, AuditResult } from '../../data/audit.ts';
import type { Formats } from '../../format/formats.ts';
import { type Texts, useTexts } from '../../language/language.tsx';
import { Badge, type BadgeTone } from '../../parts/badge.tsx';
import type { Column } from '../../parts/data-table.tsx';
import styles from './audit.module.css';

const TONES: Readonly<Record<AuditResult, BadgeTone>> = { done: 'good', refused: 'warn', failed: 'bad' };
const LOG_IN = 'login';

export function auditColumns(texts: Texts['audit'], formats: Formats): readonly Column<AuditEntry>[] {
  return [
    {
      id: 'at',
      header: texts.time,
      value: ({ at }) => at,
      cell: ({ at }) => <span className={styles['time']}>{formats.time(at)}</span>,
    },
    { id: 'username', header: texts.user, value: (row) => row.username, cell: (row) => <User entry={row} /> },
    {
      id: 'remote_address',
      header: texts.address,
      value: (row) => row.remote_address,
      cell: (row) => row.remote_address,
      minor: true,
    },
    {
      id: 'operation',
      header: texts.operation,
      value: ({ operation }) => operation,
      cell: (row) => <Operation entry={row} />,
    },
    {
      id: 'object',
      header: texts.object,
      value: ({ object }) => object,
      cell: ({ object }) => <span className={styles['long']}>{object}</span>,
      minor: true,
    },
    {
      id: 'result',
      header: texts.result,
      value: ({ result }) => result,
      cell: (row) => <Result entry={row} />,
    },
  ];
}

/** Whoever is refused may have said anything. */
function User({ entry: { username } }: { readonly entry: AuditEntry }): ReactNode {
  return <span className={styles['user']}>{username}</span>;
}

function Operation({ entry: { operation } }: { readonly entry: AuditEntry }): ReactNode {
  const { audit } = useTexts();
  return operation === LOG_IN ? audit.logIn : <code className={styles['long']}>{operation}</code>;
}

function Result({ entry: { result, detail } }: { readonly entry: AuditEntry }): ReactNode {
  const { audit } = useTexts();
  return (
    <span className={styles['result']}>
      <Badge tone={TONES[result]}>{audit.results[result]}</Badge>
      <span className={styles['detail']}>{detail}</span>
    </span>
  );
}
