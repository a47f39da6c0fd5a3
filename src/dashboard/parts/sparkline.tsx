import type { ReactNode } from 'react';
import { sparkPath } from './spark-path.ts';

const WIDTH = 96;
const HEIGHT = 24;

/** The recent past of one number, without axes. It adds to a figure beside it and says nothing alone. */
export function Sparkline({
  values,
  color = 'var(--series-in)',
}: {
  /** Null where it is not known: there the line has a gap. */
  readonly values: readonly (number | null)[];
  readonly color?: string;
}): ReactNode {
  if (values.length < 2) return null;
  return (
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path
        d={sparkPath(values, WIDTH, HEIGHT)}
        fill="none"
        stroke={color}
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
