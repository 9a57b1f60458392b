import { expect, test } from '@playwright/test';
import { layoutFaults } from '../e2e/page-checks.ts';
import { axeFindings } from '../fixtures/axe-findings.ts';
import { openMain } from './open-page.ts';
import { moreScenes, scenes } from './scenes.ts';

/**
 * In every run each scene is read in one of three looks, which take turns, so that each theme and each language is read on a third of
 * the scenes: axe takes most of this file's time, colours are the same in every language, and what has a name has it in every theme.
 * In the long run every scene, also of those that only the tour shows otherwise, in every language, in light and dark, and in high contrast.
 */
const everyLook = [...(['light', 'dark'] as const).flatMap((theme) => (['en', 'ja', 'zh-Hant'] as const).map((language) => ({ theme, language }))), { theme: 'high-contrast', language: 'en' }] as const;
const turns = [{ theme: 'light', language: 'en' }, { theme: 'dark', language: 'ja' }, { theme: 'high-contrast', language: 'zh-Hant' }] as const;
const looksAt = (place: number) => (process.env['MAVIS_LONG'] === '1' ? everyLook : turns.filter((_look, turn) => turn === place % turns.length));
const read = process.env['MAVIS_LONG'] === '1' ? [...scenes, ...moreScenes] : scenes;

// Up to seven looks a scene, each read through by axe: a minute and more where other tests share the cores.
test.setTimeout(240_000);

test.describe('axe finds nothing, in three languages and every theme, and all fits in the smallest window', () => {
  for (const [place, scene] of read.entries()) {
    test(scene.name, async ({ page }) => {
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await scene.open(page);
      for (const { theme, language } of looksAt(place)) {
        await page.evaluate(([shownTheme, shownLanguage]) => {
          window.harness.patch('settings', ['theme'], shownTheme);
          window.harness.patch('settings', ['language'], shownLanguage);
        }, [theme, language] as const);
        await expect(page.locator(`html[lang="${language}"][data-theme="${theme}"]`)).toBeAttached();
        const found = (await axeFindings(page)).map((finding) => `${theme} ${language} ${finding}`);
        expect(found).toEqual([]);
      }
      await page.setViewportSize({ width: 640, height: 480 });
      await expect.poll(() => layoutFaults(page)).toEqual([]);
    });
  }
});

test('where the system asks for less motion nothing is seen to move: no animation runs on, no transition takes time', async ({ page }) => {
  const moving = () => page.evaluate(() => [...document.querySelectorAll('*')].filter((element) => {
    const { animationName, animationDuration, animationIterationCount, transitionDuration } = getComputedStyle(element);
    const seconds = (text: string) => Math.max(...text.split(',').map((part) => Number.parseFloat(part) / (part.trim().endsWith('ms') ? 1000 : 1)));
    return (animationName !== 'none' && (seconds(animationDuration) > 0.001 || animationIterationCount === 'infinite')) || seconds(transitionDuration) > 0.001;
  }).length);
  await openMain(page, { scene: 'inventory-loading' });
  await expect(page.locator('.spinner').first()).toBeVisible();
  expect(await moving()).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await expect.poll(moving).toBe(0);
});
