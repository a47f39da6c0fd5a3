import { type ReactNode, useMemo, useState } from 'react';
import { useLive } from '../../data/live-data.tsx';
import { type PolicyKind, type PolicyRow, policiesPath } from '../../data/policies.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { IconButton } from '../../parts/button.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/states.tsx';
import { WholeList } from '../../parts/whole-list.tsx';
import { useVhost } from '../../shell/vhost-choice.tsx';
import { DefinitionMarks } from './definition-marks.tsx';
import { DeletePolicyDialog } from './delete-policy-dialog.tsx';
import styles from './policies.module.css';
import { PolicyDialog } from './policy-dialog.tsx';

interface PolicyListProps {
  readonly kind: PolicyKind;
  readonly mayChange: boolean;
}

interface Open {
  readonly act: 'edit' | 'delete';
  readonly policy: PolicyRow;
}

export function PolicyList({ kind, mayChange }: PolicyListProps): ReactNode {
  const { policies: texts, parts } = useTexts();
  const [open, setOpen] = useState<Open>();
  const answer = useLive<readonly PolicyRow[]>(policiesPath(kind, useVhost()));
  const columns = useColumns(mayChange, setOpen);
  const close = (): void => setOpen(undefined);
  const isOperator = kind === 'operator';
  return (
    <>
      <WholeList
        label={isOperator ? texts.operator : texts.user}
        answer={answer}
        rowsOf={(rows) => rows}
        columns={columns}
        rowKey={keyOf}
        textOf={textOf}
        filterLabel={parts.filterPlaceholder}
        empty={
          <Empty title={isOperator ? texts.emptyOperator : texts.empty} icon="policy">
            {isOperator ? texts.emptyOperatorWhy : texts.emptyWhy}
          </Empty>
        }
      />
      {open?.act === 'edit' && <PolicyDialog kind={kind} before={open.policy} onClose={close} />}
      {open?.act === 'delete' && <DeletePolicyDialog kind={kind} policy={open.policy} onClose={close} />}
    </>
  );
}

function keyOf({ vhost, name }: PolicyRow): string {
  return JSON.stringify([vhost, name]);
}

function textOf({ name, pattern }: PolicyRow): string {
  return `${name} ${pattern}`;
}

function useColumns(mayChange: boolean, setOpen: (open: Open) => void): readonly Column<PolicyRow>[] {
  const { policies: texts, parts } = useTexts();
  const formats = useFormats();
  const hasVhosts = useVhost() === undefined;
  return useMemo(() => {
    const vhost: Column<PolicyRow> = {
      id: 'vhost',
      header: texts.vhost,
      minor: true,
      value: (row) => row.vhost,
      cell: (row) => row.vhost,
    };
    const actions: Column<PolicyRow> = {
      id: 'actions',
      header: parts.actions,
      align: 'end',
      cell: (policy) => <RowTools policy={policy} onOpen={setOpen} />,
    };
    return [
      {
        id: 'name',
        header: texts.name,
        value: ({ name }) => name,
        cell: ({ name }) => <span className={styles['name']}>{name}</span>,
      },
      ...(hasVhosts ? [vhost] : []),
      {
        id: 'pattern',
        header: texts.pattern,
        value: ({ pattern }) => pattern,
        cell: ({ pattern }) => <code className={styles['pattern']}>{pattern}</code>,
      },
      {
        id: 'apply-to',
        header: texts.applyTo,
        minor: true,
        value: (row) => texts.targets[row['apply-to']],
        cell: (row) => texts.targets[row['apply-to']],
      },
      {
        id: 'priority',
        header: texts.priority,
        align: 'end',
        value: ({ priority }) => priority,
        cell: ({ priority }) => formats.count(priority),
      },
      {
        id: 'definition',
        header: texts.definition,
        cell: ({ definition }) => <DefinitionMarks definition={definition} />,
      },
      ...(mayChange ? [actions] : []),
    ];
  }, [mayChange, setOpen, texts, parts, formats, hasVhosts]);
}

function RowTools({
  policy,
  onOpen,
}: {
  readonly policy: PolicyRow;
  readonly onOpen: (open: Open) => void;
}): ReactNode {
  const { parts } = useTexts();
  return (
    <span className={styles['tools']}>
      <IconButton
        icon="edit"
        label={`${parts.edit}: ${policy.name}`}
        onClick={() => onOpen({ act: 'edit', policy })}
      />
      <IconButton
        icon="remove"
        label={`${parts.delete}: ${policy.name}`}
        onClick={() => onOpen({ act: 'delete', policy })}
      />
    </span>
  );
}
