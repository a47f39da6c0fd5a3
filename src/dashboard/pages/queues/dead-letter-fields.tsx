import type { ReactNode } from 'react';
import { segment } from '../../data/http.ts';
import { useTexts } from '../../language/language.tsx';
import { FieldRow, SelectField, TextField } from '../../parts/fields.tsx';
import { NameField } from '../../parts/name-field.tsx';
import type { DeadLetters } from './known-arguments.ts';

interface DeadLetterFieldsProps {
  readonly vhost: string;
  readonly value: DeadLetters;
  readonly onChange: (value: DeadLetters) => void;
}

const TARGETS = ['nowhere', 'queue', 'exchange'] as const;

export function DeadLetterFields({ vhost, value, onChange }: DeadLetterFieldsProps): ReactNode {
  const { queues } = useTexts();
  const texts = queues.declaring;
  return (
    <>
      <SelectField
        label={texts.deadLettersGo}
        choices={TARGETS.map((to) => ({ value: to, label: texts.deadLettersTo[to] }))}
        value={value.to}
        onChange={(to) => onChange(emptyTarget(to))}
      />
      {value.to === 'queue' && (
        <NameField
          label={texts.deadLetterQueue}
          required
          path={`/api/queues/${segment(vhost)}`}
          value={value.queue}
          onChange={(queue) => onChange({ ...value, queue })}
        />
      )}
      {value.to === 'exchange' && (
        <FieldRow>
          <NameField
            label={texts.deadLetterExchange}
            required
            path={`/api/exchanges/${segment(vhost)}`}
            value={value.exchange}
            onChange={(exchange) => onChange({ ...value, exchange })}
          />
          <TextField
            label={texts.deadLetterRoutingKey}
            hint={texts.deadLetterRoutingKeyHint}
            optional
            mono
            value={value.routingKey}
            onChange={(routingKey) => onChange({ ...value, routingKey })}
          />
        </FieldRow>
      )}
    </>
  );
}

function emptyTarget(to: DeadLetters['to']): DeadLetters {
  if (to === 'queue') return { to, queue: '' };
  return to === 'exchange' ? { to, exchange: '', routingKey: '' } : { to };
}
