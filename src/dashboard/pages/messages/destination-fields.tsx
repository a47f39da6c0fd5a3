import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { FieldRow, SelectField, TextField } from '../../parts/fields.tsx';
import type { MessageDraft } from './message-draft.ts';

interface DestinationFieldsProps {
  /** It was opened for a queue, and may publish to it. */
  readonly hasQueue: boolean;
  readonly draft: MessageDraft;
  readonly onChange: (changes: Partial<MessageDraft>) => void;
}

export function DestinationFields({ hasQueue, draft, onChange }: DestinationFieldsProps): ReactNode {
  const { messages } = useTexts();
  return (
    <>
      {hasQueue && (
        <SelectField
          label={messages.to}
          choices={[
            { value: 'queue', label: messages.toQueue(draft.queue) },
            { value: 'exchange', label: messages.toExchange },
          ]}
          value={draft.to}
          onChange={(to) => onChange({ to })}
        />
      )}
      {draft.to === 'exchange' && (
        <FieldRow>
          <TextField
            label={messages.exchange}
            hint={messages.exchangeHint}
            mono
            required
            value={draft.exchange}
            onChange={(exchange) => onChange({ exchange })}
          />
          <TextField
            label={messages.routingKey}
            mono
            value={draft.routingKey}
            onChange={(routingKey) => onChange({ routingKey })}
          />
        </FieldRow>
      )}
    </>
  );
}
