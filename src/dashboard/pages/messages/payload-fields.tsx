import type { ReactNode } from 'react';
import { type Texts, useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { SelectField, TextAreaField } from '../../parts/fields.tsx';
import { prettyJson } from '../../parts/pretty-json.ts';
import { type MessageDraft, PAYLOAD_FORMS, payloadProblem } from './message-draft.ts';
import styles from './publish-dialog.module.css';

interface PayloadFieldsProps {
  readonly draft: MessageDraft;
  readonly onChange: (changes: Partial<MessageDraft>) => void;
}

export function PayloadFields({ draft, onChange }: PayloadFieldsProps): ReactNode {
  const { messages } = useTexts();
  const { form, payload } = draft;
  const problem = payloadProblem(draft);
  const isEmpty = payload === '';
  return (
    <div className={styles['fields']}>
      <div className={styles['payloadTools']}>
        <SelectField
          label={messages.payloadAs}
          choices={PAYLOAD_FORMS.map((value) => ({ value, label: messages.encodings[value] }))}
          value={form}
          onChange={(chosen) => onChange({ form: chosen })}
        />
        {form === 'json' && (
          <Button
            small
            disabled={problem !== undefined}
            onClick={() => onChange({ payload: prettyJson(payload) ?? payload })}
          >
            {messages.formatJson}
          </Button>
        )}
      </div>
      <TextAreaField
        label={messages.payload}
        hint={isEmpty ? undefined : hintOf(draft, messages)}
        mono
        rows={8}
        aria-invalid={problem !== undefined && !isEmpty}
        value={payload}
        onChange={(text) => onChange({ payload: text })}
      />
    </div>
  );
}

function hintOf(draft: MessageDraft, messages: Texts['messages']): string | undefined {
  const problem = payloadProblem(draft);
  if (problem === undefined) return draft.form === 'json' ? messages.jsonValid : undefined;
  return problem.kind === 'json' ? messages.jsonInvalid(problem.why) : messages.base64Invalid;
}
