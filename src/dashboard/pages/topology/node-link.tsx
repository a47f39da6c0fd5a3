import type { ReactNode } from 'react';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Icon } from '../../parts/icon.tsx';
import type { TopologyNode } from './graph.ts';
import { faceOf } from './node-face.ts';
import styles from './node-link.module.css';

/** A node in words: what it is, and the way to it. */
export function NodeLink({
  node,
  vhost,
}: {
  readonly node: TopologyNode;
  readonly vhost: string;
}): ReactNode {
  const { topology } = useTexts();
  const { name, href, icon, mark, tone } = faceOf(node, vhost, topology, useFormats());
  return (
    <span className={styles['link']}>
      <span className={styles['icon']} title={topology.kinds[node.kind]}>
        <Icon name={icon} size={16} />
      </span>
      <span className="visually-hidden">{topology.kinds[node.kind]}</span>
      <span className={styles['name']}>
        {href === undefined ? name : <a href={href}>{name}</a>}
        {mark !== undefined && (
          <span className={styles['mark']}>
            <Badge tone={tone === 'bad' ? 'bad' : 'warn'}>{mark}</Badge>
          </span>
        )}
      </span>
    </span>
  );
}
