import { type ReactNode, useSyncExternalStore } from 'react';
import { useFormats, useTexts } from '../../language/language.tsx';

const TICK_MS = 1000;

/** In how long something comes, counted down. */
export function TimeLeft({ until }: { readonly until: string }): ReactNode {
  const { outcomes } = useTexts();
  const formats = useFormats();
  const second = useSyncExternalStore(subscribe, currentSecond);
  const left = Date.parse(until) - second * TICK_MS;
  if (left < TICK_MS) return outcomes.dueNow;
  return outcomes.dueIn(formats.duration(left));
}

function currentSecond(): number {
  return Math.floor(Date.now() / TICK_MS);
}

/** One timer for all of them. */
const listeners = new Set<() => void>();
let timer: number | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}
