import type { ReactNode } from 'react';
import { SelectField } from '../../parts/fields.tsx';

interface VhostOrAllProps {
  readonly label: string;
  /** What to call the choice of none. */
  readonly all: string;
  readonly vhosts: readonly string[];
  readonly value: string | undefined;
  readonly onChange: (vhost: string | undefined) => void;
}

/** No vhost has an empty name. */
const ALL = '';

export function VhostOrAll({ label, all, vhosts, value, onChange }: VhostOrAllProps): ReactNode {
  return (
    <SelectField
      label={label}
      choices={[{ value: ALL, label: all }, ...vhosts.map((name) => ({ value: name, label: name }))]}
      value={value ?? ALL}
      onChange={(chosen) => onChange(chosen === ALL ? undefined : chosen)}
    />
  );
}
