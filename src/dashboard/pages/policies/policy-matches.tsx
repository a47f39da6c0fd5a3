import { type ReactNode, useEffect, useState } from 'react';
import { ApiError } from '../../data/http.ts';
import { useLive } from '../../data/live-data.tsx';
import {
  type CandidatesAnswer,
  candidatesPath,
  type Matches,
  matchesOf,
  type PolicyTarget,
  targetsOf,
} from '../../data/policies.ts';
import { type Texts, useFormats, useTexts } from '../../language/language.tsx';
import styles from './policies.module.css';

const TYPING_MS = 300;
const NAMES_MAX = 12;

interface PolicyMatchesProps {
  readonly vhost: string;
  readonly pattern: string;
  readonly applyTo: PolicyTarget;
}

/** What a policy would be for, as things are now. */
export function PolicyMatches({ vhost, pattern, applyTo }: PolicyMatchesProps): ReactNode {
  const { policies: texts } = useTexts();
  const settled = useSettled(pattern);
  const queues = useMatches('queues', vhost, settled, applyTo);
  const exchanges = useMatches('exchanges', vhost, settled, applyTo);
  const isPending = pattern !== settled || queues === 'pending' || exchanges === 'pending';
  return (
    <div className={styles['matches']} role="status">
      {isPending ? (
        texts.matching
      ) : queues instanceof ApiError ? (
        refusalText(queues, texts)
      ) : exchanges instanceof ApiError ? (
        refusalText(exchanges, texts)
      ) : (
        <Found queues={queues} exchanges={exchanges} />
      )}
    </div>
  );
}

function refusalText({ status, message }: ApiError, texts: Texts['policies']): string {
  return status === 400 ? texts.invalidPattern : message;
}

/** Undefined: the policy is not for these. */
type Found = Matches | undefined;

function Found({ queues, exchanges }: { readonly queues: Found; readonly exchanges: Found }): ReactNode {
  const { policies: texts } = useTexts();
  const formats = useFormats();
  const names = [...(queues?.names ?? []), ...(exchanges?.names ?? [])];
  const count = (number: number): string => formats.count(number);
  const what = [countText(queues, 'queues', texts, count), countText(exchanges, 'exchanges', texts, count)];
  const isNothing = names.length === 0 && queues?.isPart !== true && exchanges?.isPart !== true;
  if (isNothing) return texts.matchesNothing;
  const more = names.length - NAMES_MAX;
  return (
    <>
      <p>{texts.matchesNow(what.filter((each) => each !== undefined).join(texts.and))}</p>
      <p className={styles['names']}>
        {names.slice(0, NAMES_MAX).join(', ')}
        {more > 0 && ` ${texts.more(formats.count(more))}`}
      </p>
    </>
  );
}

function countText(
  matches: Found,
  kind: 'queues' | 'exchanges',
  texts: Texts['policies'],
  count: (number: number) => string,
): string | undefined {
  if (matches === undefined) return undefined;
  const { names, isPart } = matches;
  const number = count(names.length);
  return texts[kind](isPart ? texts.atLeast(number) : number, names.length === 1 && !isPart);
}

function useMatches(
  of: 'queues' | 'exchanges',
  vhost: string,
  pattern: string,
  applyTo: PolicyTarget,
): Found | 'pending' | ApiError {
  const isMeant = vhost !== '' && targetsOf(applyTo).includes(of);
  const answer = useLive<CandidatesAnswer>(isMeant ? candidatesPath(of, vhost, pattern) : undefined);
  if (!isMeant) return undefined;
  if (answer.error !== null) return answer.error;
  if (answer.data === undefined || answer.isPlaceholderData) return 'pending';
  return matchesOf(answer.data, pattern, applyTo);
}

/** The text when its typing pauses. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(text), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return settled;
}
