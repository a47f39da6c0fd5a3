import { type ReactNode, useState } from 'react';
import { exchangeFromPath } from '../../data/exchanges.ts';
import { segment } from '../../data/http.ts';
import { type Move, type Moved, moveMessages, type QueueAnswer } from '../../data/queues.ts';
import { useAction } from '../../data/use-action.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { NumberField, SelectField, TextField } from '../../parts/fields.tsx';
import { NameField } from '../../parts/name-field.tsx';
import styles from './marks.module.css';

interface MoveMessagesDialogProps {
  readonly queue: QueueAnswer;
  readonly onClose: () => void;
}

export function MoveMessagesDialog({ queue, onClose }: MoveMessagesDialogProps): ReactNode {
  const { queues } = useTexts();
  const texts = queues.moving;
  const formats = useFormats();
  const [to, setTo] = useState<'queue' | 'exchange'>('queue');
  const [target, setTarget] = useState('');
  const [routingKey, setRoutingKey] = useState('');
  const [max, setMax] = useState<number>();
  const { vhost, name, messages_ready: ready } = queue;
  const isSame = to === 'queue' && target === name;
  const action = useAction(moveMessages, {
    done: ({ moved, stopped_by: stop }: Moved) => {
      const count = formats.count(moved);
      if (stop === null) return texts.done(count, target);
      return texts.stopped(
        count,
        target,
        stop === 'unroutable' ? texts.outcomes.unroutable : texts.outcomes.refused,
      );
    },
    onDone: onClose,
    showRefusal: false,
  });
  return (
    <FormDialog
      title={texts.title}
      submit={texts.submit}
      busy={action.isPending}
      disabled={isSame}
      error={action.error}
      onClose={onClose}
      onSubmit={() => action.mutate({ from: { vhost, name }, to: targetOf(to, target, routingKey), max })}
    >
      <p className={styles['note']}>{texts.lead(formats.count(ready), name)}</p>
      <SelectField
        label={texts.to}
        choices={[
          { value: 'queue', label: texts.toQueue },
          { value: 'exchange', label: texts.toExchange },
        ]}
        value={to}
        onChange={setTo}
      />
      <NameField
        label={to === 'queue' ? texts.queue : texts.exchange}
        hint={isSame ? texts.same : undefined}
        required
        path={`/api/${to}s/${segment(vhost)}`}
        value={target}
        onChange={setTarget}
      />
      {to === 'exchange' && (
        <TextField
          label={texts.routingKey}
          hint={texts.routingKeyHint}
          optional
          mono
          value={routingKey}
          onChange={setRoutingKey}
        />
      )}
      <NumberField
        label={texts.max}
        hint={texts.maxHint}
        optional
        min={1}
        step={1}
        value={max}
        onChange={setMax}
      />
    </FormDialog>
  );
}

function targetOf(to: 'queue' | 'exchange', target: string, routingKey: string): Move['to'] {
  if (to === 'queue') return { queue: target };
  return { exchange: exchangeFromPath(target), ...(routingKey === '' ? {} : { routing_key: routingKey }) };
}
