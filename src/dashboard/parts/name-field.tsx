import { type ReactNode, useId } from 'react';
import { queryText } from '../data/http.ts';
import { useOnce } from '../data/live-data.tsx';
import { TextField } from './fields.tsx';

interface NameFieldProps {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly optional?: boolean;
  readonly required?: boolean;
  /** A list of the management API that comes in pages; undefined: nothing to choose from. */
  readonly path: string | undefined;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

const SHOWN_MAX = 50;

/** The name of something, with those that match what is typed to choose from. */
export function NameField({ path, value, ...rest }: NameFieldProps): ReactNode {
  const listId = useId();
  const search = queryText({ columns: 'name', page: 1, page_size: SHOWN_MAX, name: value, use_regex: false });
  const { data } = useOnce<{ readonly items: readonly { readonly name: string }[] }>(
    path === undefined ? undefined : `${path}${search}`,
  );
  return (
    <>
      <TextField {...rest} mono value={value} list={listId} autoComplete="off" />
      <datalist id={listId}>
        {data?.items.map(({ name }) => name !== '' && <option key={name} value={name} />)}
      </datalist>
    </>
  );
}
