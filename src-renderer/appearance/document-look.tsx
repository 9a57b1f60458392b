import { useEffect, useLayoutEffect } from 'react';
import { useLanguage } from '../language/use-text.ts';
import { useFed } from '../stores/parts.tsx';
import { keepTheme } from './theme.ts';

/** Keeps theme, spacing, font, language and title of the document as the settings say. */
export function DocumentLook({ title }: { readonly title: string }) {
  const theme = useFed('settings', (settings) => settings.theme) ?? 'system';
  const density = useFed('settings', (settings) => settings.density) ?? 'comfortable';
  const font = useFed('settings', (settings) => settings.interfaceFontFamily) ?? '';
  const language = useLanguage();
  useLayoutEffect(() => keepTheme(theme, window, document.documentElement), [theme]);
  useLayoutEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useLayoutEffect(() => {
    document.documentElement.dataset['density'] = density;
  }, [density]);
  // Escaped it is one name, whatever was typed; a font that is not there leaves the system's own.
  useLayoutEffect(() => {
    if (font === '') document.documentElement.style.removeProperty('--font-chosen');
    else document.documentElement.style.setProperty('--font-chosen', CSS.escape(font));
  }, [font]);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
}
