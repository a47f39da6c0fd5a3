import { type ReactNode, useEffect } from 'react';
import styles from './page.module.css';

interface PageProps {
  readonly title: string;
  /** Small marks beside the title: kind, state. */
  readonly marks?: ReactNode;
  /** The way here, and what the page is about. */
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A page: its title is the document's, too. */
export function Page({ title, marks, lead, actions, children }: PageProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · Leveret`;
  }, [title]);
  return (
    <div className={styles['page']}>
      <header className={styles['header']}>
        <div className={styles['heading']}>
          {lead !== undefined && <div className={styles['lead']}>{lead}</div>}
          <div className={styles['title']}>
            <h1>{title}</h1>
            {marks}
          </div>
        </div>
        {actions !== undefined && <div className={styles['actions']}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** Cards side by side, as many as fit. `min`: how narrow one may become. */
export function Grid({
  min,
  children,
}: {
  readonly min: 'figure' | 'card' | 'wide';
  readonly children: ReactNode;
}): ReactNode {
  return <div className={`${styles['grid']} ${styles[min]}`}>{children}</div>;
}
