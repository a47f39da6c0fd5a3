import { type DragEvent, type ReactNode, useRef, useState } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { classNames } from '../../parts/class-names.ts';
import { Icon } from '../../parts/icon.tsx';
import styles from './definitions.module.css';

interface FileDropProps {
  readonly isBusy: boolean;
  readonly onFile: (file: File) => void;
}

/** A file comes by the button, or is dropped on all that is around it. */
export function FileDrop({ isBusy, onFile }: FileDropProps): ReactNode {
  const { definitions: texts } = useTexts();
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const take = (files: FileList | null): void => {
    const [file] = files ?? [];
    if (file !== undefined) onFile(file);
  };
  const over = (event: DragEvent): void => {
    event.preventDefault();
    setOver(true);
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: for a pointer only; the button inside is for all
    <div
      className={classNames(styles['drop'], isOver && styles['over'])}
      onDragOver={over}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Icon name="upload" size={26} />
      <p>{isBusy ? texts.reading : isOver ? texts.dropNow : texts.drop}</p>
      <Button busy={isBusy} onClick={() => input.current?.click()}>
        {texts.choose}
      </Button>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        hidden
        aria-label={texts.choose}
        onChange={(event) => {
          take(event.target.files);
          // so that the same file can be chosen again after it was changed
          event.target.value = '';
        }}
      />
    </div>
  );
}
