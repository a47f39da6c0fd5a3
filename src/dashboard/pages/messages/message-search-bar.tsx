import { type FormEvent, type ReactNode, useState } from 'react';
import { CONDITION_KINDS, type Condition, type ConditionKind, fieldOf } from '../../data/messages.ts';
import { type Texts, useTexts } from '../../language/language.tsx';
import { Button, IconButton } from '../../parts/button.tsx';
import fields from '../../parts/fields.module.css';
import { SelectField } from '../../parts/fields.tsx';
import { replaceQuery } from '../../route.ts';
import styles from './messages-tab.module.css';

/** A search has any number of conditions; one at a time is added. */
export function MessageSearchBar({ conditions }: { readonly conditions: readonly Condition[] }): ReactNode {
  const { messages } = useTexts();
  const [kind, setKind] = useState<ConditionKind>('search');
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const isNamed = kind === 'header' || kind === 'json';
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    replaceQuery({ [fieldOf({ kind, name: name.trim(), value })]: value, from: undefined });
    setValue('');
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: Chromium gives <search> no style of its own, but older browsers no role
    <div role="search" className={styles['search']}>
      <form className={styles['condition']} onSubmit={submit}>
        <SelectField
          label={messages.condition}
          hideLabel
          choices={CONDITION_KINDS.map((each) => ({ value: each, label: messages.kinds[each] }))}
          value={kind}
          onChange={setKind}
        />
        {isNamed && (
          <PlainField
            label={kind === 'header' ? messages.headerName : messages.jsonPath}
            value={name}
            onChange={setName}
          />
        )}
        <PlainField
          label={kind === 'search' ? messages.textToFind : messages.conditionValue}
          value={value}
          onChange={setValue}
        />
        <Button type="submit" icon="search" disabled={value === '' || (isNamed && name.trim() === '')}>
          {messages.search}
        </Button>
      </form>
      {conditions.length > 0 && <ConditionList conditions={conditions} />}
    </div>
  );
}

interface PlainFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function PlainField({ label, value, onChange }: PlainFieldProps): ReactNode {
  return (
    <input
      type="text"
      className={fields['input']}
      aria-label={label}
      placeholder={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function ConditionList({ conditions }: { readonly conditions: readonly Condition[] }): ReactNode {
  const { messages } = useTexts();
  const remove = (gone: readonly Condition[]): void =>
    replaceQuery(
      Object.fromEntries([['from', undefined], ...gone.map((each) => [fieldOf(each), undefined])]),
    );
  return (
    <ul className={styles['conditions']} aria-label={messages.conditions}>
      {conditions.map((condition) => {
        const text = conditionText(condition, messages);
        return (
          <li key={fieldOf(condition)}>
            <span>{text}</span>
            <IconButton
              icon="close"
              label={messages.removeCondition(text)}
              onClick={() => remove([condition])}
            />
          </li>
        );
      })}
      {conditions.length > 1 && (
        <Button small kind="quiet" onClick={() => remove(conditions)}>
          {messages.clearConditions}
        </Button>
      )}
    </ul>
  );
}

function conditionText({ kind, name, value }: Condition, { kinds }: Texts['messages']): string {
  return name === '' ? `${kinds[kind]}: ${value}` : `${kinds[kind]} ${name} = ${value}`;
}
