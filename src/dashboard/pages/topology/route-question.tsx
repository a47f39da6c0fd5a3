import { type FormEvent, type ReactNode, useState } from 'react';
import { isPredeclared } from '../../data/exchanges.ts';
import type { ApiError } from '../../data/http.ts';
import type { RouteQuestion as Question } from '../../data/topology.ts';
import { useTexts } from '../../language/language.tsx';
import { type ArgumentRow, argumentsOf } from '../../parts/argument-rows.ts';
import { ArgumentsEditor } from '../../parts/arguments-editor.tsx';
import { Button } from '../../parts/button.tsx';
import { SelectField, TextField } from '../../parts/fields.tsx';
import { Banner } from '../../parts/states.tsx';
import { exchangeLabel } from './node-face.ts';
import styles from './route-question.module.css';

interface RouteQuestionProps {
  readonly vhost: string;
  readonly exchanges: readonly string[];
  /** What the address of the page says. */
  readonly asked: Pick<Question, 'exchange' | 'routingKey'> | undefined;
  readonly busy: boolean;
  readonly error: ApiError | null;
  readonly onAsk: (question: Question) => void;
}

/** "Where would this message go": what it is published with. */
export function RouteQuestion({
  vhost,
  exchanges,
  busy,
  error,
  onAsk,
  asked,
}: RouteQuestionProps): ReactNode {
  const { topology } = useTexts();
  const [exchange, setExchange] = useState(asked?.exchange ?? firstOwn(exchanges));
  const [routingKey, setRoutingKey] = useState(asked?.routingKey ?? '');
  const [rows, setRows] = useState<readonly ArgumentRow[]>([]);
  const headers = argumentsOf(rows);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (headers !== undefined) onAsk({ vhost, exchange, routingKey, headers });
  };
  return (
    <form className={styles['form']} onSubmit={submit}>
      {error !== null && <Banner tone="bad" title={error.message} />}
      <SelectField
        label={topology.ask.exchange}
        choices={exchanges.map((name) => ({ value: name, label: exchangeLabel(name, topology) }))}
        value={exchange}
        onChange={setExchange}
      />
      <TextField
        label={topology.ask.routingKey}
        value={routingKey}
        onChange={setRoutingKey}
        mono
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={255}
      />
      <ArgumentsEditor label={topology.ask.headers} value={rows} onChange={setRows} />
      <div className={styles['submit']}>
        <Button type="submit" kind="primary" busy={busy} disabled={headers === undefined}>
          {topology.ask.submit}
        </Button>
        <span className={styles['hint']}>{topology.ask.publishesNothing}</span>
      </div>
    </form>
  );
}

/** Of those that every vhost has, hardly anybody asks. */
function firstOwn(exchanges: readonly string[]): string {
  return exchanges.find((name) => !isPredeclared(name)) ?? exchanges[0] ?? '';
}
