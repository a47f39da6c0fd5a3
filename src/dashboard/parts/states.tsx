/** What a page shows when there is nothing to show: not yet, nothing, or something went wrong. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { ApiError } from '../data/http.ts';
import { useTexts } from '../language/language.tsx';
import { Button } from './button.tsx';
import { Icon, type IconName } from './icon.tsx';
import styles from './states.module.css';

export function Loading({ lines = 3 }: { readonly lines?: number }): ReactNode {
  const { parts } = useTexts();
  return (
    <div className={styles['loading']} role="status" aria-label={parts.loading}>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bars without a meaning of their own
        <span key={line} className={styles['bar']} />
      ))}
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly icon?: IconName;
  /** Why, and what to do. */
  readonly children?: ReactNode;
}

export function Empty({ title, icon, children }: EmptyProps): ReactNode {
  return (
    <div className={styles['empty']}>
      {icon !== undefined && <Icon name={icon} size={28} />}
      <p className={styles['title']}>{title}</p>
      {children !== undefined && <div className={styles['why']}>{children}</div>}
    </div>
  );
}

export function Failed({
  error,
  onRetry,
}: {
  readonly error: ApiError;
  readonly onRetry?: () => void;
}): ReactNode {
  const { parts } = useTexts();
  return (
    <div className={styles['empty']} role="alert">
      <Icon name="warn" size={28} />
      <p className={styles['title']}>{parts.failed}</p>
      <p className={styles['why']}>{error.message}</p>
      {onRetry !== undefined && (
        <Button icon="refresh" onClick={onRetry}>
          {parts.tryAgain}
        </Button>
      )}
    </div>
  );
}

/** Shows the answer when it is there; before that that it loads, and when it failed why. An old answer stays while a newer one loads. */
export function Answer<T>({
  of,
  lines,
  children,
}: {
  readonly of: UseQueryResult<T, ApiError>;
  readonly lines?: number;
  readonly children: (answer: T) => ReactNode;
}): ReactNode {
  if (of.data !== undefined && of.error === null) return children(of.data);
  if (of.error !== null) return <Failed error={of.error} onRetry={() => void of.refetch()} />;
  return lines === undefined ? <Loading /> : <Loading lines={lines} />;
}

export function Banner({
  tone,
  title,
  action,
  children,
}: {
  readonly tone: 'warn' | 'bad' | 'good';
  readonly title: string;
  readonly action?: ReactNode;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <div className={`${styles['banner']} ${styles[tone]}`} role={tone === 'bad' ? 'alert' : 'status'}>
      <Icon name={tone === 'good' ? 'good' : 'warn'} size={20} />
      <div className={styles['text']}>
        <p className={styles['title']}>{title}</p>
        {children}
      </div>
      {action}
    </div>
  );
}
