import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { CheckField, FieldRow, NumberField, SelectField } from '../../parts/fields.tsx';
import type { KnownArguments, NumberArgument, Overflow } from './known-arguments.ts';

interface KnownArgumentsProps {
  readonly value: KnownArguments;
  readonly onChange: (changes: Partial<KnownArguments>) => void;
}

const PRIORITY_MAX = 255;

export function ExpiryFields({ value, onChange }: KnownArgumentsProps): ReactNode {
  const { queues } = useTexts();
  const texts = queues.declaring;
  const overflows: readonly Overflow[] = ['', 'reject-publish', 'reject-publish-dlx'];
  return (
    <>
      <FieldRow>
        <NumberArgumentField argument="x-message-ttl" isTime {...{ value, onChange }} />
        <NumberArgumentField argument="x-expires" isTime min={1} {...{ value, onChange }} />
      </FieldRow>
      <FieldRow>
        <NumberArgumentField argument="x-max-length" {...{ value, onChange }} />
        <NumberArgumentField argument="x-max-length-bytes" {...{ value, onChange }} />
      </FieldRow>
      <SelectField
        label={texts.known['x-overflow']}
        choices={overflows.map((each) => ({ value: each, label: texts.overflows[each] }))}
        value={value.overflow}
        onChange={(overflow) => onChange({ overflow })}
      />
    </>
  );
}

export function DeliveryFields({ value, onChange }: KnownArgumentsProps): ReactNode {
  const { queues } = useTexts();
  const texts = queues.declaring;
  return (
    <>
      <FieldRow>
        <NumberArgumentField argument="x-delivery-limit" {...{ value, onChange }} />
        <NumberArgumentField argument="x-consumer-timeout" isTime {...{ value, onChange }} />
        {value.type === 'classic' && (
          <NumberArgumentField
            argument="x-max-priority"
            hint={texts.priorityHint}
            min={1}
            max={PRIORITY_MAX}
            {...{ value, onChange }}
          />
        )}
      </FieldRow>
      <CheckField
        label={texts.known['x-single-active-consumer']}
        hint={texts.singleActiveHint}
        value={value.singleActiveConsumer}
        onChange={(singleActiveConsumer) => onChange({ singleActiveConsumer })}
      />
    </>
  );
}

interface NumberArgumentProps extends KnownArgumentsProps {
  readonly argument: NumberArgument;
  readonly isTime?: boolean;
  readonly hint?: string;
  readonly min?: number;
  readonly max?: number;
}

function NumberArgumentField(props: NumberArgumentProps): ReactNode {
  const { argument, isTime = false, hint, min = 0, max, value, onChange } = props;
  const { queues } = useTexts();
  const texts = queues.declaring;
  return (
    <NumberField
      label={texts.known[argument]}
      hint={isTime ? texts.milliseconds : hint}
      optional
      step={1}
      min={min}
      max={max}
      value={value.numbers[argument]}
      onChange={(number) => onChange({ numbers: { ...value.numbers, [argument]: number } })}
    />
  );
}
