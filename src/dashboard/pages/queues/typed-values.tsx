import type { ReactNode } from 'react';
import { KeyValues } from '../../parts/key-values.tsx';
import styles from './marks.module.css';

interface TypedValuesProps {
  readonly title?: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** What is said when there are none. */
  readonly none?: string;
}

/** Arguments and definitions as JSON says them, so that "5" is not taken for 5. */
export function TypedValues({ title, values, none }: TypedValuesProps): ReactNode {
  const entries = Object.entries(values);
  if (entries.length === 0) return <p className={styles['note']}>{none}</p>;
  return (
    <>
      {title !== undefined && <h3 className={styles['heading']}>{title}</h3>}
      <KeyValues
        rows={entries.map(([key, value]) => ({ key, value: <code>{JSON.stringify(value)}</code> }))}
      />
    </>
  );
}
