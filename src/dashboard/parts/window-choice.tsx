import { type ReactNode, useId } from 'react';
import styles from './window-choice.module.css';

interface WindowChoiceProps<V extends string> {
  readonly label: string;
  readonly choices: readonly { readonly value: V; readonly label: string }[];
  readonly value: V;
  readonly onChange: (value: V) => void;
}

/** A few short choices side by side, of which one holds: how far charts look back. */
export function WindowChoice<V extends string>({
  label,
  choices,
  value,
  onChange,
}: WindowChoiceProps<V>): ReactNode {
  const name = useId();
  return (
    <div role="radiogroup" aria-label={label} className={styles['choices']}>
      {choices.map((choice) => (
        <label key={choice.value} className={styles['choice']}>
          <input
            type="radio"
            name={name}
            checked={choice.value === value}
            onChange={() => onChange(choice.value)}
          />
          <span>{choice.label}</span>
        </label>
      ))}
    </div>
  );
}
