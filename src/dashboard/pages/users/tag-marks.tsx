import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import styles from './users.module.css';

/** The tags of a user; that of an administrator stands out. */
export function TagMarks({ tags }: { readonly tags: readonly string[] }): ReactNode {
  const { users } = useTexts();
  if (tags.length === 0) return <span className={styles['faint']}>{users.noTags}</span>;
  return (
    <span className={styles['marks']}>
      {tags.map((tag) => (
        <Badge key={tag} tone={tag === 'administrator' ? 'accent' : 'plain'} title={tag}>
          {tag}
        </Badge>
      ))}
    </span>
  );
}
