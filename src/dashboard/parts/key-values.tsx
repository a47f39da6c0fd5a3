import type { ReactNode } from 'react';
import styles from './key-values.module.css';

export interface KeyValue {
  readonly key: string;
  readonly value: ReactNode;
}

/** Facts with their names, one below the other. */
export function KeyValues({ rows }: { readonly rows: readonly KeyValue[] }): ReactNode {
  return (
    <dl className={styles['rows']}>
      {rows.map(({ key, value }) => (
        <div key={key} className={styles['row']}>
          <dt>{key}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
