import type { TextLanguage } from '../../shared/languages/translate.ts';

/** How a window looks on a picture. */
export interface Look {
  readonly language: TextLanguage;
  readonly theme: 'light' | 'dark';
}

/** The looks that every stop is shown in, in the order of the album. */
export const looks: readonly Look[] = (['light', 'dark'] as const).flatMap((theme) => (['en', 'ja', 'zh-Hant'] as const).map((language) => ({ language, theme })));

/** The window of every stop. */
export const WINDOW_SIZE = { width: 1280, height: 800 } as const;

/** The smallest window that the app allows; each stop of the pages is shown in it too. */
export const SMALL_SIZE = { width: 640, height: 480 } as const;
