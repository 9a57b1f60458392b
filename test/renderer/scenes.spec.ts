import { expect, test } from '@playwright/test';
import { layoutFaults } from '../e2e/page-checks.ts';
import { moreScenes } from './scenes.ts';

/** In every run a third of the scenes that only the tour shows, each in one language; in the long run each, in all. `npm run tour` makes pictures of all of them. */
const long = process.env['MAVIS_LONG'] === '1';
const languages = ['ja', 'en', 'zh-Hant'] as const;
const shown = moreScenes.map((scene, place) => ({ scene, spoken: long ? languages : languages.filter((_, turn) => turn === (place / 3) % 3) })).filter(({ spoken }) => spoken.length > 0);

test.describe('what the tour shows is reached, and fits in the smallest window', () => {
  for (const { scene, spoken } of shown) {
    test(scene.name, async ({ page }) => {
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await scene.open(page);
      await page.setViewportSize({ width: 640, height: 480 });
      for (const language of spoken) {
        await page.evaluate((chosen) => window.harness.patch('settings', ['language'], chosen), language);
        await expect(page.locator(`html[lang="${language}"]`)).toBeAttached();
        await expect.poll(() => layoutFaults(page)).toEqual([]);
      }
    });
  }
});
