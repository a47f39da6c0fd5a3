import { type ReactNode, useMemo, useState } from 'react';
import { exchangeInPath } from '../../data/exchanges.ts';
import type { Message, MessagesAnswer } from '../../data/messages.ts';
import { useSession } from '../../data/session.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Button, LinkButton } from '../../parts/button.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { Empty } from '../../parts/states.tsx';
import { href, useRoute } from '../../route.ts';
import { ReplayDialog } from '../dead-letters/replay-dialog.tsx';
import { DropDialog } from './drop-dialog.tsx';
import { messageColumns } from './message-columns.tsx';
import { MessageDialog } from './message-dialog.tsx';
import styles from './messages-tab.module.css';

interface MessageListProps {
  readonly vhost: string;
  readonly queue: string;
  readonly answer: MessagesAnswer;
  /** Undefined: from the head of the queue. */
  readonly from: string | undefined;
  readonly isSearch: boolean;
  /** When it was looked: ages are of then. */
  readonly nowMs: number;
}

export function MessageList({ vhost, queue, answer, from, isSearch, nowMs }: MessageListProps): ReactNode {
  const texts = useTexts();
  const formats = useFormats();
  const [open, setOpen] = useState<string>();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const { messages } = answer;
  const positions = useMemo(() => messages.map(({ position }) => position), [messages]);
  const columns = useMemo(
    () => messageColumns({ texts, formats, nowMs, selected, onSelect: setSelected, onOpen: setOpen }),
    [texts, formats, nowMs, selected],
  );
  return (
    <>
      <SelectionBar
        vhost={vhost}
        queue={queue}
        shown={positions}
        selected={positions.filter((position) => selected.has(position))}
        onSelect={setSelected}
      />
      <DataTable<Message>
        label={texts.messages.title}
        columns={columns}
        rows={messages}
        rowKey={({ position }) => position}
        empty={<NoMessages answer={answer} isSearch={isSearch} />}
      />
      <Paging answer={answer} from={from} />
      {open !== undefined && (
        <MessageDialog
          key={open}
          vhost={vhost}
          queue={queue}
          position={open}
          positions={positions}
          onOpen={setOpen}
          onClose={() => setOpen(undefined)}
        />
      )}
    </>
  );
}

interface SelectionBarProps {
  readonly vhost: string;
  readonly queue: string;
  readonly shown: readonly string[];
  readonly selected: readonly string[];
  readonly onSelect: (positions: ReadonlySet<string>) => void;
}

function SelectionBar({ vhost, queue, shown, selected, onSelect }: SelectionBarProps): ReactNode {
  const { messages } = useTexts();
  const formats = useFormats();
  const mayMove = useSession().may('write', vhost, exchangeInPath(''));
  const [act, setAct] = useState<'drop' | 'replay'>();
  const close = (): void => setAct(undefined);
  const done = (): void => {
    close();
    onSelect(new Set());
  };
  if (shown.length === 0 || selected.length === 0) return null;
  return (
    <div className={styles['selection']} role="toolbar" aria-label={messages.select}>
      <strong aria-live="polite">{messages.selected(formats.count(selected.length))}</strong>
      {selected.length < shown.length && (
        <Button small kind="quiet" onClick={() => onSelect(new Set(shown))}>
          {messages.selectAll}
        </Button>
      )}
      <Button small kind="quiet" onClick={() => onSelect(new Set())}>
        {messages.clearSelection}
      </Button>
      <span className={styles['fill']} />
      {mayMove && (
        <Button small icon="move" onClick={() => setAct('replay')}>
          {messages.replay}
        </Button>
      )}
      <Button small icon="remove" onClick={() => setAct('drop')}>
        {messages.drop}
      </Button>
      {act === 'drop' && (
        <DropDialog vhost={vhost} queue={queue} positions={selected} onDone={done} onClose={close} />
      )}
      {act === 'replay' && (
        <ReplayDialog
          vhost={vhost}
          queue={queue}
          which={{ positions: selected }}
          count={selected.length}
          onDone={done}
          onClose={close}
        />
      )}
    </div>
  );
}

function NoMessages({
  answer,
  isSearch,
}: {
  readonly answer: MessagesAnswer;
  readonly isSearch: boolean;
}): ReactNode {
  const { messages } = useTexts();
  const lookedAt = useFormats().count(answer.looked_at);
  if (!isSearch)
    return (
      <Empty title={messages.none} icon="queue">
        {messages.noneWhy}
      </Empty>
    );
  return (
    <Empty title={messages.noneMatches} icon="search">
      {answer.next === null ? messages.noneMatchesWhy(lookedAt) : messages.noneMatchesYet(lookedAt)}
    </Empty>
  );
}

function Paging({
  answer,
  from,
}: {
  readonly answer: MessagesAnswer;
  readonly from: string | undefined;
}): ReactNode {
  const { messages } = useTexts();
  const formats = useFormats();
  const { segments, query } = useRoute();
  if (answer.messages.length === 0 && answer.next === null && from === undefined) return null;
  const at = (place: string | undefined): string =>
    href(segments, { ...Object.fromEntries(query), from: place });
  return (
    <div className={styles['paging']}>
      <span>{messages.shown(formats.count(answer.messages.length), formats.count(answer.looked_at))}</span>
      <div className={styles['pages']}>
        {from !== undefined && <LinkButton href={at(undefined)}>{messages.first}</LinkButton>}
        {answer.next !== null && (
          <LinkButton icon="next" href={at(answer.next)}>
            {messages.next}
          </LinkButton>
        )}
      </div>
    </div>
  );
}
