import { type ReactNode, useState } from 'react';
import { addBinding, type DestinationType, type NewBinding } from '../../data/bindings.ts';
import { segment } from '../../data/http.ts';
import { useAction } from '../../data/use-action.ts';
import { useTexts } from '../../language/language.tsx';
import { type ArgumentRow, argumentsOf } from '../../parts/argument-rows.ts';
import { ArgumentsEditor } from '../../parts/arguments-editor.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { SelectField, TextField } from '../../parts/fields.tsx';
import { NameField } from '../../parts/name-field.tsx';
import type { BindingEnd } from './binding-end.ts';

interface AddBindingDialogProps {
  readonly at: BindingEnd;
  readonly onClose: () => void;
}

const ARGUMENT_NAMES = ['x-match'] as const;

export function AddBindingDialog({ at, onClose }: AddBindingDialogProps): ReactNode {
  const { exchanges, parts } = useTexts();
  const texts = exchanges.binding;
  const [other, setOther] = useState('');
  const [type, setType] = useState<DestinationType>('queue');
  const [routingKey, setRoutingKey] = useState('');
  const [rows, setRows] = useState<readonly ArgumentRow[]>([]);
  const args = argumentsOf(rows);
  const action = useAction(addBinding, { done: () => texts.added, onDone: onClose, showRefusal: false });
  return (
    <FormDialog
      title={texts.add}
      submit={parts.add}
      busy={action.isPending}
      disabled={args === undefined}
      error={action.error}
      onClose={onClose}
      onSubmit={() =>
        action.mutate({ ...endsOf(at, other, type), routing_key: routingKey, arguments: args ?? {} })
      }
    >
      <OtherEndFields at={at} name={other} onName={setOther} type={type} onType={setType} />
      <TextField
        label={texts.routingKey}
        hint={texts.routingKeyHint}
        mono
        value={routingKey}
        onChange={setRoutingKey}
      />
      <ArgumentsEditor
        label={texts.arguments}
        hint={texts.argumentsHint}
        names={ARGUMENT_NAMES}
        value={rows}
        onChange={setRows}
      />
    </FormDialog>
  );
}

interface OtherEndProps {
  readonly at: BindingEnd;
  readonly name: string;
  readonly onName: (name: string) => void;
  readonly type: DestinationType;
  readonly onType: (type: DestinationType) => void;
}

function OtherEndFields({ at, name, onName, type, onType }: OtherEndProps): ReactNode {
  const { exchanges } = useTexts();
  const texts = exchanges.binding;
  const vhost = segment(at.vhost);
  if (at.end !== 'from-exchange')
    return (
      <NameField
        label={texts.sourceName}
        required
        path={`/api/exchanges/${vhost}`}
        value={name}
        onChange={onName}
      />
    );
  return (
    <>
      <SelectField
        label={texts.destinationType}
        choices={[
          { value: 'queue', label: texts.toAQueue },
          { value: 'exchange', label: texts.toAnExchange },
        ]}
        value={type}
        onChange={onType}
      />
      <NameField
        label={type === 'queue' ? texts.queueName : texts.exchangeName}
        required
        path={`/api/${type}s/${vhost}`}
        value={name}
        onChange={onName}
      />
    </>
  );
}

type Ends = Omit<NewBinding, 'routing_key' | 'arguments'>;

function endsOf({ vhost, end, name }: BindingEnd, other: string, type: DestinationType): Ends {
  switch (end) {
    case 'to-queue':
      return { vhost, source: other, destination: name, destination_type: 'queue' };
    case 'to-exchange':
      return { vhost, source: other, destination: name, destination_type: 'exchange' };
    case 'from-exchange':
      return { vhost, source: name, destination: other, destination_type: type };
  }
}
