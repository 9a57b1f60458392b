import type { Browser, Page, PageScreenshotOptions } from '@playwright/test';
import { layoutFaults } from '../e2e/page-checks.ts';
import type { Scene } from '../renderer/scenes.ts';
import { type Album, fileNameOf } from './album.ts';
import { looks, SMALL_SIZE, WINDOW_SIZE, type Look } from './looks.ts';

/** The scripted data is of this morning; a picture says the same of its age whenever it is taken. */
const SHOWN_AT = '2026-11-23T09:30:20Z';

/** One step to a stop. */
const STEP_LIMIT_MS = 30_000;

/** A cursor that blinks never rests. */
const MAX_PICTURES = 5;

/** Opens a page for a stop with scripted data: its clock stands, its language and time zone are no machine's. */
export async function openScenePage(browser: Browser, url: string, size: { readonly width: number; readonly height: number }): Promise<Page> {
  const context = await browser.newContext({ baseURL: url, viewport: size, locale: 'en-GB', timezoneId: 'Asia/Taipei', reducedMotion: 'reduce' });
  context.setDefaultTimeout(STEP_LIMIT_MS);
  const page = await context.newPage();
  await page.clock.setFixedTime(new Date(SHOWN_AT));
  return page;
}

/** Gives the page of a scene another look, and waits until it has it. */
export async function lookAt(page: Page, { language, theme }: Look): Promise<void> {
  await page.evaluate(([shownTheme, shownLanguage]) => {
    window.harness.patch('settings', ['theme'], shownTheme);
    window.harness.patch('settings', ['language'], shownLanguage);
  }, [theme, language] as const);
  await page.locator(`html[lang="${language}"][data-theme="${theme}"]`).waitFor({ state: 'attached' });
  await page.mouse.move(0, 0);
}

/** A picture once two in a row are the same: what was asked for has come, and has been laid out. One that does not come to rest is taken as it is. */
export async function settledPicture(page: Page, options: PageScreenshotOptions = {}): Promise<Buffer> {
  let before = await page.screenshot(options);
  for (let again = 0; again < MAX_PICTURES; again += 1) {
    const now = await page.screenshot(options);
    if (now.equals(before)) break;
    before = now;
  }
  return before;
}

/** Makes the stop of a scene: a picture in each look, and in light of the smallest window; of each also what is wrong with the layout. */
export async function makeSceneStop(browser: Browser, url: string, scene: Scene, album: Album): Promise<void> {
  const name = fileNameOf(scene.name);
  const page = await openScenePage(browser, url, WINDOW_SIZE);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  let pictures = 0;
  const takePicture = async (look: Look, suffix = ''): Promise<void> => {
    faults.push(...(await layoutFaults(page)).map((fault) => `${look.language}, ${look.theme}${suffix}: ${fault}`));
    album.put(`${name}${suffix}`, look, await settledPicture(page));
    pictures += 1;
  };
  try {
    await scene.open(page);
    for (const look of looks) {
      await lookAt(page, look);
      await takePicture(look);
    }
    // A dialog or a panel that fits in the smallest window in the longest language fits everywhere.
    await page.setViewportSize(SMALL_SIZE);
    for (const look of looks.filter(({ theme }) => theme === 'light')) {
      await lookAt(page, look);
      await takePicture(look, '-small');
    }
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  } finally {
    await page.context().close();
  }
  album.note(scene.name, pictures, faults);
}
