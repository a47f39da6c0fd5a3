import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { IconButton } from '../../parts/button.tsx';
import type { MessageDraft } from './message-draft.ts';
import styles from './publish-dialog.module.css';

type TypedHeaderList = MessageDraft['typedHeaders'];

interface TypedHeadersFieldProps {
  readonly value: TypedHeaderList;
  readonly onChange: (value: TypedHeaderList) => void;
}

/** Headers of an edited copy whose types plain JSON would lose: they can be kept or removed. */
export function TypedHeadersField({ value, onChange }: TypedHeadersFieldProps): ReactNode {
  const { messages } = useTexts();
  if (value.length === 0) return null;
  return (
    <fieldset className={styles['typed']}>
      <legend>{messages.typedHeaders}</legend>
      <p className={styles['hint']}>{messages.typedHeadersHint}</p>
      <ul>
        {value.map(([name, { value: content, base64 }], at) => (
          <li key={name}>
            <span>{name}</span>
            <code>{base64 ?? JSON.stringify(content)}</code>
            <IconButton
              icon="remove"
              label={messages.removeHeader(name)}
              onClick={() => onChange(value.toSpliced(at, 1))}
            />
          </li>
        ))}
      </ul>
    </fieldset>
  );
}
