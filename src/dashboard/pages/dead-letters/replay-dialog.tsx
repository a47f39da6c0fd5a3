import { type ReactNode, useState } from 'react';
import {
  type ReplayRequest,
  type ReplayTarget,
  type ReplayWhich,
  startReplay,
} from '../../data/dead-letters.ts';
import { useAction } from '../../data/use-action.ts';
import { type Texts, useFormats, useTexts } from '../../language/language.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { CheckField, FieldRow, NumberField, SelectField, TextField } from '../../parts/fields.tsx';

const RATE_MAX = 100_000;
const TARGET_KINDS = ['origin', 'queue', 'exchange'] as const;

interface ReplayDialogProps {
  readonly vhost: string;
  readonly queue: string;
  readonly which: ReplayWhich;
  /** How many there are, where it is known. */
  readonly count?: number;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

interface ReplayDraft {
  readonly kind: (typeof TARGET_KINDS)[number];
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly rate: number | undefined;
  readonly max: number | undefined;
  readonly stopsOnFailure: boolean;
}

const NEW_DRAFT: ReplayDraft = {
  kind: 'origin',
  queue: '',
  exchange: '',
  routingKey: '',
  rate: undefined,
  max: undefined,
  stopsOnFailure: true,
};

/** Of a group no more than were counted: others may have joined it. */
function draftFor({ which, count }: ReplayDialogProps): ReplayDraft {
  return which === 'all' || 'positions' in which ? NEW_DRAFT : { ...NEW_DRAFT, max: count };
}

/** Starts a job that moves messages out of a queue: back where they died, or elsewhere. */
export function ReplayDialog(props: ReplayDialogProps): ReactNode {
  const { vhost, queue, which, onDone, onClose } = props;
  const { deadLetters } = useTexts();
  const [draft, setDraft] = useState(() => draftFor(props));
  const action = useAction((replay: ReplayRequest) => startReplay(vhost, queue, replay), {
    showRefusal: false,
    done: () => deadLetters.started,
    onDone,
  });
  const change = (changes: Partial<ReplayDraft>): void => setDraft({ ...draft, ...changes });
  return (
    <FormDialog
      title={deadLetters.replayTitle}
      submit={deadLetters.start}
      busy={action.isPending}
      error={action.error}
      onSubmit={() => action.mutate(requestOf(which, draft))}
      onClose={onClose}
    >
      <p>{useWhichText(props)}</p>
      <TargetFields draft={draft} onChange={change} />
      <FieldRow>
        <NumberField
          label={deadLetters.rate}
          hint={deadLetters.rateHint}
          min={1}
          max={RATE_MAX}
          value={draft.rate}
          onChange={(rate) => change({ rate })}
        />
        <NumberField
          label={deadLetters.max}
          hint={deadLetters.maxHint}
          min={1}
          value={draft.max}
          onChange={(max) => change({ max })}
        />
      </FieldRow>
      <CheckField
        label={deadLetters.stopOnFailure}
        hint={deadLetters.stopOnFailureHint}
        value={draft.stopsOnFailure}
        onChange={(stopsOnFailure) => change({ stopsOnFailure })}
      />
    </FormDialog>
  );
}

function useWhichText({ which, count = 0 }: ReplayDialogProps): string {
  const { replayWhich } = useTexts().deadLetters;
  const shown = useFormats().count(count);
  if (which === 'all') return replayWhich.all;
  return 'positions' in which ? replayWhich.positions(count, shown) : replayWhich.group(count, shown);
}

interface TargetFieldsProps {
  readonly draft: ReplayDraft;
  readonly onChange: (changes: Partial<ReplayDraft>) => void;
}

function TargetFields({ draft, onChange }: TargetFieldsProps): ReactNode {
  const { deadLetters } = useTexts();
  return (
    <>
      <SelectField
        label={deadLetters.to}
        hint={draft.kind === 'origin' ? deadLetters.originHint : undefined}
        choices={TARGET_KINDS.map((value) => ({ value, label: deadLetters.targets[value] }))}
        value={draft.kind}
        onChange={(kind) => onChange({ kind })}
      />
      {draft.kind === 'queue' && (
        <TextField
          label={deadLetters.targetQueue}
          hint={deadLetters.targetQueueHint}
          mono
          required
          value={draft.queue}
          onChange={(queue) => onChange({ queue })}
        />
      )}
      {draft.kind === 'exchange' && <ExchangeFields draft={draft} onChange={onChange} texts={deadLetters} />}
    </>
  );
}

function ExchangeFields({
  draft,
  onChange,
  texts,
}: TargetFieldsProps & { readonly texts: Texts['deadLetters'] }): ReactNode {
  return (
    <FieldRow>
      <TextField
        label={texts.targetExchange}
        mono
        required
        value={draft.exchange}
        onChange={(exchange) => onChange({ exchange })}
      />
      <TextField
        label={texts.targetKey}
        hint={texts.targetKeyHint}
        mono
        value={draft.routingKey}
        onChange={(routingKey) => onChange({ routingKey })}
      />
    </FieldRow>
  );
}

function requestOf(which: ReplayWhich, draft: ReplayDraft): ReplayRequest {
  return {
    which: which === 'all' || 'positions' in which ? which : causeIn(which),
    to: targetOf(draft),
    rate_per_second: draft.rate,
    max: draft.max,
    stop_on_failure: draft.stopsOnFailure,
  };
}

/** A group says more than its cause. */
function causeIn({
  reason,
  queue,
  exchange,
  error,
}: Exclude<ReplayWhich, 'all' | { positions: unknown }>): ReplayWhich {
  return { reason, queue, exchange, error };
}

function targetOf({ kind, queue, exchange, routingKey }: ReplayDraft): ReplayTarget | undefined {
  if (kind === 'origin') return undefined;
  if (kind === 'queue') return { queue };
  return { exchange, routing_key: routingKey === '' ? undefined : routingKey };
}
