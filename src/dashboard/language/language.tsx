/** English and Chinese. Every text is in both: the compiler compares the files. */
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { Formats } from '../format/formats.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

export type LanguageName = 'en' | 'zh';

/** The texts of a language: what English has. */
export type Texts = typeof en;

interface Language {
  readonly name: LanguageName;
  readonly texts: Texts;
  readonly formats: Formats;
  choose(name: LanguageName): void;
}

const STORED_UNDER = 'leveret.language';
const TEXTS: Readonly<Record<LanguageName, Texts>> = { en, zh };

const LanguageContext = createContext<Language | undefined>(undefined);

export function LanguageProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [name, setName] = useState<LanguageName>(languageAtStart);
  useEffect(() => {
    document.documentElement.lang = name === 'zh' ? 'zh-CN' : 'en';
  }, [name]);
  const language = useMemo(() => {
    const texts = TEXTS[name];
    const choose = (chosen: LanguageName): void => {
      window.localStorage.setItem(STORED_UNDER, chosen);
      setName(chosen);
    };
    return { name, texts, formats: new Formats(name === 'zh' ? 'zh-CN' : 'en', texts.format), choose };
  }, [name]);
  return <LanguageContext value={language}>{children}</LanguageContext>;
}

/** What was chosen, or the first of the browser's languages that there is. */
function languageAtStart(): LanguageName {
  const stored = window.localStorage.getItem(STORED_UNDER);
  if (stored === 'en' || stored === 'zh') return stored;
  const known = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === 'en' || tag === 'zh');
  return known === 'zh' ? 'zh' : 'en';
}

export function useLanguage(): Language {
  const language = useContext(LanguageContext);
  if (language === undefined) throw new Error('useLanguage needs a LanguageProvider above it');
  return language;
}

export function useTexts(): Texts {
  return useLanguage().texts;
}

export function useFormats(): Formats {
  return useLanguage().formats;
}
