import type { ReactNode } from 'react';
import type { OutcomeAnswer } from '../../data/outcomes.ts';
import { useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { JsonView } from '../../parts/json-view.tsx';
import styles from './outcomes.module.css';

/** What the consumer gave. */
export function OutcomeResult({ outcome }: { readonly outcome: OutcomeAnswer }): ReactNode {
  const { outcomes } = useTexts();
  const { result, result_encoding: encoding, content_type: contentType, headers = {} } = outcome;
  if (result === undefined) {
    if (outcome.status !== 'completed') return null;
    return <p className={styles['muted']}>{outcomes.noResult}</p>;
  }
  return (
    <>
      <div className={styles['part']}>
        <div className={styles['partHead']}>
          <h3>{outcomes.result}</h3>
          {contentType !== undefined && <Badge>{contentType}</Badge>}
          <CopyButton text={result} />
        </div>
        {encoding === 'base64' && <p className={styles['small']}>{outcomes.binary}</p>}
        <JsonView text={result} />
      </div>
      {Object.keys(headers).length > 0 && (
        <div className={styles['part']}>
          <h3>{outcomes.resultHeaders}</h3>
          <JsonView text={JSON.stringify(headers)} />
        </div>
      )}
    </>
  );
}
