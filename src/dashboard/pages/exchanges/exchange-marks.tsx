import type { ReactNode } from 'react';
import type { ExchangeRow } from '../../data/exchanges.ts';
import { useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { href } from '../../route.ts';
import styles from '../queues/marks.module.css';

/** What makes an exchange differ from others, without its type. */
export function ExchangeMarks({ exchange }: { readonly exchange: ExchangeRow }): ReactNode {
  const { exchanges } = useTexts();
  const { feature, featureWhy } = exchanges;
  const { durable, auto_delete: autoDelete, internal, arguments: args, policy } = exchange;
  const durability = durable ? 'durable' : 'transient';
  const alternate = args['alternate-exchange'];
  return (
    <span className={styles['marks']}>
      <Badge title={featureWhy[durability]}>{feature[durability]}</Badge>
      {autoDelete && <Badge title={featureWhy['auto-delete']}>{feature['auto-delete']}</Badge>}
      {internal && <Badge title={featureWhy.internal}>{feature.internal}</Badge>}
      {typeof alternate === 'string' && (
        <Badge title={featureWhy['alternate-exchange'](alternate)}>{feature['alternate-exchange']}</Badge>
      )}
      {policy !== undefined && (
        <a href={href(['policies'])}>
          <Badge tone="accent" title={exchanges.policyIs(policy)}>
            {policy}
          </Badge>
        </a>
      )}
    </span>
  );
}
