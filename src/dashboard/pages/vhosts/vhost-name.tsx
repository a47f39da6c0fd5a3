import type { ReactNode } from 'react';
import { useSession } from '../../data/session.tsx';
import type { VhostRow } from '../../data/vhosts.ts';
import { Badge } from '../../parts/badge.tsx';
import { href } from '../../route.ts';
import styles from './vhosts.module.css';

/** The name with what somebody wrote about it. */
export function VhostName({ vhost }: { readonly vhost: VhostRow }): ReactNode {
  const { isAdministrator } = useSession();
  const { name, description, tags } = vhost;
  return (
    <span className={styles['name']}>
      {isAdministrator ? <a href={href(['vhosts', name])}>{name}</a> : <span>{name}</span>}
      {description !== '' && <span className={styles['description']}>{description}</span>}
      {tags.length > 0 && <VhostTags tags={tags} />}
    </span>
  );
}

export function VhostTags({ tags }: { readonly tags: readonly string[] }): ReactNode {
  return (
    <span className={styles['marks']}>
      {tags.map((tag) => (
        <Badge key={tag} title={tag}>
          {tag}
        </Badge>
      ))}
    </span>
  );
}
