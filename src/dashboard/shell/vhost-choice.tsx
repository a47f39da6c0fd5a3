import { type ReactNode, useEffect, useSyncExternalStore } from 'react';
import { useOnce } from '../data/live-data.tsx';
import { useTexts } from '../language/language.tsx';
import { SelectField } from '../parts/fields.tsx';

const STORED_UNDER = 'leveret.vhost';
const CHANGED = 'leveret-vhost';
/** No vhost has an empty name in a list of choices. */
const ALL = '';

/** The vhost that lists are of; undefined: all. */
export function useVhost(): string | undefined {
  const chosen = useSyncExternalStore(subscribe, () => window.localStorage.getItem(STORED_UNDER) ?? ALL);
  return chosen === ALL ? undefined : chosen;
}

function subscribe(listener: () => void): () => void {
  window.addEventListener(CHANGED, listener);
  return () => window.removeEventListener(CHANGED, listener);
}

function choose(vhost: string): void {
  window.localStorage.setItem(STORED_UNDER, vhost);
  window.dispatchEvent(new Event(CHANGED));
}

export function VhostChoice(): ReactNode {
  const { shell } = useTexts();
  const vhost = useVhost();
  const { data } = useOnce<readonly { readonly name: string }[]>('/api/vhosts?columns=name');
  const isGone = vhost !== undefined && data !== undefined && !data.some(({ name }) => name === vhost);
  // it was deleted, or somebody else has logged in: there may be no choice to be seen that leads out of it
  useEffect(() => {
    if (isGone) choose(ALL);
  }, [isGone]);
  if (data === undefined || data.length < 2) return null;
  return (
    <SelectField
      label={shell.vhost}
      hideLabel
      choices={[
        { value: ALL, label: shell.allVhosts },
        ...data.map(({ name }) => ({ value: name, label: name })),
      ]}
      value={vhost ?? ALL}
      onChange={choose}
    />
  );
}
