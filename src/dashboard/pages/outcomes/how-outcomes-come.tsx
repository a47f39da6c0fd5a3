import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { Card } from '../../parts/card.tsx';
import styles from './outcomes.module.css';

export function HowOutcomesCome(): ReactNode {
  const { outcomes } = useTexts();
  return (
    <Card title={outcomes.how} lead={outcomes.howLead}>
      <ol className={styles['steps']}>
        {outcomes.howSteps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </Card>
  );
}
