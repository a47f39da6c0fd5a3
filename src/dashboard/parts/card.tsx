import { type ReactNode, useId } from 'react';
import styles from './card.module.css';

interface CardProps {
  readonly title?: string;
  /** One line below the title. */
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  /** What fills the card to its edges, as a table does. */
  readonly flush?: boolean;
  readonly children: ReactNode;
}

export function Card({ title, lead, actions, flush = false, children }: CardProps): ReactNode {
  const id = useId();
  return (
    <section className={styles['card']} aria-labelledby={title === undefined ? undefined : id}>
      {title !== undefined && (
        <header className={styles['header']}>
          <div className={styles['heading']}>
            <h2 id={id}>{title}</h2>
            {lead !== undefined && <p className={styles['lead']}>{lead}</p>}
          </div>
          {actions !== undefined && <div className={styles['actions']}>{actions}</div>}
        </header>
      )}
      <div className={flush ? styles['flush'] : styles['body']}>{children}</div>
    </section>
  );
}
