import { type ComponentProps, type ReactNode, useId } from 'react';
import { useTexts } from '../language/language.tsx';
import { classNames } from './class-names.ts';
import styles from './fields.module.css';

interface Labelled {
  readonly label: string;
  /** What it is for, and what is allowed. */
  readonly hint?: ReactNode;
  readonly optional?: boolean | undefined;
}

interface FieldIds {
  readonly id: string;
  readonly 'aria-describedby'?: string;
}

function Field({
  label,
  hint,
  optional,
  children,
}: Labelled & { readonly children: (ids: FieldIds) => ReactNode }): ReactNode {
  const { parts } = useTexts();
  const id = useId();
  const hintId = `${id}-hint`;
  return (
    <div className={styles['field']}>
      <label htmlFor={id} className={styles['label']}>
        {label}
        {optional === true && <span className={styles['optional']}> ({parts.optional})</span>}
      </label>
      {children(hint === undefined ? { id } : { id, 'aria-describedby': hintId })}
      {hint !== undefined && (
        <p id={hintId} className={styles['hint']}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface Valued<V> {
  readonly value: V;
  readonly onChange: (value: V) => void;
}

type Native<E extends 'input' | 'select' | 'textarea'> = Omit<
  ComponentProps<E>,
  'value' | 'onChange' | 'className' | 'id' | 'children'
>;

export function TextField({
  label,
  hint,
  optional,
  value,
  onChange,
  mono = false,
  ...rest
}: Labelled & Valued<string> & Native<'input'> & { readonly mono?: boolean }): ReactNode {
  return (
    <Field label={label} hint={hint} optional={optional}>
      {(ids) => (
        <input
          type="text"
          {...rest}
          {...ids}
          className={classNames(styles['input'], mono && styles['mono'])}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

/** An empty text is no number. */
export function NumberField({
  label,
  hint,
  optional,
  value,
  onChange,
  ...rest
}: Labelled & Valued<number | undefined> & Native<'input'>): ReactNode {
  return (
    <Field label={label} hint={hint} optional={optional}>
      {(ids) => (
        <input
          {...rest}
          {...ids}
          type="number"
          className={styles['input']}
          value={value ?? ''}
          onChange={(event) => onChange(event.target.value === '' ? undefined : Number(event.target.value))}
        />
      )}
    </Field>
  );
}

export function TextAreaField({
  label,
  hint,
  optional,
  value,
  onChange,
  mono = false,
  ...rest
}: Labelled & Valued<string> & Native<'textarea'> & { readonly mono?: boolean }): ReactNode {
  return (
    <Field label={label} hint={hint} optional={optional}>
      {(ids) => (
        <textarea
          rows={6}
          spellCheck={false}
          {...rest}
          {...ids}
          className={classNames(styles['input'], styles['area'], mono && styles['mono'])}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

export interface Choice<V extends string> {
  readonly value: V;
  readonly label: string;
}

export function SelectField<V extends string>({
  label,
  hint,
  choices,
  value,
  onChange,
  hideLabel = false,
  ...rest
}: Labelled &
  Valued<V> &
  Native<'select'> & { readonly choices: readonly Choice<V>[]; readonly hideLabel?: boolean }): ReactNode {
  const select = (ids: { id?: string }): ReactNode => (
    <select
      {...rest}
      {...ids}
      className={`${styles['input']} ${styles['select']}`}
      value={value}
      onChange={(event) => onChange(event.target.value as V)}
      {...(hideLabel ? { 'aria-label': label } : {})}
    >
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  );
  if (hideLabel) return select({});
  return (
    <Field label={label} hint={hint}>
      {select}
    </Field>
  );
}

export function CheckField({
  label,
  hint,
  value,
  onChange,
  ...rest
}: Labelled & Valued<boolean> & Native<'input'>): ReactNode {
  const id = useId();
  return (
    <div className={styles['field']}>
      <label className={styles['check']}>
        <input
          {...rest}
          type="checkbox"
          checked={value}
          aria-describedby={hint === undefined ? undefined : id}
          onChange={(event) => onChange(event.target.checked)}
        />
        {label}
      </label>
      {hint !== undefined && (
        <p id={id} className={styles['hint']}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** Fields side by side where there is room. */
export function FieldRow({ children }: { readonly children: ReactNode }): ReactNode {
  return <div className={styles['row']}>{children}</div>;
}

/** For what is looked for: without a label to be seen. */
export function SearchField({
  label,
  value,
  onChange,
}: Valued<string> & { readonly label: string }): ReactNode {
  return (
    <input
      type="search"
      className={`${styles['input']} ${styles['search']}`}
      aria-label={label}
      placeholder={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
