import { type ReactNode, useState } from 'react';
import { request } from '../../data/http.ts';
import { useAction } from '../../data/use-action.ts';
import { tagsOf } from '../../data/users.ts';
import { type VhostRow, vhostPath } from '../../data/vhosts.ts';
import { useTexts } from '../../language/language.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { SelectField, TextField } from '../../parts/fields.tsx';
import { href, navigate } from '../../route.ts';

interface VhostDialogProps {
  /** Undefined: a new one. */
  readonly before?: VhostRow;
  readonly onClose: () => void;
}

const QUEUE_TYPES = ['classic', 'quorum'] as const;
type QueueType = (typeof QUEUE_TYPES)[number];

export function VhostDialog({ before, onClose }: VhostDialogProps): ReactNode {
  const { vhosts: texts, parts } = useTexts();
  const [name, setName] = useState(before?.name ?? '');
  const [description, setDescription] = useState(before?.description ?? '');
  const [tags, setTags] = useState(before?.tags.join(', ') ?? '');
  const [type, setType] = useState<QueueType>(before?.default_queue_type === 'quorum' ? 'quorum' : 'classic');
  const body = { description, tags: tagsOf(tags), default_queue_type: type };
  const save = useAction(() => request('PUT', vhostPath(name), body), {
    done: () => (before === undefined ? texts.added(name) : texts.changed(name)),
    onDone: () => {
      onClose();
      if (before === undefined) navigate(href(['vhosts', name]));
    },
    showRefusal: false,
  });
  return (
    <FormDialog
      title={before === undefined ? texts.addTitle : texts.editTitle(name)}
      submit={before === undefined ? parts.add : parts.save}
      busy={save.isPending}
      disabled={name === ''}
      error={save.error}
      onSubmit={() => save.mutate(undefined)}
      onClose={onClose}
    >
      {before === undefined && (
        <TextField
          label={texts.name}
          hint={texts.addNote}
          value={name}
          onChange={setName}
          required
          autoFocus
          autoComplete="off"
        />
      )}
      <TextField
        label={texts.description}
        hint={texts.descriptionHint}
        optional
        value={description}
        onChange={setDescription}
      />
      <TextField
        label={texts.tags}
        hint={texts.tagsHint}
        optional
        value={tags}
        onChange={setTags}
        autoComplete="off"
      />
      <SelectField
        label={texts.queueType}
        hint={texts.queueTypeHint}
        choices={QUEUE_TYPES.map((each) => ({ value: each, label: texts.queueTypes[each] }))}
        value={type}
        onChange={setType}
      />
    </FormDialog>
  );
}
