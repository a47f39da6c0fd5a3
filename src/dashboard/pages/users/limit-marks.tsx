import type { ReactNode } from 'react';
import type { LimitName, Limits } from '../../data/users.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import styles from './users.module.css';

/** The limits that are set. */
export function LimitMarks({ limits }: { readonly limits: Limits }): ReactNode {
  const { users, format } = useTexts();
  const formats = useFormats();
  const set = Object.entries(limits) as [LimitName, number][];
  if (set.length === 0) return <span className={styles['faint']}>{format.unknown}</span>;
  return (
    <span className={styles['marks']}>
      {set.map(([name, value]) => (
        <Badge key={name}>{`${users.limitNames[name]} ≤ ${formats.count(value)}`}</Badge>
      ))}
    </span>
  );
}
