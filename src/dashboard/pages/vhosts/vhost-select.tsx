import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { SelectField } from '../../parts/fields.tsx';

interface VhostSelectProps {
  readonly names: readonly string[];
  readonly value: string;
  readonly onChange: (vhost: string) => void;
  readonly disabled?: boolean;
}

/** One of all vhosts, for what administrators set. */
export function VhostSelect({ names, ...field }: VhostSelectProps): ReactNode {
  const { shell } = useTexts();
  return (
    <SelectField
      {...field}
      label={shell.vhost}
      choices={names.map((name) => ({ value: name, label: name }))}
    />
  );
}
