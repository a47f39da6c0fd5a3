import type { ReactNode } from 'react';
import { KNOWN_TAGS } from '../../data/users.ts';
import { useTexts } from '../../language/language.tsx';
import { CheckField, TextField } from '../../parts/fields.tsx';
import styles from './users.module.css';

type KnownTag = (typeof KNOWN_TAGS)[number];

interface TagFieldsProps {
  readonly known: readonly KnownTag[];
  readonly onKnown: (tags: KnownTag[]) => void;
  readonly others: string;
  readonly onOthers: (text: string) => void;
}

/** The tags that the broker knows, and any other. */
export function TagFields({ known, onKnown, others, onOthers }: TagFieldsProps): ReactNode {
  const { users: texts } = useTexts();
  return (
    <>
      <fieldset className={styles['choices']}>
        <legend>{texts.tags}</legend>
        {KNOWN_TAGS.map((tag) => (
          <CheckField
            key={tag}
            label={tag}
            hint={texts.tagHints[tag]}
            value={known.includes(tag)}
            onChange={(isOn) =>
              onKnown(KNOWN_TAGS.filter((each) => (each === tag ? isOn : known.includes(each))))
            }
          />
        ))}
      </fieldset>
      <TextField
        label={texts.otherTags}
        hint={texts.otherTagsHint}
        optional
        value={others}
        onChange={onOthers}
        autoComplete="off"
      />
    </>
  );
}
