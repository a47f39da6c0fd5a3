import { useOnce } from '../../data/live-data.tsx';

/** The vhosts to choose from; none until they are known. */
export function useVhostNames(): readonly string[] {
  const { data = [] } = useOnce<readonly { readonly name: string }[]>('/api/vhosts?columns=name');
  return data.map(({ name }) => name);
}
