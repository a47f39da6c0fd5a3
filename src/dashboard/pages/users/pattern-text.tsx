import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import styles from './users.module.css';

/** A regular expression; in words when it is for everything or nothing. */
export function PatternText({ pattern }: { readonly pattern: string }): ReactNode {
  const { users } = useTexts();
  if (pattern === '' || pattern === '^$') return <span className={styles['faint']}>{users.nothing}</span>;
  if (pattern === '.*') return users.everything;
  return <code className={styles['pattern']}>{pattern}</code>;
}
