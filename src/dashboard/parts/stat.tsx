import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';
import styles from './stat.module.css';

export type Tone = 'plain' | 'good' | 'warn' | 'bad';

interface StatProps {
  readonly label: string;
  readonly value: ReactNode;
  /** A second line: what it is compared with, or made of. */
  readonly note?: ReactNode;
  readonly tone?: Tone;
  readonly href?: string;
}

/** One figure with its name. */
export function Stat({ label, value, note, tone = 'plain', href }: StatProps): ReactNode {
  const body = (
    <>
      <span className={styles['label']}>{label}</span>
      <span className={classNames(styles['value'], styles[tone])}>{value}</span>
      {note !== undefined && <span className={styles['note']}>{note}</span>}
    </>
  );
  if (href === undefined) return <div className={styles['stat']}>{body}</div>;
  return (
    <a className={classNames(styles['stat'], styles['link'])} href={href}>
      {body}
    </a>
  );
}
