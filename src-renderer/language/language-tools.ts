import { createTranslator, type TextLanguage, type Translator } from '../../shared/languages/translate.ts';
import { createFormats, type Formats } from './formats.ts';

/** Translators and formats of a window, each made once, so that a list of rows parses no text twice. */
export interface LanguageTools {
  readonly translator: (language: TextLanguage) => Translator;
  readonly formats: (language: TextLanguage) => Formats;
}

export function createLanguageTools(): LanguageTools {
  return { translator: once(createTranslator), formats: once(createFormats) };
}

function once<T>(make: (language: TextLanguage) => T): (language: TextLanguage) => T {
  const made = new Map<TextLanguage, T>();
  return (language) => {
    const kept = made.get(language);
    if (kept !== undefined) return kept;
    const value = make(language);
    made.set(language, value);
    return value;
  };
}
