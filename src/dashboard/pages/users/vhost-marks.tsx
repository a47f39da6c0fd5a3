import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import styles from './users.module.css';

const SHOWN_MAX = 4;

/** The first of the vhosts, and how many more there are. */
export function VhostMarks({ vhosts }: { readonly vhosts: readonly string[] }): ReactNode {
  const { users } = useTexts();
  if (vhosts.length === 0) return <span className={styles['faint']}>{users.noVhosts}</span>;
  const more = vhosts.length - SHOWN_MAX;
  return (
    <span className={styles['marks']}>
      {vhosts.slice(0, SHOWN_MAX).map((vhost) => (
        <Badge key={vhost} title={vhost}>
          {vhost}
        </Badge>
      ))}
      {more > 0 && <span className={styles['faint']}>{`+${more}`}</span>}
    </span>
  );
}
