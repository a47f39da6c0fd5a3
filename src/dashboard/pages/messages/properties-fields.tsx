import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { CheckField, FieldRow, NumberField, TextField } from '../../parts/fields.tsx';
import { type MessageDraft, TEXT_PROPERTIES } from './message-draft.ts';
import styles from './publish-dialog.module.css';

/** The longest text that a property holds, and the longest time. */
const CHARACTERS_MAX = 255;
const MILLISECONDS_MAX = 2 ** 32 - 1;

interface PropertiesFieldsProps {
  readonly draft: MessageDraft;
  readonly onChange: (changes: Partial<MessageDraft>) => void;
}

export function PropertiesFields({ draft, onChange }: PropertiesFieldsProps): ReactNode {
  const { messages } = useTexts();
  return (
    <div className={styles['fields']}>
      <CheckField
        label={messages.persistentLabel}
        value={draft.persistent}
        onChange={(persistent) => onChange({ persistent })}
      />
      <CheckField
        label={messages.mandatoryLabel}
        value={draft.mandatory}
        onChange={(mandatory) => onChange({ mandatory })}
      />
      <FieldRow>
        {TEXT_PROPERTIES.map((name) => (
          <TextField
            key={name}
            label={messages.propertyNames[name]}
            maxLength={CHARACTERS_MAX}
            value={draft.texts[name]}
            onChange={(text) => onChange({ texts: { ...draft.texts, [name]: text } })}
          />
        ))}
      </FieldRow>
      <NumberFields draft={draft} onChange={onChange} />
    </div>
  );
}

function NumberFields({ draft, onChange }: PropertiesFieldsProps): ReactNode {
  const { messages } = useTexts();
  return (
    <FieldRow>
      <NumberField
        label={messages.propertyNames.priority}
        hint={messages.priorityHint}
        min={0}
        max={255}
        value={draft.priority}
        onChange={(priority) => onChange({ priority })}
      />
      <NumberField
        label={messages.propertyNames.timestamp}
        hint={messages.timestampHint}
        min={0}
        value={draft.timestamp}
        onChange={(timestamp) => onChange({ timestamp })}
      />
      <NumberField
        label={messages.ttl}
        min={0}
        max={MILLISECONDS_MAX}
        value={draft.ttlMs}
        onChange={(ttlMs) => onChange({ ttlMs })}
      />
      <NumberField
        label={messages.delay}
        min={0}
        max={MILLISECONDS_MAX}
        value={draft.delayMs}
        onChange={(delayMs) => onChange({ delayMs })}
      />
    </FieldRow>
  );
}
