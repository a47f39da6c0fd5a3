import type { ReactNode } from 'react';
import type { PolicyKind } from '../../data/policies.ts';
import { useTexts } from '../../language/language.tsx';
import { ArgumentsEditor } from '../../parts/arguments-editor.tsx';
import { FieldRow, NumberField, SelectField, TextField } from '../../parts/fields.tsx';
import styles from './policies.module.css';
import {
  type DefinitionDraft,
  type KnownKey,
  NAME_KEYS,
  type NameKey,
  NUMBER_KEYS,
  type NumberKey,
  OPERATOR_OTHER_KEYS,
  OTHER_KEYS,
  OVERFLOWS,
  QUEUE_MODES,
  withKnown,
} from './policy-definition.ts';

interface DefinitionFieldsProps {
  readonly kind: PolicyKind;
  readonly value: DefinitionDraft;
  readonly onChange: (value: DefinitionDraft) => void;
}

/** The keys that have a field: operator policies only limit. */
export function knownKeysOf(kind: PolicyKind): readonly KnownKey[] {
  const limits = [...NUMBER_KEYS, 'overflow'] as const;
  return kind === 'operator' ? limits : [...limits, ...NAME_KEYS, 'queue-mode'];
}

export function DefinitionFields(props: DefinitionFieldsProps): ReactNode {
  const { kind, value, onChange } = props;
  const { policies: texts } = useTexts();
  return (
    <>
      <fieldset className={styles['group']}>
        <legend>{texts.groups.limits}</legend>
        <FieldRow>
          {NUMBER_KEYS.map((key) => (
            <KnownNumber key={key} name={key} value={value} onChange={onChange} />
          ))}
          <KnownChoice
            name="overflow"
            choices={OVERFLOWS.map((each) => ({ value: each, label: texts.overflows[each] }))}
            value={value}
            onChange={onChange}
          />
        </FieldRow>
      </fieldset>
      {kind === 'user' && <RoutingFields value={value} onChange={onChange} />}
      <ArgumentsEditor
        label={texts.others}
        names={kind === 'operator' ? OPERATOR_OTHER_KEYS : OTHER_KEYS}
        value={value.others}
        onChange={(others) => onChange({ ...value, others })}
      />
    </>
  );
}

type Values = Omit<DefinitionFieldsProps, 'kind'>;

function RoutingFields({ value, onChange }: Values): ReactNode {
  const { policies: texts } = useTexts();
  return (
    <fieldset className={styles['group']}>
      <legend>{texts.groups.deadLetters}</legend>
      <FieldRow>
        {NAME_KEYS.map((key) => (
          <KnownName key={key} name={key} value={value} onChange={onChange} />
        ))}
        <KnownChoice
          name="queue-mode"
          choices={QUEUE_MODES.map((each) => ({ value: each, label: texts.modes[each] }))}
          value={value}
          onChange={onChange}
        />
      </FieldRow>
    </fieldset>
  );
}

function KnownNumber({ name, value, onChange }: Values & { readonly name: NumberKey }): ReactNode {
  const { policies: texts } = useTexts();
  return (
    <NumberField
      {...texts.fields[name]}
      step={1}
      placeholder={texts.notSet}
      value={value.known[name]}
      onChange={(number) => onChange(withKnown(value, name, number))}
    />
  );
}

function KnownName({ name, value, onChange }: Values & { readonly name: NameKey }): ReactNode {
  const { policies: texts } = useTexts();
  return (
    <TextField
      {...texts.fields[name]}
      placeholder={texts.notSet}
      autoComplete="off"
      value={value.known[name] ?? ''}
      onChange={(text) => onChange(withKnown(value, name, text))}
    />
  );
}

function KnownChoice({
  name,
  choices,
  value,
  onChange,
}: Values & {
  readonly name: 'overflow' | 'queue-mode';
  readonly choices: readonly { readonly value: string; readonly label: string }[];
}): ReactNode {
  const { policies: texts } = useTexts();
  return (
    <SelectField
      {...texts.fields[name]}
      choices={[{ value: '', label: texts.notSet }, ...choices]}
      value={value.known[name] ?? ''}
      onChange={(text) => onChange(withKnown(value, name, text))}
    />
  );
}
