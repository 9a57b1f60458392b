import type { ClientSettings } from '../../shared/ipc/settings.ts';

export type ShownTheme = Exclude<ClientSettings['theme'], 'system'>;

/** The theme to show: the setting's own, or for `system` what the system prefers. */
export function shownTheme(setting: ClientSettings['theme'], system: { readonly dark: boolean; readonly moreContrast: boolean }): ShownTheme {
  if (setting !== 'system') return setting;
  if (system.moreContrast) return 'high-contrast';
  return system.dark ? 'dark' : 'light';
}

/** Keeps `data-theme` of a document as the setting and the system say; gives the function that ends it. */
export function keepTheme(setting: ClientSettings['theme'], window: Pick<Window, 'matchMedia'>, root: HTMLElement): () => void {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const contrast = window.matchMedia('(prefers-contrast: more)');
  const apply = () => {
    root.dataset['theme'] = shownTheme(setting, { dark: dark.matches, moreContrast: contrast.matches });
  };
  apply();
  dark.addEventListener('change', apply);
  contrast.addEventListener('change', apply);
  return () => {
    dark.removeEventListener('change', apply);
    contrast.removeEventListener('change', apply);
  };
}
