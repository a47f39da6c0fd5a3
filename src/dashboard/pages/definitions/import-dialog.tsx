import type { ReactNode } from 'react';
import { definitionsPath, type KindPreview } from '../../data/definitions.ts';
import { request } from '../../data/http.ts';
import { useAction } from '../../data/use-action.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import styles from './definitions.module.css';
import { ImportWarnings } from './import-warnings.tsx';
import type { ReadFile } from './read-file.ts';

interface ImportDialogProps {
  readonly file: ReadFile;
  readonly into: string | undefined;
  readonly kinds: readonly KindPreview[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}

export function ImportDialog({ file, into, kinds, onDone, onClose }: ImportDialogProps): ReactNode {
  const { definitions: texts } = useTexts();
  const formats = useFormats();
  const sum = (of: (kind: KindPreview) => number): string =>
    formats.count(kinds.reduce((total, kind) => total + of(kind), 0));
  const act = useAction(() => request('POST', definitionsPath(into), new Blob([file.text])), {
    done: () => texts.imported(file.name),
    onDone,
    showRefusal: false,
  });
  return (
    <ConfirmDialog
      title={texts.confirmTitle(file.name)}
      confirm={texts.import}
      busy={act.isPending}
      error={act.error}
      onConfirm={() => act.mutate(undefined)}
      onClose={onClose}
    >
      <div className={styles['form']}>
        <p>
          {texts.confirmWhat(
            sum(({ added }) => added.length),
            sum(({ changed }) => changed.length),
          )}
        </p>
        <ImportWarnings kinds={kinds} file={file} into={into} />
      </div>
    </ConfirmDialog>
  );
}
