import type { ReactNode } from 'react';
import { useTexts } from '../../language/language.tsx';
import { classNames } from '../../parts/class-names.ts';
import styles from './legend.module.css';

const EDGES = ['binding', 'delivery', 'dead-letter', 'alternate'] as const;
const STATES = ['flowing', 'idle', 'stuck'] as const;

/** What the lines and colours of the graph mean. */
export function Legend(): ReactNode {
  const { topology } = useTexts();
  return (
    <ul className={styles['legend']} aria-label={topology.legend}>
      {EDGES.map((kind) => (
        <li key={kind}>
          <svg width="26" height="8" aria-hidden="true">
            <path d="M1 4h24" className={classNames(styles['line'], styles[kind])} />
          </svg>
          {topology.edgeKinds[kind]}
        </li>
      ))}
      {STATES.map((state) => (
        <li key={state}>
          <span className={classNames(styles['state'], styles[state])} />
          {topology.states[state]}
        </li>
      ))}
      <li className={styles['hint']}>{topology.thicker}</li>
    </ul>
  );
}
