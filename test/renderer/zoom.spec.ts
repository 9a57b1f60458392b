import { expect, type Page, test } from '@playwright/test';
import { layoutFaults } from '../e2e/page-checks.ts';
import { moreScenes, scenes } from './scenes.ts';

/**
 * A window of 1200x800 px with everything at twice its size, and one of 1280x1024 px at four times: what the app's own zoom, the
 * system's, or a small screen leaves of the page (WCAG 2.2, 1.4.4 and 1.4.10). Tables, terminals and desktops may scroll sideways
 * in their own place; the page may not.
 */
const zooms = [{ name: '200 %', width: 600, height: 400, factor: 2 }] as const;

/** In every run each scene that axe reads is seen in one language, which take turns; in the long run all that the tour shows, in all. */
const seen = process.env['MAVIS_LONG'] === '1' ? [...scenes, ...moreScenes] : scenes;
const languages = ['en', 'ja', 'zh-Hant'] as const;
const languagesAt = (place: number) => (process.env['MAVIS_LONG'] === '1' ? languages : languages.filter((_language, turn) => turn === place % languages.length));

/** Controls that cannot be brought into sight, or of which something else takes the click, each with why. What lies over the page on purpose may cover it: it can be closed. */
function unreachable(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults: string[] = [];
    const layerOf = (element: Element): Element | null => {
      for (let around: Element | null = element; around; around = around.parentElement) {
        const { position, zIndex } = getComputedStyle(around);
        if (around.matches('dialog') || (position !== 'static' && zIndex !== 'auto')) return around;
      }
      return null;
    };
    const open = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
    const controls = [...open.querySelectorAll('button, a[href], input, select, textarea, [role=tab], [role=slider]')].filter((control) => control.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !control.matches(':disabled') && !control.closest('.visually-hidden, .skip, .seek-mark, .xterm, [aria-hidden="true"], [inert]'));
    for (const control of controls) {
      control.scrollIntoView({ block: 'center', inline: 'center' });
      const name = `${control.tagName.toLowerCase()} “${(control.getAttribute('aria-label') ?? control.textContent ?? '').trim().slice(0, 40)}”`;
      const shown = control.closest('label') ?? control;
      let { left, top, right, bottom } = shown.getBoundingClientRect();
      for (let around = shown.parentElement; around && !around.matches('dialog, body'); around = around.parentElement) {
        if (getComputedStyle(around).overflow === 'visible') continue;
        const bounds = around.getBoundingClientRect();
        [left, top, right, bottom] = [Math.max(left, bounds.left), Math.max(top, bounds.top), Math.min(right, bounds.right), Math.min(bottom, bounds.bottom)];
      }
      [left, top, right, bottom] = [Math.max(left, 0), Math.max(top, 0), Math.min(right, innerWidth), Math.min(bottom, innerHeight)];
      // The smallest thing that a person must be able to hit (WCAG 2.2, 2.5.8) is 24 px; checkboxes have their label.
      if (right - left < 12 || bottom - top < 12) {
        faults.push(`${name} cannot be brought into sight: ${Math.round(right - left)}x${Math.round(bottom - top)} px of it are left`);
        continue;
      }
      const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      if (hit !== null && !shown.contains(hit) && !hit.contains(shown) && layerOf(hit) === layerOf(shown)) faults.push(`${name} lies under ${hit.tagName.toLowerCase()}.${hit.className}`);
    }
    return faults;
  });
}

for (const { name, width, height, factor } of zooms) {
  test.describe(`at ${name} nothing is cut, no page scrolls sideways, and every control can be reached`, () => {
    test.use({ viewport: { width, height }, deviceScaleFactor: factor });
    for (const [place, scene] of seen.entries()) {
      test(scene.name, async ({ page }) => {
        await page.emulateMedia({ reducedMotion: 'reduce' });
        await scene.open(page);
        await page.setViewportSize({ width, height });
        for (const language of languagesAt(place)) {
          await page.evaluate((shown) => window.harness.patch('settings', ['language'], shown), language);
          await expect(page.locator(`html[lang="${language}"]`)).toBeAttached();
          // Parts that measure themselves follow a new size or language by a frame or two.
          await expect.poll(async () => [...(await layoutFaults(page)), ...(await unreachable(page))].map((fault) => `${language}: ${fault}`)).toEqual([]);
        }
      });
    }
  });
}
