import { type ReactNode, useState } from 'react';
import { request } from '../../data/http.ts';
import {
  POLICY_TARGETS,
  type PolicyKind,
  type PolicyRow,
  type PolicyTarget,
  policyPath,
} from '../../data/policies.ts';
import { useAction } from '../../data/use-action.ts';
import { useTexts } from '../../language/language.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { FieldRow, NumberField, SelectField, TextField } from '../../parts/fields.tsx';
import { useVhost } from '../../shell/vhost-choice.tsx';
import { useVhostNames } from '../vhosts/use-vhost-names.ts';
import { VhostSelect } from '../vhosts/vhost-select.tsx';
import { DefinitionFields, knownKeysOf } from './definition-fields.tsx';
import styles from './policies.module.css';
import { definitionOf, draftOf } from './policy-definition.ts';
import { PolicyMatches } from './policy-matches.tsx';

interface PolicyDialogProps {
  readonly kind: PolicyKind;
  /** Undefined: a new one. */
  readonly before?: PolicyRow;
  readonly onClose: () => void;
}

interface Draft {
  readonly vhost: string | undefined;
  readonly name: string;
  readonly pattern: string;
  readonly applyTo: PolicyTarget;
  readonly priority: number | undefined;
}

export function PolicyDialog({ kind, before, onClose }: PolicyDialogProps): ReactNode {
  const { policies: texts, parts } = useTexts();
  const shownVhost = useVhost();
  const vhosts = useVhostNames();
  const [draft, setDraft] = useState<Draft>(() => draftOfPolicy(before, shownVhost));
  const [definition, setDefinition] = useState(() => draftOf(before?.definition ?? {}, knownKeysOf(kind)));
  const vhost = draft.vhost ?? vhosts[0] ?? '';
  const { name, pattern, applyTo, priority } = draft;
  const made = definitionOf(definition);
  const isEmpty = Object.keys(made ?? {}).length === 0;
  const save = useAction(
    () =>
      request('PUT', policyPath(kind, vhost, name), {
        pattern,
        'apply-to': applyTo,
        priority: priority ?? 0,
        definition: made,
      }),
    { done: () => texts.saved(name), onDone: onClose, showRefusal: false },
  );
  const addTitle = kind === 'operator' ? texts.addOperatorTitle : texts.addTitle;
  return (
    <FormDialog
      wide
      title={before === undefined ? addTitle : texts.editTitle(before.name)}
      submit={before === undefined ? parts.add : parts.save}
      busy={save.isPending}
      disabled={vhost === '' || name === '' || made === undefined || isEmpty}
      error={save.error}
      onSubmit={() => save.mutate(undefined)}
      onClose={onClose}
    >
      <FieldRow>
        <TextField
          label={texts.name}
          value={name}
          onChange={(text) => setDraft({ ...draft, name: text })}
          disabled={before !== undefined}
          autoFocus={before === undefined}
          required
          autoComplete="off"
        />
        <VhostSelect
          names={vhosts}
          value={vhost}
          onChange={(chosen) => setDraft({ ...draft, vhost: chosen })}
          disabled={before !== undefined}
        />
      </FieldRow>
      <TextField
        label={texts.pattern}
        hint={texts.patternHint}
        mono
        value={pattern}
        onChange={(text) => setDraft({ ...draft, pattern: text })}
        autoComplete="off"
        spellCheck={false}
      />
      <FieldRow>
        <SelectField
          label={texts.applyTo}
          choices={POLICY_TARGETS.map((target) => ({ value: target, label: texts.targets[target] }))}
          value={applyTo}
          onChange={(target) => setDraft({ ...draft, applyTo: target })}
        />
        <NumberField
          label={texts.priority}
          hint={texts.priorityHint}
          step={1}
          value={priority}
          onChange={(number) => setDraft({ ...draft, priority: number })}
        />
      </FieldRow>
      <PolicyMatches vhost={vhost} pattern={pattern} applyTo={applyTo} />
      <DefinitionFields kind={kind} value={definition} onChange={setDefinition} />
      {made !== undefined && isEmpty && <p className={styles['faint']}>{texts.nothingSet}</p>}
    </FormDialog>
  );
}

function draftOfPolicy(before: PolicyRow | undefined, vhost: string | undefined): Draft {
  if (before === undefined) return { vhost, name: '', pattern: '', applyTo: 'all', priority: 0 };
  const { name, pattern, priority } = before;
  return { vhost: before.vhost, name, pattern, applyTo: before['apply-to'], priority };
}
