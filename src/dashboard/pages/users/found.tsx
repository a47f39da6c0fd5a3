import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { ApiError } from '../../data/http.ts';
import { Card } from '../../parts/card.tsx';
import { Answer, Empty } from '../../parts/states.tsx';

interface FoundProps<T> {
  readonly of: UseQueryResult<T, ApiError>;
  /** What to say when there is none of that name, or no longer. */
  readonly missing: string;
  readonly children: (found: T) => ReactNode;
}

/** Something by its name, which others may delete while it is shown. */
export function Found<T>({ of, missing, children }: FoundProps<T>): ReactNode {
  if (of.error?.status !== 404)
    return (
      <Answer of={of} lines={6}>
        {children}
      </Answer>
    );
  return (
    <Card>
      <Empty title={missing} icon="search" />
    </Card>
  );
}
