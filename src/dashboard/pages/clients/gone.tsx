import type { ReactNode } from 'react';
import { LinkButton } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import type { IconName } from '../../parts/icon.tsx';
import { Empty } from '../../parts/states.tsx';
import { href } from '../../route.ts';
import styles from './clients.module.css';

interface GoneProps {
  readonly title: string;
  readonly icon: IconName;
  /** The page of those that are there, and what the link to it is called. */
  readonly to: string;
  readonly label: string;
  readonly children: ReactNode;
}

/** What was open is closed: nothing is wrong. */
export function Gone({ title, icon, to, label, children }: GoneProps): ReactNode {
  return (
    <Card>
      <Empty title={title} icon={icon}>
        <p>{children}</p>
        <p className={styles['way']}>
          <LinkButton href={href([to])}>{label}</LinkButton>
        </p>
      </Empty>
    </Card>
  );
}
