import { type ReactNode, useState } from 'react';
import type { Message } from '../../data/messages.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import jsonStyles from '../../parts/json-view.module.css';
import { JsonView } from '../../parts/json-view.tsx';
import { prettyJson } from '../../parts/pretty-json.ts';
import styles from './message-dialog.module.css';
import { hexRows } from './payload-bytes.ts';

const BYTES_SHOWN_MAX = 4096;

interface PayloadViewProps {
  readonly message: Message;
  /** Loads what is cut off; undefined where that is too much. */
  readonly onWhole: (() => void) | undefined;
}

/** The body: JSON pretty, other text as it is, anything else as bytes. */
export function PayloadView({ message, onWhole }: PayloadViewProps): ReactNode {
  const { messages } = useTexts();
  const formats = useFormats();
  const [isRaw, setRaw] = useState(false);
  const { payload, encoding, payload_bytes, truncated } = message;
  const isJson = encoding === 'text' && prettyJson(payload) !== undefined;
  return (
    <section>
      <div className={styles['head']}>
        <h3>{messages.payload}</h3>
        <span className={styles['note']}>{formats.bytes(payload_bytes)}</span>
        <span className={styles['fill']} />
        {isJson && (
          <Button small kind="quiet" aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
            {messages.asItIs}
          </Button>
        )}
        <CopyButton text={payload} />
      </div>
      {payload_bytes === 0 && <p className={styles['note']}>{messages.emptyPayload}</p>}
      {payload_bytes > 0 &&
        (encoding === 'base64' ? <Bytes {...message} /> : <Text text={payload} isRaw={isRaw} />)}
      {truncated === true && (
        <p className={styles['note']}>
          {encoding === 'text' &&
            messages.truncated(formats.bytes(new Blob([payload]).size), formats.bytes(payload_bytes))}{' '}
          {onWhole !== undefined && (
            <Button small onClick={onWhole}>
              {messages.showWhole}
            </Button>
          )}
        </p>
      )}
    </section>
  );
}

function Text({ text, isRaw }: { readonly text: string; readonly isRaw: boolean }): ReactNode {
  return isRaw ? <pre className={jsonStyles['text']}>{text}</pre> : <JsonView text={text} />;
}

function Bytes({ payload, payload_bytes }: Message): ReactNode {
  const { messages } = useTexts();
  const formats = useFormats();
  const { text, bytes } = hexRows(payload, BYTES_SHOWN_MAX);
  return (
    <>
      <p className={styles['note']}>
        {messages.bytesShown(formats.bytes(bytes), formats.bytes(payload_bytes))}
      </p>
      <pre className={`${jsonStyles['text']} ${styles['bytes']}`}>{text}</pre>
    </>
  );
}
