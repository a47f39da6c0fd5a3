import { type ReactNode, useState } from 'react';
import { segment } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import { type VhostLimitsRow, type VhostRow, vhostPath } from '../../data/vhosts.ts';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { Grid, Page } from '../../parts/page.tsx';
import { href } from '../../route.ts';
import { Found } from '../users/found.tsx';
import { LimitsCard } from '../users/limits-card.tsx';
import { PermissionsCard } from '../users/permissions-card.tsx';
import { DeleteVhostDialog } from './delete-vhost-dialog.tsx';
import { VhostAbout } from './vhost-about.tsx';
import { VhostDialog } from './vhost-dialog.tsx';
import { VhostFigures } from './vhost-figures.tsx';

/** One vhost: what goes through it, who may use it, and how much of it. */
export function VhostDetails({ name }: { readonly name: string }): ReactNode {
  const { shell, vhosts: texts, parts } = useTexts();
  const [open, setOpen] = useState<'edit' | 'delete'>();
  const answer = useLive<VhostRow>(vhostPath(name));
  const { data: limits } = useLive<readonly VhostLimitsRow[]>(`/api/vhost-limits/${segment(name)}`);
  const close = (): void => setOpen(undefined);
  return (
    <Page
      title={name}
      lead={<a href={href(['vhosts'])}>{shell.vhosts}</a>}
      actions={
        answer.isSuccess && (
          <>
            <Button icon="edit" onClick={() => setOpen('edit')}>
              {parts.edit}
            </Button>
            <Button icon="remove" onClick={() => setOpen('delete')}>
              {texts.delete}
            </Button>
          </>
        )
      }
    >
      <Found of={answer} missing={texts.missing(name)}>
        {(vhost) => (
          <>
            <VhostFigures vhost={vhost} />
            <Grid min="card">
              <VhostAbout vhost={vhost} />
              <LimitsCard of={{ kind: 'vhost', name }} limits={limits?.[0]?.value ?? {}} />
            </Grid>
            <PermissionsCard of={{ kind: 'vhost', name }} />
            {open === 'edit' && <VhostDialog before={vhost} onClose={close} />}
            {open === 'delete' && <DeleteVhostDialog vhost={vhost} onClose={close} />}
          </>
        )}
      </Found>
    </Page>
  );
}
