import { type ReactNode, useMemo } from 'react';
import {
  AUDIT_PATH,
  type AuditAnswer,
  type AuditEntry,
  type AuditResult,
  numbered,
} from '../../data/audit.ts';
import { useLive } from '../../data/live-data.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { SelectField } from '../../parts/fields.tsx';
import { Empty } from '../../parts/states.tsx';
import { WholeList } from '../../parts/whole-list.tsx';
import { replaceQuery, useRoute } from '../../route.ts';
import styles from './audit.module.css';
import { auditColumns } from './audit-columns.tsx';

const RESULTS: readonly AuditResult[] = ['done', 'refused', 'failed'];
/** No result has an empty name. */
const ALL = '';

export function AuditEntries(): ReactNode {
  const { audit } = useTexts();
  const formats = useFormats();
  const answer = useLive<AuditAnswer>(AUDIT_PATH);
  const asked = useRoute().query.get('result');
  const wanted = RESULTS.find((each) => each === asked) ?? ALL;
  const columns = useMemo(() => auditColumns(audit, formats), [audit, formats]);
  return (
    <WholeList
      label={audit.entries}
      answer={answer}
      rowsOf={({ entries }) => numbered(entries).filter(({ result }) => wanted === ALL || result === wanted)}
      columns={columns}
      rowKey={({ number }) => String(number)}
      textOf={auditText}
      filterLabel={audit.filter}
      tools={
        <div className={styles['choice']}>
          <SelectField
            label={audit.result}
            hideLabel
            choices={[
              { value: ALL, label: audit.allResults },
              ...RESULTS.map((result) => ({ value: result, label: audit.results[result] })),
            ]}
            value={wanted}
            onChange={(result) => replaceQuery({ result })}
          />
        </div>
      }
      empty={
        <Empty title={wanted === ALL ? audit.empty : audit.noneOfResult} icon="audit">
          {wanted === ALL ? audit.emptyWhy : undefined}
        </Empty>
      }
    />
  );
}

function auditText({ username, remote_address: address, operation, object, detail }: AuditEntry): string {
  return [username, address, operation, object, detail].join(' ');
}
