import type { ReactNode } from 'react';
import { Badge } from '../../parts/badge.tsx';
import styles from './policies.module.css';

/** Each key with its value. */
export function DefinitionMarks({
  definition,
}: {
  readonly definition: Readonly<Record<string, unknown>>;
}): ReactNode {
  return (
    <span className={styles['marks']}>
      {Object.entries(definition).map(([key, value]) => {
        const text = `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`;
        return (
          <Badge key={key} title={text}>
            {text}
          </Badge>
        );
      })}
    </span>
  );
}
