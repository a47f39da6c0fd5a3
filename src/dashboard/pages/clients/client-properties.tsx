import type { ReactNode } from 'react';
import type { ClientProperties as Properties } from '../../data/connections.ts';
import { useTexts } from '../../language/language.tsx';
import { Badge } from '../../parts/badge.tsx';
import { Card } from '../../parts/card.tsx';
import { KeyValues } from '../../parts/key-values.tsx';
import styles from './clients.module.css';

/** What a client says of itself: text, numbers, tables. None of it is to be believed. */
export function ClientProperties({ properties }: { readonly properties: Properties }): ReactNode {
  const { clients } = useTexts();
  const entries = Object.entries(properties);
  return (
    <Card title={clients.properties}>
      {entries.length === 0 ? (
        clients.noProperties
      ) : (
        <KeyValues rows={entries.map(([key, value]) => ({ key, value: <PropertyValue value={value} /> }))} />
      )}
    </Card>
  );
}

function PropertyValue({ value }: { readonly value: unknown }): ReactNode {
  if (typeof value === 'string') return value;
  if (isFlags(value)) return <Flags flags={value} />;
  return <code>{JSON.stringify(value)}</code>;
}

type FlagTable = Readonly<Record<string, boolean>>;

/** As `capabilities` are. */
function isFlags(value: unknown): value is FlagTable {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => typeof each === 'boolean')
  );
}

function Flags({ flags }: { readonly flags: FlagTable }): ReactNode {
  return (
    <span className={styles['marks']}>
      {Object.entries(flags)
        .filter(([, isSet]) => isSet)
        .map(([name]) => (
          <Badge key={name}>{name}</Badge>
        ))}
    </span>
  );
}
