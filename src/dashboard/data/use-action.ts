import { type UseMutationResult, useMutation, useQueryClient } from '@tanstack/react-query';
import { useToasts } from '../parts/toasts.tsx';
import type { ApiError } from './http.ts';

export interface ActionOptions<I, O> {
  /** What to say when it is done; nothing when absent. */
  readonly done?: (output: O, input: I) => string;
  readonly onDone?: (output: O, input: I) => void;
  /** False where the caller shows the refusal itself, as a form does. */
  readonly showRefusal?: boolean;
}

/** Something that changes the broker: says that it is done, or why not, and asks again for what is on the page. */
export function useAction<I, O>(
  act: (input: I) => Promise<O>,
  { done, onDone, showRefusal = true }: ActionOptions<I, O> = {},
): UseMutationResult<O, ApiError, I> {
  const client = useQueryClient();
  const toasts = useToasts();
  return useMutation<O, ApiError, I>({
    mutationFn: act,
    onSuccess: (output, input) => {
      if (done !== undefined) toasts.add('good', done(output, input));
      onDone?.(output, input);
      // in a task of its own: `onDone` may lead to another page, and what is gone is not to be asked for
      window.setTimeout(() => void client.invalidateQueries());
    },
    onError: (error) => {
      if (showRefusal) toasts.add('bad', error.message);
    },
  });
}
