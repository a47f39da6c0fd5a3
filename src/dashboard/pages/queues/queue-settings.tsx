import type { ReactNode } from 'react';
import type { QueueAnswer } from '../../data/queues.ts';
import { useSession } from '../../data/session.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { type KeyValue, KeyValues } from '../../parts/key-values.tsx';
import { Grid } from '../../parts/page.tsx';
import { href } from '../../route.ts';
import { TypedValues } from './typed-values.tsx';

interface QueueSettingsProps {
  readonly queue: QueueAnswer;
}

/** What it was declared with, what policies make of it, and what it takes. */
export function QueueSettings({ queue }: QueueSettingsProps): ReactNode {
  const { queues } = useTexts();
  const texts = queues.settings;
  return (
    <Grid min="wide">
      <Card title={texts.properties}>
        <Properties queue={queue} />
      </Card>
      <Card title={texts.arguments}>
        <TypedValues values={queue.arguments} none={texts.noArguments} />
      </Card>
      <Card title={texts.policy}>
        <Policies queue={queue} />
      </Card>
      <Card title={texts.resources}>
        <Resources queue={queue} />
      </Card>
    </Grid>
  );
}

function Properties({ queue }: QueueSettingsProps): ReactNode {
  const { queues, parts } = useTexts();
  const texts = queues.settings;
  const { isAdministrator } = useSession();
  const { vhost, owner_pid_details: owner } = queue;
  const yesNo = (value: boolean): string => (value ? parts.yes : parts.no);
  const rows: KeyValue[] = [
    { key: queues.vhost, value: isAdministrator ? <a href={href(['vhosts', vhost])}>{vhost}</a> : vhost },
    { key: texts.type, value: queue.type },
    { key: texts.durability, value: queue.durable ? texts.durable : texts.transient },
    { key: texts.autoDelete, value: yesNo(queue.auto_delete) },
    { key: texts.exclusive, value: yesNo(queue.exclusive) },
  ];
  if (owner !== undefined)
    rows.push({ key: texts.owner, value: <a href={href(['connections', owner.name])}>{owner.name}</a> });
  if (queue.exclusive_consumer_tag !== null)
    rows.push({ key: texts.exclusiveConsumer, value: <code>{queue.exclusive_consumer_tag}</code> });
  if (queue.single_active_consumer_tag !== null)
    rows.push({ key: texts.activeConsumer, value: <code>{queue.single_active_consumer_tag}</code> });
  rows.push({ key: texts.node, value: queue.node });
  return <KeyValues rows={rows} />;
}

function Policies({ queue }: QueueSettingsProps): ReactNode {
  const { queues } = useTexts();
  const texts = queues.settings;
  const named = (name: string | null): ReactNode =>
    name === null ? texts.none : <a href={href(['policies'])}>{name}</a>;
  const definition = queue.effective_policy_definition;
  return (
    <>
      <KeyValues
        rows={[
          { key: texts.policy, value: named(queue.policy) },
          { key: texts.operatorPolicy, value: named(queue.operator_policy) },
        ]}
      />
      {Object.keys(definition).length > 0 && <TypedValues title={texts.effective} values={definition} />}
    </>
  );
}

function Resources({ queue }: QueueSettingsProps): ReactNode {
  const { queues } = useTexts();
  const texts = queues.settings;
  const formats = useFormats();
  const head = queue.head_message_timestamp;
  return (
    <KeyValues
      rows={[
        { key: texts.memory, value: formats.bytes(queue.memory) },
        { key: texts.bytes, value: formats.bytes(queue.message_bytes) },
        { key: texts.bytesReady, value: formats.bytes(queue.message_bytes_ready) },
        { key: texts.bytesUnacked, value: formats.bytes(queue.message_bytes_unacknowledged) },
        { key: texts.utilisation, value: formats.share(queue.consumer_utilisation) },
        { key: texts.head, value: formats.time(head === null ? null : head * 1000) },
        { key: texts.idleSince, value: formats.time(queue.idle_since) },
      ]}
    />
  );
}
