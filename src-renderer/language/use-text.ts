import { textLanguage, type TextLanguage, type Translator } from '../../shared/languages/translate.ts';
import { useFed, useParts } from '../stores/parts.tsx';
import type { Formats } from './formats.ts';

/** The language of this window by its settings. */
export function useLanguage(): TextLanguage {
  return textLanguage(useFed('settings', (settings) => settings.language) ?? 'system', navigator.language);
}

/** The translator of this window. */
export function useTranslator(): Translator {
  return useParts().language.translator(useLanguage());
}

/** The function that words texts, for components. */
export function useText(): Translator['text'] {
  return useTranslator().text;
}

/** The formats of this window's language. */
export function useFormats(): Formats {
  return useParts().language.formats(useLanguage());
}
