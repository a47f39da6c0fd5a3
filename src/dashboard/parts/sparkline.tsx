import type { ReactNode } from 'react';

const WIDTH = 96;
const HEIGHT = 24;

/** The recent past of one number, without axes. It adds to a figure beside it and says nothing alone. */
export function Sparkline({
  values,
  color = 'var(--series-in)',
}: {
  readonly values: readonly number[];
  readonly color?: string;
}): ReactNode {
  if (values.length < 2) return null;
  const max = Math.max(...values, 1e-9);
  const step = WIDTH / (values.length - 1);
  const points = values.map(
    (value, at) => `${(at * step).toFixed(1)},${(HEIGHT - 2 - (value / max) * (HEIGHT - 4)).toFixed(1)}`,
  );
  return (
    <svg
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
      preserveAspectRatio="none"
    >
      <polyline
        points={points.join(' ')}
        fill="none"
        stroke={color}
        strokeWidth="1.5"
        strokeLinejoin="round"
      />
    </svg>
  );
}
