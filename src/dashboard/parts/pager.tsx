import type { ReactNode } from 'react';
import { useFormats, useTexts } from '../language/language.tsx';
import { IconButton } from './button.tsx';
import { SelectField } from './fields.tsx';
import styles from './pager.module.css';

const SIZES = ['50', '100', '200', '500'] as const;

interface PagerProps {
  readonly page: number;
  readonly pageCount: number;
  readonly pageSize: number;
  /** Of all pages. */
  readonly rowCount: number;
  readonly onChange: (page: number, pageSize: number) => void;
}

/** Below a table whose rows the broker gives out page by page. */
export function Pager({ page, pageCount, pageSize, rowCount, onChange }: PagerProps): ReactNode {
  const { parts } = useTexts();
  const formats = useFormats();
  return (
    <div className={styles['pager']}>
      <span>{parts.rows(formats.count(rowCount))}</span>
      <div className={styles['pages']}>
        <SelectField
          label={parts.perPage}
          hideLabel
          choices={SIZES.map((size) => ({ value: size as string, label: size }))}
          value={String(pageSize)}
          onChange={(size) => onChange(1, Number(size))}
        />
        <IconButton
          icon="previous"
          label={parts.previousPage}
          disabled={page <= 1}
          onClick={() => onChange(page - 1, pageSize)}
        />
        <span>{parts.page(formats.count(page), formats.count(Math.max(1, pageCount)))}</span>
        <IconButton
          icon="next"
          label={parts.nextPage}
          disabled={page >= pageCount}
          onClick={() => onChange(page + 1, pageSize)}
        />
      </div>
    </div>
  );
}
