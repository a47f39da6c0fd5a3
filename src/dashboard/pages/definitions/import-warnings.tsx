import type { ReactNode } from 'react';
import type { KindPreview } from '../../data/definitions.ts';
import { useSession } from '../../data/session.tsx';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Banner } from '../../parts/states.tsx';
import styles from './definitions.module.css';
import type { ReadFile } from './read-file.ts';

interface ImportWarningsProps {
  readonly kinds: readonly KindPreview[];
  readonly file: ReadFile;
  readonly into: string | undefined;
}

/** What somebody may not expect of the file. */
export function ImportWarnings({ kinds, file, into }: ImportWarningsProps): ReactNode {
  const { definitions: texts } = useTexts();
  const formats = useFormats();
  const { username } = useSession();
  const conflicts = changedOf(kinds, 'queues').length + changedOf(kinds, 'exchanges').length;
  const isNothing = kinds.every(({ added, changed }) => added.length + changed.length === 0);
  const leavesOut =
    into !== undefined && [file.definitions.users, file.definitions.vhosts].some((list) => list?.length);
  const warnings = [
    ...(conflicts > 0 ? [texts.conflicts(formats.count(conflicts))] : []),
    ...(changedOf(kinds, 'users').includes(username) ? [texts.changesYou] : []),
    ...(leavesOut ? [texts.ignored] : []),
  ];
  if (warnings.length === 0 && !isNothing) return null;
  return (
    <div className={styles['warnings']}>
      {isNothing && <Banner tone="good" title={texts.nothingNew} />}
      {warnings.map((warning) => (
        <Banner key={warning} tone="warn" title={warning} />
      ))}
    </div>
  );
}

function changedOf(kinds: readonly KindPreview[], wanted: KindPreview['kind']): readonly string[] {
  return kinds.find(({ kind }) => kind === wanted)?.changed ?? [];
}
