import type { ReactNode } from 'react';
import { useSession } from '../data/session.tsx';
import { useTexts } from '../language/language.tsx';
import { useVhost } from '../shell/vhost-choice.tsx';
import { SelectField } from './fields.tsx';

interface VhostFieldProps {
  readonly value: string;
  readonly onChange: (vhost: string) => void;
}

/** Where to declare something: nothing to choose where only one vhost is allowed. */
export function VhostField({ value, onChange }: VhostFieldProps): ReactNode {
  const { shell } = useTexts();
  const vhosts = useDeclarableVhosts();
  if (vhosts.length < 2) return null;
  return (
    <SelectField
      label={shell.vhost}
      choices={vhosts.map((vhost) => ({ value: vhost, label: vhost }))}
      value={value}
      onChange={onChange}
    />
  );
}

/** What a form begins with: the vhost that lists are of, where something may be declared in it. */
export function useVhostToDeclareIn(): string {
  const chosen = useVhost();
  const vhosts = useDeclarableVhosts();
  return chosen !== undefined && vhosts.includes(chosen) ? chosen : (vhosts[0] ?? '/');
}

/** Those in which there is a name that may be declared. */
export function useDeclarableVhosts(): readonly string[] {
  const session = useSession();
  return session.permissions
    .map(({ vhost }) => vhost)
    .filter((vhost) => session.maySome('configure', vhost))
    .sort();
}
