import { useEffect, useLayoutEffect } from 'react';
import { useLanguage } from '../language/use-text.ts';
import { useFed } from '../stores/parts.tsx';
import { keepTheme } from './theme.ts';

/** Keeps theme, language and title of the document as the settings say. */
export function DocumentLook({ title }: { readonly title: string }) {
  const theme = useFed('settings', (settings) => settings.theme) ?? 'system';
  const language = useLanguage();
  useLayoutEffect(() => keepTheme(theme, window, document.documentElement), [theme]);
  useLayoutEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}
