import type { Page } from '@playwright/test';
import type { OpenApp } from '../e2e/launch-app.ts';
import { latinWords, layoutFaults, resizePage } from '../e2e/page-checks.ts';
import { type Album, fileNameOf } from './album.ts';
import { looks, WINDOW_SIZE, type Look } from './looks.ts';

/** Gives every window of the app another look, and waits until this one has it. */
async function changeLook(app: OpenApp, page: Page, { language, theme }: Look): Promise<void> {
  await app.main.evaluate(([shownLanguage, shownTheme]) => window.mavis.settings.update({ changes: { language: shownLanguage, theme: shownTheme } }), [language, theme] as const);
  await page.locator(`html[lang="${language}"][data-theme="${theme}"]`).waitFor({ state: 'attached' });
}

/** What a stop in the real app is made with. */
export interface AppStops {
  readonly album: Album;
  /** Everything on the screens that is a name and therefore Latin in every language. */
  readonly names: () => Promise<readonly string[]>;
  readonly wanted: (title: string) => boolean;
}

/**
 * Takes a window of the real app as it stands, in every look, and leaves it in English and light. Noted as wrong: what does not fit in
 * its place, and words that are English in another language.
 */
export async function makeAppStop({ album, names, wanted }: AppStops, app: OpenApp, page: Page, title: string): Promise<void> {
  if (!wanted(title)) return;
  const faults: string[] = [];
  let pictures = 0;
  await resizePage(app, page, WINDOW_SIZE);
  for (const look of looks) {
    await changeLook(app, page, look);
    // The main window may be the one that shows it: no pointer lies on what it points at.
    await page.mouse.move(0, 0);
    const found = [...(await layoutFaults(page)), ...(look.language === 'en' || look.theme === 'dark' ? [] : await latinWords(page, await names()))];
    faults.push(...found.map((fault) => `${look.language}, ${look.theme}: ${fault}`));
    album.put(fileNameOf(title), look, await page.screenshot());
    pictures += 1;
  }
  const [first] = looks;
  if (first !== undefined) await changeLook(app, page, first);
  album.note(title, pictures, faults);
}
