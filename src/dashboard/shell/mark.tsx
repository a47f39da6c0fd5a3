import type { ReactNode } from 'react';

/** The young hare. */
export function Mark({ size = 28 }: { readonly size?: number }): ReactNode {
  return <img src="./favicon.svg" width={size} height={size} alt="" />;
}
