import type { ReactNode } from 'react';
import { ratesOf, type VhostRow } from '../../data/vhosts.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Grid } from '../../parts/page.tsx';
import { Stat } from '../../parts/stat.tsx';
import { useVhostCounts } from './use-vhost-counts.ts';

export function VhostFigures({ vhost }: { readonly vhost: VhostRow }): ReactNode {
  const { vhosts: texts } = useTexts();
  const formats = useFormats();
  const rates = ratesOf(vhost);
  const { queueCount, connectionCount } = useVhostCounts(vhost.name);
  const note = `${texts.ready} ${formats.shortCount(vhost.messages_ready)} · ${texts.unacked} ${formats.shortCount(vhost.messages_unacknowledged)}`;
  return (
    <Grid min="figure">
      <Stat label={texts.messages} value={formats.shortCount(vhost.messages)} note={note} />
      <Stat label={texts.rateIn} value={formats.rate(rates.in)} />
      <Stat label={texts.rateOut} value={formats.rate(rates.out)} />
      <Stat label={texts.queues} value={formats.shortCount(queueCount)} />
      <Stat label={texts.connections} value={formats.shortCount(connectionCount)} />
    </Grid>
  );
}
