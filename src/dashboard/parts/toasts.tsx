import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { useTexts } from '../language/language.tsx';
import { IconButton } from './button.tsx';
import { Icon } from './icon.tsx';
import styles from './toasts.module.css';

type ToastTone = 'good' | 'bad';

interface Toast {
  readonly id: number;
  readonly tone: ToastTone;
  readonly text: string;
}

interface Toasts {
  /** Good ones go by themselves; bad ones stay until they are closed. */
  add(tone: ToastTone, text: string): void;
}

const GOOD_FOR_MS = 5000;
const TOASTS_MAX = 4;
const ToastContext = createContext<Toasts | undefined>(undefined);
let lastId = 0;

export function ToastProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const { parts } = useTexts();
  const [shown, setShown] = useState<readonly Toast[]>([]);
  const remove = useCallback((id: number) => setShown((all) => all.filter((each) => each.id !== id)), []);
  const toasts = useMemo<Toasts>(
    () => ({
      add: (tone, text) => {
        const id = ++lastId;
        setShown((all) => [...all.slice(1 - TOASTS_MAX), { id, tone, text }]);
        if (tone === 'good') window.setTimeout(() => remove(id), GOOD_FOR_MS);
      },
    }),
    [remove],
  );
  return (
    <ToastContext value={toasts}>
      {children}
      <div className={styles['toasts']} role="log" aria-live="polite">
        {shown.map(({ id, tone, text }) => (
          <div key={id} className={`${styles['toast']} ${styles[tone]}`}>
            <Icon name={tone === 'good' ? 'good' : 'warn'} />
            <p>{text}</p>
            <IconButton icon="close" label={parts.close} onClick={() => remove(id)} />
          </div>
        ))}
      </div>
    </ToastContext>
  );
}

export function useToasts(): Toasts {
  const toasts = useContext(ToastContext);
  if (toasts === undefined) throw new Error('useToasts needs a ToastProvider above it');
  return toasts;
}
