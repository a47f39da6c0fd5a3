import { type ReactNode, useState } from 'react';
import { request, segment } from '../../data/http.ts';
import { useAction } from '../../data/use-action.ts';
import { type TopicPermissionRow, topicPermissionPath } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { FormDialog } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { NameField } from '../../parts/name-field.tsx';
import { useVhostNames } from '../vhosts/use-vhost-names.ts';
import { VhostSelect } from '../vhosts/vhost-select.tsx';

interface TopicPermissionDialogProps {
  readonly user: string;
  readonly before?: TopicPermissionRow;
  readonly onClose: () => void;
}

export function TopicPermissionDialog({ user, before, onClose }: TopicPermissionDialogProps): ReactNode {
  const { users: texts, parts } = useTexts();
  const vhosts = useVhostNames();
  const [chosen, setChosen] = useState(before?.vhost);
  const vhost = chosen ?? vhosts[0] ?? '';
  const [exchange, setExchange] = useState(before?.exchange ?? '');
  const [write, setWrite] = useState(before?.write ?? '.*');
  const [read, setRead] = useState(before?.read ?? '.*');
  const save = useAction(() => request('PUT', topicPermissionPath(vhost, user), { exchange, write, read }), {
    done: () => texts.topicPermissionSet(exchange),
    onDone: onClose,
    showRefusal: false,
  });
  return (
    <FormDialog
      title={texts.setTopicPermission}
      submit={parts.save}
      busy={save.isPending}
      disabled={vhost === '' || exchange === ''}
      error={save.error}
      onSubmit={() => save.mutate(undefined)}
      onClose={onClose}
    >
      {before === undefined ? (
        <Where
          vhosts={vhosts}
          vhost={vhost}
          onVhost={setChosen}
          exchange={exchange}
          onExchange={setExchange}
        />
      ) : (
        <p>{`${texts.exchange}: ${exchange} (${vhost})`}</p>
      )}
      <TextField label={texts.write} hint={texts.writeKeysHint} mono value={write} onChange={setWrite} />
      <TextField label={texts.read} hint={texts.readKeysHint} mono value={read} onChange={setRead} />
    </FormDialog>
  );
}

interface WhereProps {
  readonly vhosts: readonly string[];
  readonly vhost: string;
  readonly onVhost: (vhost: string) => void;
  readonly exchange: string;
  readonly onExchange: (exchange: string) => void;
}

function Where({ vhosts, vhost, onVhost, exchange, onExchange }: WhereProps): ReactNode {
  const { users: texts } = useTexts();
  return (
    <>
      <VhostSelect names={vhosts} value={vhost} onChange={onVhost} />
      <NameField
        label={texts.exchange}
        hint={texts.exchangeHint}
        path={vhost === '' ? undefined : `/api/exchanges/${segment(vhost)}`}
        required
        value={exchange}
        onChange={onExchange}
      />
    </>
  );
}
