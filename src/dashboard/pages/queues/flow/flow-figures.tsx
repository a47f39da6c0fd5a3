import type { ReactNode } from 'react';
import type { QueueFlow, WindowFlow } from '../../../data/flow.ts';
import type { Formats } from '../../../format/formats.ts';
import { type Texts, useFormats, useTexts } from '../../../language/language.tsx';
import { Grid } from '../../../parts/page.tsx';
import { Stat } from '../../../parts/stat.tsx';

/** P, C, Q and D as they are now, how busy the consumers are, and when it will be empty. */
export function FlowFigures({ flow }: { readonly flow: QueueFlow }): ReactNode {
  const { flow: texts } = useTexts();
  const formats = useFormats();
  const [now] = flow.windows;
  if (now === undefined) return null;
  const drain = drainOf(flow, now, texts, formats);
  return (
    <Grid min="figure">
      <Stat label={texts.rateIn} value={formats.rate(now.rate_in_per_second)} note={texts.overLastMinute} />
      <Stat label={texts.rateOut} value={formats.rate(now.rate_out_per_second)} note={texts.overLastMinute} />
      <Stat
        label={texts.depth}
        value={formats.shortCount(flow.messages)}
        note={texts.depthOf(
          formats.shortCount(flow.messages_ready),
          formats.shortCount(flow.messages_unacknowledged),
        )}
      />
      <Stat
        label={texts.delay}
        value={formats.duration(now.delay_ms)}
        note={delayNote(now, texts, formats)}
      />
      <Stat
        label={texts.utilisation}
        value={formats.share(now.utilisation)}
        note={consumersNote(flow.consumers, texts, formats)}
        tone={flow.consumers === 0 && flow.messages > 0 ? 'bad' : 'plain'}
      />
      <Stat label={texts.drain} {...drain} />
    </Grid>
  );
}

function delayNote(
  { measured, delay_ms, state }: WindowFlow,
  texts: Texts['flow'],
  formats: Formats,
): string {
  if (measured !== null) return texts.delayMeasured(formats.duration(measured.p95_ms));
  return delay_ms === null && state !== 'idle' ? texts.delayUnknown : texts.overLastMinute;
}

function consumersNote(consumers: number, texts: Texts['flow'], formats: Formats): string {
  if (consumers === 0) return texts.noConsumers;
  return consumers === 1 ? texts.utilisationOfOne : texts.utilisationOf(formats.count(consumers));
}

const MINUTE_MS = 60_000;
/** Until then the time of the day says when. */
const SOON_MS = 12 * 60 * MINUTE_MS;

interface Drain {
  readonly value: string;
  readonly note: string;
  readonly tone: 'plain' | 'warn' | 'bad';
}

function drainOf(
  { messages }: QueueFlow,
  { state, drain_ms }: WindowFlow,
  texts: Texts['flow'],
  formats: Formats,
): Drain {
  if (messages === 0) return { value: texts.drainEmpty, note: texts.drainWhy.idle, tone: 'plain' };
  const note = texts.drainWhy[state];
  if (state === 'stalled') return { value: texts.drainNever, note, tone: 'bad' };
  if (state === 'growing') return { value: texts.drainNever, note, tone: 'warn' };
  const soon = drain_ms !== null && drain_ms < SOON_MS;
  return {
    value: formats.duration(drain_ms),
    note: soon ? texts.drainAt(formats.axisTime(Date.now() + drain_ms, MINUTE_MS)) : note,
    tone: 'plain',
  };
}
