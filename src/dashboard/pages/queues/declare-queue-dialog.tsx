import { type ReactNode, useState } from 'react';
import { useOnce } from '../../data/live-data.tsx';
import { declareQueue } from '../../data/queues.ts';
import { useAction } from '../../data/use-action.ts';
import type { VhostRow } from '../../data/vhosts.ts';
import { useTexts } from '../../language/language.tsx';
import { type ArgumentRow, argumentsOf } from '../../parts/argument-rows.ts';
import { ArgumentsEditor } from '../../parts/arguments-editor.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { CheckField, FieldRow, SelectField, TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/section.tsx';
import { useVhostToDeclareIn, VhostField } from '../../parts/vhost-field.tsx';
import { href, navigate } from '../../route.ts';
import { DeadLetterFields } from './dead-letter-fields.tsx';
import { DeliveryFields, ExpiryFields } from './known-argument-fields.tsx';
import { argumentsOfQueue, type KnownArguments, NO_ARGUMENTS, OTHER_ARGUMENTS } from './known-arguments.ts';

export function DeclareQueueDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { queues } = useTexts();
  const texts = queues.declaring;
  const [vhost, setVhost] = useState(useVhostToDeclareIn());
  const [name, setName] = useState('');
  const [durable, setDurable] = useState(true);
  const [autoDelete, setAutoDelete] = useState(false);
  const [known, setKnown] = useState(NO_ARGUMENTS);
  const [others, setOthers] = useState<readonly ArgumentRow[]>([]);
  const otherArguments = argumentsOf(others);
  const defaultType = useDefaultType(vhost);
  const isQuorum = known.type === 'quorum';
  const action = useAction(declareQueue, {
    done: () => queues.declared(name),
    onDone: () => {
      onClose();
      navigate(href(['queues', vhost, name]));
    },
    showRefusal: false,
  });
  const change = (changes: Partial<KnownArguments>): void => setKnown({ ...known, ...changes });
  return (
    <FormDialog
      title={texts.title}
      submit={texts.submit}
      wide
      busy={action.isPending}
      disabled={otherArguments === undefined}
      error={action.error}
      onClose={onClose}
      onSubmit={() =>
        action.mutate({
          vhost,
          name,
          durable: durable || isQuorum,
          auto_delete: autoDelete && !isQuorum,
          arguments: { ...otherArguments, ...argumentsOfQueue(known, defaultType) },
        })
      }
    >
      <TextField label={queues.name} required mono autoComplete="off" value={name} onChange={setName} />
      <FieldRow>
        <VhostField value={vhost} onChange={setVhost} />
        <SelectField
          label={texts.type}
          hint={texts.typeHint[known.type]}
          choices={[
            { value: 'classic', label: texts.types.classic },
            { value: 'quorum', label: texts.types.quorum },
          ]}
          value={known.type}
          onChange={(type) => change({ type })}
        />
      </FieldRow>
      <FieldRow>
        <CheckField
          label={texts.durable}
          hint={texts.durableHint}
          value={durable || isQuorum}
          disabled={isQuorum}
          onChange={setDurable}
        />
        <CheckField
          label={texts.autoDelete}
          hint={texts.autoDeleteHint}
          value={autoDelete && !isQuorum}
          disabled={isQuorum}
          onChange={setAutoDelete}
        />
      </FieldRow>
      <Section title={texts.expiry}>
        <ExpiryFields value={known} onChange={change} />
      </Section>
      <Section title={texts.deadLetters}>
        <DeadLetterFields
          vhost={vhost}
          value={known.deadLetters}
          onChange={(deadLetters) => change({ deadLetters })}
        />
      </Section>
      <Section title={texts.delivery}>
        <DeliveryFields value={known} onChange={change} />
      </Section>
      <ArgumentsEditor label={texts.others} names={OTHER_ARGUMENTS} value={others} onChange={setOthers} />
    </FormDialog>
  );
}

/** Of queues that are declared without a type. */
function useDefaultType(vhost: string): string {
  const { data } = useOnce<readonly Pick<VhostRow, 'name' | 'default_queue_type'>[]>(
    '/api/vhosts?columns=name,default_queue_type',
  );
  return data?.find(({ name }) => name === vhost)?.default_queue_type ?? 'classic';
}
