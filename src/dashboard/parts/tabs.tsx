import type { ReactNode } from 'react';
import styles from './tabs.module.css';

export interface Tab {
  readonly label: string;
  readonly href: string;
  readonly current: boolean;
  /** A number beside it. */
  readonly count?: string;
}

/** Parts of one page, each with an address of its own. */
export function Tabs({ label, tabs }: { readonly label: string; readonly tabs: readonly Tab[] }): ReactNode {
  return (
    <nav aria-label={label} className={styles['tabs']}>
      {tabs.map((tab) => (
        <a
          key={tab.href}
          href={tab.href}
          className={styles['tab']}
          aria-current={tab.current ? 'page' : undefined}
        >
          {tab.label}
          {tab.count !== undefined && <span className={styles['count']}>{tab.count}</span>}
        </a>
      ))}
    </nav>
  );
}
