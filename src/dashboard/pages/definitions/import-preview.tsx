import { type ReactNode, useMemo, useState } from 'react';
import { type KindPreview, previewOf } from '../../data/definitions.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import styles from './definitions.module.css';
import { ImportDialog } from './import-dialog.tsx';
import { ImportWarnings } from './import-warnings.tsx';
import type { ReadFile } from './read-file.ts';

interface ImportPreviewProps {
  readonly file: ReadFile;
  readonly into: string | undefined;
  /** The file is imported or no longer wanted. */
  readonly onDone: () => void;
}

/** What would become of each kind, before anything does. */
export function ImportPreview({ file, into, onDone }: ImportPreviewProps): ReactNode {
  const { definitions: texts } = useTexts();
  const formats = useFormats();
  const [isConfirming, setConfirming] = useState(false);
  const kinds = useMemo(() => previewOf(file.definitions, file.current, into), [file, into]);
  const columns = useColumns();
  const count = kinds.reduce((sum, kind) => sum + kind.count, 0);
  return (
    <Card
      title={texts.previewTitle(file.name)}
      flush
      actions={
        <>
          <Button onClick={onDone}>{texts.discard}</Button>
          <Button kind="primary" icon="upload" disabled={count === 0} onClick={() => setConfirming(true)}>
            {texts.confirm(formats.count(count), count === 1)}
          </Button>
        </>
      }
    >
      <div className={styles['above']}>
        <ImportWarnings kinds={kinds} file={file} into={into} />
      </div>
      <DataTable
        label={texts.previewTitle(file.name)}
        columns={columns}
        rows={kinds}
        rowKey={({ kind }) => kind}
      />
      {isConfirming && (
        <ImportDialog
          file={file}
          into={into}
          kinds={kinds}
          onDone={onDone}
          onClose={() => setConfirming(false)}
        />
      )}
    </Card>
  );
}

function useColumns(): readonly Column<KindPreview>[] {
  const { definitions: texts } = useTexts();
  const formats = useFormats();
  return useMemo(() => {
    const number = (id: string, header: string, of: (row: KindPreview) => number): Column<KindPreview> => ({
      id,
      header,
      align: 'end',
      cell: (row) => formats.count(of(row)),
    });
    return [
      { id: 'kind', header: texts.kind, cell: ({ kind }) => texts.kinds[kind] },
      number('count', texts.inFile, ({ count }) => count),
      number('added', texts.added, ({ added }) => added.length),
      number('changed', texts.changed, ({ changed }) => changed.length),
      number('same', texts.same, ({ sameCount }) => sameCount),
      {
        id: 'names',
        header: texts.newNames,
        minor: true,
        cell: ({ added, changed }) => <Names names={[...added, ...changed]} />,
      },
    ];
  }, [texts, formats]);
}

const NAMES_MAX = 6;

function Names({ names }: { readonly names: readonly string[] }): ReactNode {
  const { definitions: texts } = useTexts();
  const formats = useFormats();
  const more = names.length - NAMES_MAX;
  return (
    <span className={styles['names']}>
      {names.slice(0, NAMES_MAX).join(', ')}
      {more > 0 && ` ${texts.more(formats.count(more))}`}
    </span>
  );
}
