import type { ReactNode } from 'react';
import { useTexts } from '../language/language.tsx';
import { Badge } from '../parts/badge.tsx';
import { useVhost } from './vhost-choice.tsx';

/** Beside a name in a list; only where the list is of all vhosts. */
export function VhostMark({ vhost }: { readonly vhost: string }): ReactNode {
  const { shell } = useTexts();
  if (useVhost() !== undefined) return null;
  return <Badge title={`${shell.vhost}: ${vhost}`}>{vhost}</Badge>;
}
