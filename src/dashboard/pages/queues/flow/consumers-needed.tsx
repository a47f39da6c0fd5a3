import { type ReactNode, useEffect, useState } from 'react';
import { type QueueFlow, TARGET_DELAY_MS_MAX } from '../../../data/flow.ts';
import { useFormats, useTexts } from '../../../language/language.tsx';
import { Card } from '../../../parts/card.tsx';
import { NumberField, SelectField } from '../../../parts/fields.tsx';
import { DELAY_UNITS, type DelayUnit, delayMs, type TypedDelay, typedDelay } from './delay-unit.ts';
import styles from './flow-tab.module.css';

interface ConsumersNeededProps {
  readonly flow: QueueFlow;
  readonly targetMs: number;
  readonly onTarget: (targetMs: number) => void;
}

const TYPING_MS = 400;

/** How many consumers a wanted delay takes. */
export function ConsumersNeeded({ flow, targetMs, onTarget }: ConsumersNeededProps): ReactNode {
  const { flow: texts } = useTexts();
  const [typed, setTyped] = useState(() => typedDelay(targetMs));
  const milliseconds = delayMs(typed);
  const isAllowed = milliseconds !== undefined && milliseconds > 0 && milliseconds <= TARGET_DELAY_MS_MAX;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the broker is asked when the typing pauses, not when the page is drawn
  useEffect(() => {
    if (!isAllowed || milliseconds === targetMs) return undefined;
    const timer = window.setTimeout(() => onTarget(milliseconds), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [isAllowed, milliseconds, targetMs]);
  return (
    <Card title={texts.needed}>
      <div className={styles['needed']}>
        <TargetFields typed={typed} onTyped={setTyped} />
        {isAllowed ? <Needed flow={flow} /> : <p className={styles['wrong']}>{texts.neededTooLong}</p>}
      </div>
    </Card>
  );
}

function TargetFields({
  typed,
  onTyped,
}: {
  readonly typed: TypedDelay;
  readonly onTyped: (typed: TypedDelay) => void;
}): ReactNode {
  const { flow: texts } = useTexts();
  return (
    <div className={styles['target']}>
      <NumberField
        label={texts.neededTarget}
        min={0}
        step="any"
        value={typed.amount}
        onChange={(amount) => onTyped({ ...typed, amount })}
      />
      <SelectField
        label={texts.neededUnit}
        hideLabel
        choices={DELAY_UNITS.map((value: DelayUnit) => ({ value, label: texts.units[value] }))}
        value={typed.unit}
        onChange={(unit) => onTyped({ ...typed, unit })}
      />
    </div>
  );
}

function Needed({ flow }: { readonly flow: QueueFlow }): ReactNode {
  const { flow: texts } = useTexts();
  const formats = useFormats();
  const [now] = flow.windows;
  const serviceRate = now?.service_rate_per_second ?? null;
  if (serviceRate === null) return <p className={styles['muted']}>{texts.neededNoRate}</p>;
  const needed = now?.consumers_needed ?? null;
  if (needed === null)
    return <p className={styles['muted']}>{texts.neededTooShort(formats.duration(1000 / serviceRate))}</p>;
  return (
    <>
      <p className={styles['answer']} aria-live="polite">
        <strong>{texts.neededConsumers(formats.count(needed))}</strong>
        <Comparison more={needed - flow.consumers} />
      </p>
      <p className={styles['small']}>
        {texts.neededRate(formats.rate(serviceRate))} {texts.neededModel}
      </p>
    </>
  );
}

function Comparison({ more }: { readonly more: number }): ReactNode {
  const { flow: texts } = useTexts();
  const formats = useFormats();
  if (more === 0) return <span className={styles['good']}>{texts.neededSame}</span>;
  if (more < 0) return <span className={styles['good']}>{texts.neededFewer(formats.count(-more))}</span>;
  return <span className={styles['warn']}>{texts.neededMore(formats.count(more))}</span>;
}
