import { type ReactNode, useEffect, useRef } from 'react';
import type { PublishAnswer } from '../../data/messages.ts';
import { useFormats, useTexts } from '../../language/language.tsx';
import { Banner } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import styles from './publish-dialog.module.css';

interface PublishResultProps extends PublishAnswer {
  readonly vhost: string;
  readonly originalDropped: boolean;
  /** A link to a queue was followed. */
  readonly onLeave: () => void;
}

/** What became of a message that was published: it is scrolled to, because the form may be long. */
export function PublishResult(props: PublishResultProps): ReactNode {
  const { vhost, queues, originalDropped, onLeave } = props;
  const { messages } = useTexts();
  const box = useRef<HTMLDivElement>(null);
  const { tone, title } = useOutcome(props);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each answer is scrolled to
  useEffect(() => {
    box.current?.scrollIntoView({ block: 'center' });
  }, [queues]);
  return (
    <div ref={box}>
      <Banner tone={tone} title={title}>
        <p className={styles['links']}>
          {queues.map((queue) => (
            <a key={queue} href={href(['queues', vhost, queue, 'messages'])} onClick={onLeave}>
              {queue}
            </a>
          ))}
        </p>
        {originalDropped && <p>{messages.originalDropped}</p>}
      </Banner>
    </div>
  );
}

function useOutcome({ routed, queues, deliver_at }: PublishAnswer): {
  readonly tone: 'good' | 'warn';
  readonly title: string;
} {
  const { messages } = useTexts();
  const formats = useFormats();
  if (deliver_at !== undefined)
    return { tone: 'good', title: messages.scheduledFor(formats.time(deliver_at)) };
  if (!routed) return { tone: 'warn', title: messages.notRouted };
  return { tone: 'good', title: messages.publishedTo(queues.length, formats.count(queues.length)) };
}
