import type { ReactNode } from 'react';
import { type LanguageName, useLanguage } from '../language/language.tsx';
import { SelectField } from '../parts/fields.tsx';

/** Each language by its own name. */
const CHOICES: readonly { readonly value: LanguageName; readonly label: string }[] = [
  { value: 'en', label: 'English' },
  { value: 'zh', label: '中文' },
];

export function LanguageChoice(): ReactNode {
  const { name, texts, choose } = useLanguage();
  return (
    <div>
      <SelectField label={texts.shell.language} hideLabel choices={CHOICES} value={name} onChange={choose} />
    </div>
  );
}
