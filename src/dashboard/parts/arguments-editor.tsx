import { type ReactNode, useId } from 'react';
import { useTexts } from '../language/language.tsx';
import {
  ARGUMENT_TYPES,
  type ArgumentProblem,
  type ArgumentRow,
  type ArgumentType,
  argumentProblems,
  EMPTY_ROW,
} from './argument-rows.ts';
import styles from './arguments-editor.module.css';
import { Button, IconButton } from './button.tsx';
import { classNames } from './class-names.ts';
import fields from './fields.module.css';

interface ArgumentsEditorProps {
  readonly label: string;
  readonly hint?: ReactNode;
  /** `argumentsOf(value)` says what it amounts to, or undefined while something is wrong. */
  readonly value: readonly ArgumentRow[];
  readonly onChange: (value: readonly ArgumentRow[]) => void;
  /** Names to choose from; others may be typed, too. */
  readonly names?: readonly string[];
}

/** Names with typed values: the arguments of a queue, the headers of a message. */
export function ArgumentsEditor({
  label,
  hint,
  value,
  onChange,
  names = [],
}: ArgumentsEditorProps): ReactNode {
  const { parts } = useTexts();
  const listId = useId();
  const problems = argumentProblems(value);
  return (
    <fieldset className={styles['editor']}>
      <legend>{label}</legend>
      {hint !== undefined && <p className={fields['hint']}>{hint}</p>}
      {value.map((row, at) => (
        <Row
          // biome-ignore lint/suspicious/noArrayIndexKey: a row has no other identity, and its fields no state
          key={at}
          row={row}
          problem={problems[at]}
          listId={listId}
          onChange={(changed) => onChange(value.with(at, changed))}
          onRemove={() => onChange(value.toSpliced(at, 1))}
        />
      ))}
      <datalist id={listId}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <div>
        <Button small icon="add" onClick={() => onChange([...value, EMPTY_ROW])}>
          {parts.arguments.add}
        </Button>
      </div>
    </fieldset>
  );
}

interface RowProps {
  readonly row: ArgumentRow;
  readonly problem: ArgumentProblem | undefined;
  readonly listId: string;
  readonly onChange: (row: ArgumentRow) => void;
  readonly onRemove: () => void;
}

function Row({ row, problem, listId, onChange, onRemove }: RowProps): ReactNode {
  const { parts } = useTexts();
  const problemId = useId();
  return (
    <div className={styles['row']}>
      <input
        className={classNames(fields['input'], fields['mono'])}
        aria-label={parts.arguments.name}
        placeholder={parts.arguments.name}
        list={listId}
        value={row.name}
        aria-invalid={problem === 'nameless' || problem === 'repeated'}
        aria-describedby={problemId}
        onChange={(event) => onChange({ ...row, name: event.target.value })}
      />
      <select
        className={classNames(fields['input'], fields['select'])}
        aria-label={parts.arguments.type}
        value={row.type}
        onChange={(event) => onChange(retyped(row, event.target.value as ArgumentType))}
      >
        {ARGUMENT_TYPES.map((type) => (
          <option key={type} value={type}>
            {parts.arguments.types[type]}
          </option>
        ))}
      </select>
      <ValueField
        row={row}
        isWrong={problem === 'number' || problem === 'json'}
        problemId={problemId}
        onChange={onChange}
      />
      <IconButton icon="remove" label={parts.arguments.remove(row.name)} onClick={onRemove} />
      <p id={problemId} className={styles['problem']} aria-live="polite">
        {problem !== undefined && parts.arguments.problems[problem]}
      </p>
    </div>
  );
}

interface ValueFieldProps {
  readonly row: ArgumentRow;
  readonly isWrong: boolean;
  readonly problemId: string;
  readonly onChange: (row: ArgumentRow) => void;
}

function ValueField({ row, isWrong, problemId, onChange }: ValueFieldProps): ReactNode {
  const { parts } = useTexts();
  const { name, type, text } = row;
  const label = name === '' ? parts.arguments.value : parts.arguments.valueOf(name);
  if (type === 'boolean')
    return (
      <select
        className={classNames(fields['input'], fields['select'])}
        aria-label={label}
        value={text === 'true' ? 'true' : 'false'}
        onChange={(event) => onChange({ ...row, text: event.target.value })}
      >
        <option value="true">true</option>
        <option value="false">false</option>
      </select>
    );
  return (
    <input
      className={classNames(fields['input'], type !== 'string' && fields['mono'])}
      aria-label={label}
      placeholder={parts.arguments.placeholders[type]}
      inputMode={type === 'number' ? 'decimal' : 'text'}
      value={text}
      aria-invalid={isWrong}
      aria-describedby={problemId}
      onChange={(event) => onChange({ ...row, text: event.target.value })}
    />
  );
}

/** A boolean has one of two texts. */
function retyped(row: ArgumentRow, type: ArgumentType): ArgumentRow {
  if (type === 'boolean') return { ...row, type, text: row.text === 'false' ? 'false' : 'true' };
  return { ...row, type, text: row.type === 'boolean' && type !== 'json' ? '' : row.text };
}
