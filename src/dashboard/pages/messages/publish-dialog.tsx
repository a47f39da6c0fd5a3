import { type ReactNode, useState } from 'react';
import { exchangeInPath } from '../../data/exchanges.ts';
import { dropMessages, type MessageToPublish, type PublishAnswer, publish } from '../../data/messages.ts';
import { useSession } from '../../data/session.tsx';
import { useAction } from '../../data/use-action.ts';
import { useTexts } from '../../language/language.tsx';
import { ArgumentsEditor } from '../../parts/arguments-editor.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { CheckField } from '../../parts/fields.tsx';
import { DestinationFields } from './destination-fields.tsx';
import { draftOf, type MessageDraft, type MessageSeed, messageOf, targetOf } from './message-draft.ts';
import { PayloadFields } from './payload-fields.tsx';
import { PropertiesFields } from './properties-fields.tsx';
import styles from './publish-dialog.module.css';
import { PublishResult } from './publish-result.tsx';
import { TypedHeadersField } from './typed-headers-field.tsx';

interface PublishDialogProps {
  readonly vhost: string;
  /** The empty name is the default exchange. */
  readonly exchange?: string | undefined;
  readonly queue?: string | undefined;
  /** A message to begin with. With its position in `queue` the original can be dropped afterwards. */
  readonly initial?: MessageSeed | undefined;
  readonly onClose: () => void;
}

interface Published extends PublishAnswer {
  readonly originalDropped: boolean;
}

/** Publishes one message, and says what became of it. It stays open for the next one. */
export function PublishDialog(props: PublishDialogProps): ReactNode {
  const { vhost, exchange, queue, initial, onClose } = props;
  const { messages } = useTexts();
  const session = useSession();
  const mayUseQueue = session.may('write', vhost, exchangeInPath(''));
  const [draft, setDraft] = useState(() =>
    draftOf(initial ?? {}, { queue, exchange, mayUseQueue, username: session.username }),
  );
  const [dropsOriginal, setDropsOriginal] = useState(false);
  const message = messageOf(draft);
  const action = useAction(
    async (ready: MessageToPublish): Promise<Published> => {
      const answer = await publish(vhost, targetOf(draft), ready);
      const drops = dropsOriginal && isSafe(answer) && queue !== undefined && initial?.position !== undefined;
      if (drops) await dropMessages(vhost, queue, [initial.position]);
      return { ...answer, originalDropped: drops };
    },
    { showRefusal: false, onDone: () => setDropsOriginal(false) },
  );
  const change = (changes: Partial<MessageDraft>): void => setDraft({ ...draft, ...changes });
  const canDrop =
    queue !== undefined && initial?.position !== undefined && action.data?.originalDropped !== true;
  return (
    <FormDialog
      title={titleOf(props, messages)}
      submit={messages.publish}
      wide
      busy={action.isPending}
      disabled={message === undefined}
      error={action.error}
      onSubmit={() => message !== undefined && action.mutate(message)}
      onClose={onClose}
    >
      {action.isSuccess && <PublishResult vhost={vhost} {...action.data} onLeave={onClose} />}
      <DestinationFields hasQueue={queue !== undefined && mayUseQueue} draft={draft} onChange={change} />
      <PayloadFields draft={draft} onChange={change} />
      <details className={styles['more']} open={initial !== undefined}>
        <summary>{messages.properties}</summary>
        <PropertiesFields draft={draft} onChange={change} />
      </details>
      <ArgumentsEditor
        label={messages.headersToSend}
        value={draft.headers}
        onChange={(headers) => change({ headers })}
      />
      <TypedHeadersField value={draft.typedHeaders} onChange={(typedHeaders) => change({ typedHeaders })} />
      {canDrop && (
        <CheckField
          label={messages.dropOriginal(initial.position)}
          value={dropsOriginal}
          onChange={setDropsOriginal}
        />
      )}
    </FormDialog>
  );
}

/** Whether there is a copy. */
function isSafe({ routed, deliver_at }: PublishAnswer): boolean {
  return routed || deliver_at !== undefined;
}

function titleOf(
  { queue, exchange, initial }: PublishDialogProps,
  messages: ReturnType<typeof useTexts>['messages'],
): string {
  if (initial !== undefined) return messages.publishCopy;
  const name = queue ?? (exchange === undefined ? undefined : exchangeInPath(exchange));
  return name === undefined ? messages.publishMessage : messages.publishTo(name);
}
