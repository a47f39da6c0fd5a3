import { type ReactNode, useState } from 'react';
import { exchangeInPath } from '../../data/exchanges.ts';
import type { Message } from '../../data/messages.ts';
import { useSession } from '../../data/session.tsx';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { ReplayDialog } from '../dead-letters/replay-dialog.tsx';
import { DropDialog } from './drop-dialog.tsx';

/** As JSON it has to fit into a request of 4 MiB, with all its escapes. */
const EDITED_BYTES_MAX = 2 ** 20;

interface MessageActionsProps {
  readonly vhost: string;
  readonly queue: string;
  readonly message: Message;
  /** Edits a copy. The form outlives the message here, which it may drop. */
  readonly onEdit: () => void;
  /** It was taken out of the queue. */
  readonly onGone: () => void;
}

export function MessageActions({ vhost, queue, message, onEdit, onGone }: MessageActionsProps): ReactNode {
  const { messages } = useTexts();
  const session = useSession();
  const [act, setAct] = useState<'replay' | 'drop'>();
  const { position, truncated, payload_bytes } = message;
  const close = (): void => setAct(undefined);
  const isTooLarge = truncated === true || payload_bytes > EDITED_BYTES_MAX;
  return (
    <>
      {session.maySome('write', vhost) && (
        <Button
          small
          icon="edit"
          disabled={isTooLarge}
          title={isTooLarge ? messages.tooLargeToEdit : undefined}
          onClick={onEdit}
        >
          {messages.editCopy}
        </Button>
      )}
      {session.may('write', vhost, exchangeInPath('')) && (
        <Button small icon="move" onClick={() => setAct('replay')}>
          {messages.replay}
        </Button>
      )}
      <Button small icon="remove" onClick={() => setAct('drop')}>
        {messages.drop}
      </Button>
      {act === 'replay' && (
        <ReplayDialog
          vhost={vhost}
          queue={queue}
          which={{ positions: [position] }}
          count={1}
          onDone={onGone}
          onClose={close}
        />
      )}
      {act === 'drop' && (
        <DropDialog vhost={vhost} queue={queue} positions={[position]} onDone={onGone} onClose={close} />
      )}
    </>
  );
}
