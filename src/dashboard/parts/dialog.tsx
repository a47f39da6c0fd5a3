import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { ApiError } from '../data/http.ts';
import { useTexts } from '../language/language.tsx';
import { Button, IconButton } from './button.tsx';
import styles from './dialog.module.css';
import { TextField } from './fields.tsx';
import { Banner } from './states.tsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly wide?: boolean;
  readonly children: ReactNode;
}

/** The browser's own modal dialog: it keeps the focus inside and closes with Escape. */
export function Dialog({ title, onClose, wide = false, children }: DialogProps): ReactNode {
  const { parts } = useTexts();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={wide ? `${styles['dialog']} ${styles['wide']}` : styles['dialog']}
      aria-labelledby={id}
      onClose={onClose}
    >
      <header className={styles['header']}>
        <h2 id={id}>{title}</h2>
        <IconButton icon="close" label={parts.close} onClick={onClose} />
      </header>
      {children}
    </dialog>
  );
}

interface FormDialogProps {
  readonly title: string;
  readonly submit: string;
  readonly danger?: boolean;
  readonly wide?: boolean;
  readonly busy: boolean;
  readonly disabled?: boolean;
  /** Why it was refused. */
  readonly error: ApiError | null;
  readonly onSubmit: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A form in a dialog. It stays open, with what was typed, when the broker refuses; why is said where the button is. */
export function FormDialog({
  title,
  submit,
  danger = false,
  wide = false,
  busy,
  disabled = false,
  error,
  onSubmit,
  onClose,
  children,
}: FormDialogProps): ReactNode {
  const { parts } = useTexts();
  const handle = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <Dialog title={title} onClose={onClose} wide={wide}>
      <form onSubmit={handle}>
        <div className={styles['body']}>{children}</div>
        <footer className={styles['footer']}>
          {error !== null && <Banner tone="bad" title={error.message} />}
          <div className={styles['buttons']}>
            <Button onClick={onClose}>{parts.cancel}</Button>
            <Button type="submit" kind={danger ? 'danger' : 'primary'} busy={busy} disabled={disabled}>
              {submit}
            </Button>
          </div>
        </footer>
      </form>
    </Dialog>
  );
}

interface ConfirmDialogProps {
  readonly title: string;
  /** What will be gone, with its count. */
  readonly children: ReactNode;
  readonly confirm: string;
  /** For what cannot be undone: a word to type. */
  readonly word?: string;
  readonly busy: boolean;
  readonly error: ApiError | null;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

export function ConfirmDialog({
  word,
  confirm,
  onConfirm,
  children,
  ...rest
}: ConfirmDialogProps): ReactNode {
  const { parts } = useTexts();
  const [typed, setTyped] = useState('');
  return (
    <FormDialog
      {...rest}
      danger
      submit={confirm}
      disabled={word !== undefined && typed !== word}
      onSubmit={onConfirm}
    >
      <div className={styles['question']}>{children}</div>
      {word !== undefined && (
        <TextField label={parts.typeToConfirm(word)} value={typed} onChange={setTyped} autoComplete="off" />
      )}
    </FormDialog>
  );
}
