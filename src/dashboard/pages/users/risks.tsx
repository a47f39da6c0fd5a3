import type { ReactNode } from 'react';
import type { Risk } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { Banner } from '../../parts/states.tsx';
import styles from './users.module.css';

/** What is lost for good by a change, before it is made. */
export function Risks({ risks }: { readonly risks: readonly Risk[] }): ReactNode {
  const { users } = useTexts();
  if (risks.length === 0) return null;
  return (
    <div className={styles['stack']}>
      {risks.map((risk) => (
        <Banner key={risk} tone="warn" title={users.risks[risk]} />
      ))}
    </div>
  );
}
