import { type ReactNode, useState } from 'react';
import { declareExchange } from '../../data/exchanges.ts';
import { segment } from '../../data/http.ts';
import { useAction } from '../../data/use-action.ts';
import { useTexts } from '../../language/language.tsx';
import { type ArgumentRow, type ArgumentValues, argumentsOf } from '../../parts/argument-rows.ts';
import { ArgumentsEditor } from '../../parts/arguments-editor.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { CheckField, FieldRow, SelectField, TextField } from '../../parts/fields.tsx';
import { NameField } from '../../parts/name-field.tsx';
import { useVhostToDeclareIn, VhostField } from '../../parts/vhost-field.tsx';
import { href, navigate } from '../../route.ts';
import { DELAYED_TYPES, EXCHANGE_ARGUMENTS, EXCHANGE_TYPES, type ExchangeType } from './exchange-types.ts';

interface ExchangeDraft {
  readonly vhost: string;
  readonly name: string;
  readonly type: ExchangeType;
  readonly delayedType: ExchangeType;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly alternate: string;
  readonly others: readonly ArgumentRow[];
}

export function DeclareExchangeDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { exchanges } = useTexts();
  const texts = exchanges.declaring;
  const firstVhost = useVhostToDeclareIn();
  const [draft, setDraft] = useState<ExchangeDraft>(() => ({
    vhost: firstVhost,
    name: '',
    type: 'direct',
    delayedType: 'direct',
    durable: true,
    autoDelete: false,
    internal: false,
    alternate: '',
    others: [],
  }));
  const { vhost, name, type, durable, autoDelete, internal } = draft;
  const args = argumentsOfDraft(draft);
  const action = useAction(declareExchange, {
    done: () => exchanges.declared(name),
    onDone: () => {
      onClose();
      navigate(href(['exchanges', vhost, name]));
    },
    showRefusal: false,
  });
  return (
    <FormDialog
      title={texts.title}
      submit={texts.submit}
      wide
      busy={action.isPending}
      disabled={args === undefined}
      error={action.error}
      onClose={onClose}
      onSubmit={() =>
        action.mutate({
          vhost,
          name,
          type,
          durable,
          auto_delete: autoDelete,
          internal,
          arguments: args ?? {},
        })
      }
    >
      <DraftFields draft={draft} onChange={(changes) => setDraft({ ...draft, ...changes })} />
    </FormDialog>
  );
}

/** Undefined while one of them is wrong. */
function argumentsOfDraft({
  type,
  delayedType,
  alternate,
  others,
}: ExchangeDraft): ArgumentValues | undefined {
  const values = argumentsOf(others);
  return (
    values && {
      ...values,
      ...(type === 'x-delayed-message' ? { 'x-delayed-type': delayedType } : {}),
      ...(alternate === '' ? {} : { 'alternate-exchange': alternate }),
    }
  );
}

interface DraftFieldsProps {
  readonly draft: ExchangeDraft;
  readonly onChange: (changes: Partial<ExchangeDraft>) => void;
}

function DraftFields({ draft, onChange }: DraftFieldsProps): ReactNode {
  const { exchanges } = useTexts();
  const texts = exchanges.declaring;
  const { vhost, name, alternate, others } = draft;
  return (
    <>
      <TextField
        label={exchanges.name}
        required
        mono
        autoComplete="off"
        value={name}
        onChange={(to) => onChange({ name: to })}
      />
      <FieldRow>
        <VhostField value={vhost} onChange={(to) => onChange({ vhost: to })} />
        <TypeFields draft={draft} onChange={onChange} />
      </FieldRow>
      <FlagFields draft={draft} onChange={onChange} />
      <NameField
        label={texts.alternate}
        hint={texts.alternateHint}
        optional
        path={`/api/exchanges/${segment(vhost)}`}
        value={alternate}
        onChange={(to) => onChange({ alternate: to })}
      />
      <ArgumentsEditor
        label={texts.others}
        names={EXCHANGE_ARGUMENTS}
        value={others}
        onChange={(rows) => onChange({ others: rows })}
      />
    </>
  );
}

function TypeFields({ draft, onChange }: DraftFieldsProps): ReactNode {
  const { exchanges } = useTexts();
  const texts = exchanges.declaring;
  const { type, delayedType } = draft;
  return (
    <>
      <SelectField
        label={texts.type}
        hint={texts.typeHint[type]}
        choices={EXCHANGE_TYPES.map((each) => ({ value: each, label: each }))}
        value={type}
        onChange={(to) => onChange({ type: to })}
      />
      {type === 'x-delayed-message' && (
        <SelectField
          label={texts.delayedType}
          hint={texts.typeHint[delayedType]}
          choices={DELAYED_TYPES.map((each) => ({ value: each, label: each }))}
          value={delayedType}
          onChange={(to) => onChange({ delayedType: to })}
        />
      )}
    </>
  );
}

function FlagFields({ draft, onChange }: DraftFieldsProps): ReactNode {
  const { exchanges } = useTexts();
  const texts = exchanges.declaring;
  return (
    <FieldRow>
      <CheckField
        label={texts.durable}
        hint={texts.durableHint}
        value={draft.durable}
        onChange={(durable) => onChange({ durable })}
      />
      <CheckField
        label={texts.autoDelete}
        hint={texts.autoDeleteHint}
        value={draft.autoDelete}
        onChange={(autoDelete) => onChange({ autoDelete })}
      />
      <CheckField
        label={texts.internal}
        hint={texts.internalHint}
        value={draft.internal}
        onChange={(internal) => onChange({ internal })}
      />
    </FieldRow>
  );
}
