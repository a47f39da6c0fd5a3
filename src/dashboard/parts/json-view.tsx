import type { ReactNode } from 'react';
import styles from './json-view.module.css';
import { prettyJson } from './pretty-json.ts';

/** Every token is an element of its own: a longer text stays plain. */
const COLORED_CHARACTERS_MAX = 100_000;

/** JSON with two spaces, each kind of value in its colour. What is no JSON is shown as it is. */
export function JsonView({ text }: { readonly text: string }): ReactNode {
  const pretty = prettyJson(text);
  if (pretty === undefined) return <pre className={styles['text']}>{text}</pre>;
  return (
    <pre className={styles['text']}>{pretty.length > COLORED_CHARACTERS_MAX ? pretty : colored(pretty)}</pre>
  );
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function colored(json: string): ReactNode[] {
  const pieces: ReactNode[] = [];
  let end = 0;
  for (const match of json.matchAll(TOKEN)) {
    const [token, text, colon] = match;
    pieces.push(json.slice(end, match.index));
    const kind = text === undefined ? 'value' : colon === undefined ? 'string' : 'key';
    pieces.push(
      <span key={match.index} className={styles[kind]}>
        {token}
      </span>,
    );
    end = match.index + token.length;
  }
  pieces.push(json.slice(end));
  return pieces;
}
