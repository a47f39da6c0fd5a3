import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { outcomesPath } from '../../data/outcomes.ts';
import { useTexts } from '../../language/language.tsx';
import { Button } from '../../parts/button.tsx';
import { Card } from '../../parts/card.tsx';
import { SelectField, TextField } from '../../parts/fields.tsx';
import { href, navigate } from '../../route.ts';
import styles from './outcomes.module.css';

interface OutcomeSearchProps {
  readonly vhosts: readonly string[];
  readonly vhost: string;
  readonly messageId: string;
}

export function OutcomeSearch({ vhosts, vhost, messageId }: OutcomeSearchProps): ReactNode {
  const { outcomes } = useTexts();
  const client = useQueryClient();
  const [where, setWhere] = useState(vhost);
  const [id, setId] = useState(messageId);
  const find = (event: FormEvent): void => {
    event.preventDefault();
    // an answer that is there already may be older than the outcome
    void client.invalidateQueries({ queryKey: [outcomesPath(where, id)] });
    navigate(href(['outcomes'], { vhost: where, id }));
  };
  return (
    <Card>
      <search>
        <form className={styles['search']} onSubmit={find}>
          <SelectField
            label={outcomes.vhost}
            choices={vhosts.map((each) => ({ value: each, label: each }))}
            value={where}
            onChange={setWhere}
          />
          <TextField
            label={outcomes.messageId}
            hint={outcomes.messageIdHint}
            mono
            value={id}
            onChange={setId}
            autoComplete="off"
            spellCheck={false}
          />
          <div className={styles['submit']}>
            <Button type="submit" kind="primary" icon="search" disabled={id === ''}>
              {outcomes.find}
            </Button>
          </div>
        </form>
      </search>
    </Card>
  );
}
