import { type ReactNode, useState } from 'react';
import { FILE_BYTES_MAX } from '../../data/definitions.ts';
import { ApiError } from '../../data/http.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import { Banner } from '../../parts/states.tsx';
import styles from './definitions.module.css';
import { FileDrop } from './file-drop.tsx';
import { type FileProblem, type ReadFile, readFile } from './read-file.ts';
import { VhostOrAll } from './vhost-or-all.tsx';

interface ImportCardProps {
  readonly vhosts: readonly string[];
  readonly into: string | undefined;
  readonly onInto: (vhost: string | undefined) => void;
  readonly onFile: (file: ReadFile | undefined) => void;
}

export function ImportCard({ vhosts, into, onInto, onFile }: ImportCardProps): ReactNode {
  const { definitions: texts } = useTexts();
  const problemText = useProblemText();
  const [isReading, setReading] = useState(false);
  const [problem, setProblem] = useState<string>();
  const choose = async (file: File): Promise<void> => {
    setReading(true);
    setProblem(undefined);
    try {
      const read = await readFile(file);
      if (typeof read === 'string') setProblem(problemText(read, file));
      onFile(typeof read === 'string' ? undefined : read);
    } catch (error) {
      onFile(undefined);
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.message);
    } finally {
      setReading(false);
    }
  };
  return (
    <Card title={texts.import}>
      <div className={styles['form']}>
        <VhostOrAll label={texts.into} all={texts.intoAll} vhosts={vhosts} value={into} onChange={onInto} />
        <p className={styles['lead']}>{texts.importLead}</p>
        <FileDrop isBusy={isReading} onFile={(file) => void choose(file)} />
        {problem !== undefined && <Banner tone="bad" title={problem} />}
      </div>
    </Card>
  );
}

function useProblemText(): (problem: FileProblem, file: File) => string {
  const { definitions: texts } = useTexts();
  const formats = useFormats();
  return (problem, { name, size }) =>
    problem === 'tooBig'
      ? texts.tooBig(name, formats.bytes(size), formats.bytes(FILE_BYTES_MAX))
      : texts[problem](name);
}
