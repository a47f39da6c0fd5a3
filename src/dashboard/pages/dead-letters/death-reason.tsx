import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { reasonText } from './reason-text.ts';

/** Why a message died. Null: it did not. */
export function DeathReason({ reason }: { readonly reason: string | null }): ReactNode {
  const { deadLetters } = useTexts();
  if (reason === null) return <Badge>{deadLetters.notDead}</Badge>;
  const tone = reason === 'rejected' || reason === 'delivery_limit' ? 'bad' : 'warn';
  return <Badge tone={tone}>{reasonText(reason, deadLetters.reasons)}</Badge>;
}
