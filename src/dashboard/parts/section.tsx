import { type ReactNode, useEffect, useRef } from 'react';
import styles from './section.module.css';

/** A part of a form that most people leave alone: closed until somebody opens it, or something in it is wrong. */
export function Section({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const element = details.current;
    const open = (): void => {
      if (element !== null) element.open = true;
    };
    // it does not bubble; and the browser shows no message at a field that cannot be seen
    element?.addEventListener('invalid', open, true);
    return () => element?.removeEventListener('invalid', open, true);
  }, []);
  return (
    <details ref={details} className={styles['section']}>
      <summary>{title}</summary>
      <div className={styles['body']}>{children}</div>
    </details>
  );
}
