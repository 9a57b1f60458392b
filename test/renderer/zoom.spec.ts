import { expect, type Page, test } from '@playwright/test';
import { menuPages } from '../../src-renderer/frame/pages.ts';
import { layoutFaults } from '../e2e/page-checks.ts';
import { hold, letGo, openMain, openPage, openSession } from './open-page.ts';
import { focusUnderSomething, reflowFaults, spaceText } from './reflow-faults.ts';
import { moreScenes, type Scene, scenes } from './scenes.ts';

/**
 * What the app's own zoom, the system's, or a small screen leaves of the page, in CSS pixels: of a window of 1200x800 px at twice its size
 * (WCAG 2.2, 1.4.4), and at four times of one that is 1280 px wide, high and low (1280x1024 px, 1.4.10). Nothing needs both directions of scrolling but
 * what `reflow-faults.ts` lists, also with the spacing of text that a person may set (1.4.12), and what has the focus is seen (2.4.11).
 */
const zooms = [
  { name: '200 %', width: 600, heights: [400] },
  { name: '400 %', width: 320, heights: [640, 256] },
] as const;

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

const NARROW = { width: 320, height: 256 } as const;
const narrow = (page: Page): Promise<void> => page.setViewportSize(NARROW);

/** What only a narrow window has, or is opened in it: what lies over the page. */
const opened: readonly Scene[] = [
  {
    name: 'the menu',
    open: async (page) => {
      await narrow(page);
      await openMain(page);
      await page.locator('.rail-toggle').click();
      await expect(page.getByRole('navigation').getByRole('button').last()).toBeVisible();
    },
  },
  {
    name: 'the menu of the account',
    open: async (page) => {
      await narrow(page);
      await openMain(page);
      await page.locator('.account > button').click();
      await expect(page.getByRole('menu')).toBeVisible();
    },
  },
  {
    name: 'the search in a terminal',
    open: async (page) => {
      await narrow(page);
      await openSession(page, 'connected');
      await page.getByRole('toolbar').getByRole('button').first().click();
      await expect(page.getByRole('search')).toBeVisible();
    },
  },
];

for (const { name, width, heights } of zooms) {
  test.describe(`at ${name} nothing is cut, no page scrolls sideways, and every control can be reached`, () => {
    for (const [place, scene] of [...seen, ...(width === NARROW.width ? opened : [])].entries()) {
      test(scene.name, async ({ page }) => {
        await page.emulateMedia({ reducedMotion: 'reduce' });
        await scene.open(page);
        for (const height of heights) {
          await page.setViewportSize({ width, height });
          for (const language of languagesAt(place)) {
            await page.evaluate((shown) => window.harness.patch('settings', ['language'], shown), language);
            await expect(page.locator(`html[lang="${language}"]`)).toBeAttached();
            const named = (faults: readonly string[]) => faults.map((fault) => `${language}, ${height} px high: ${fault}`);
            // Parts that measure themselves follow a new size or language by a frame or two.
            await expect.poll(async () => named([...(await layoutFaults(page)), ...(await unreachable(page)), ...(await reflowFaults(page))])).toEqual([]);
            await spaceText(page, true);
            await expect.poll(async () => named([...(await layoutFaults(page)), ...(await reflowFaults(page))]), 'with its text spaced').toEqual([]);
            await spaceText(page, false);
          }
        }
        // Last: it closes what is open over the page.
        expect(await focusUnderSomething(page)).toEqual([]);
      });
    }
  });
}

test.describe('in a narrow window', () => {
  test('the menu opens and closes by keyboard alone, gives the focus back, and leads to the top of a page', async ({ page }) => {
    await narrow(page);
    await openMain(page);
    const toggle = page.getByRole('button', { name: /^Main menu/ });
    await expect(page.getByRole('navigation')).toBeHidden();
    await toggle.press('Enter');
    await expect(page.getByRole('navigation')).toBeVisible();
    await page.keyboard.press('Tab');
    await expect(page.getByRole('navigation').getByRole('button').first()).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('navigation')).toBeHidden();
    await expect(toggle).toBeFocused();

    await page.locator('.window').evaluate((frame) => frame.scrollTo({ top: 400 }));
    await toggle.press('Enter');
    await page.getByRole('navigation').getByRole('button', { name: 'Settings' }).press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeInViewport();
    await expect(page.getByRole('navigation')).toBeHidden();
    await expect(toggle).toBeFocused();
    await expect(toggle).toHaveAccessibleName('Main menu: Settings');
    await toggle.press('Enter');
    await expect(page.getByRole('navigation')).toBeVisible();
    // Beside it, on the page.
    await page.mouse.click(300, 200);
    await expect(page.getByRole('navigation')).toBeHidden();
  });

  test('details take the place of their list and the focus, and give both back where they were', async ({ page }) => {
    await openMain(page);
    await openPage(page, menuPages.findIndex(({ id }) => id === 'audit'));
    await narrow(page);
    const list = page.getByRole('grid');
    const top = () => list.evaluate((grid) => grid.scrollTop);
    await expect(page.getByRole('row').nth(3)).toBeAttached();
    // Its rows have the height of a narrow list.
    await expect(page.locator('.log')).toHaveAttribute('data-stacked', 'true');
    await list.focus();
    for (let row = 0; row < 20; row += 1) await page.keyboard.press('ArrowDown');
    await expect(page.locator('.log-line[data-active="true"]')).toHaveAttribute('aria-rowindex', '22');
    await expect.poll(top).toBeGreaterThan(500);
    // The list looks after its row for some frames more.
    await page.evaluate(async () => {
      for (let frames = 0; frames < 10; frames += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
    });
    const scrolled = await top();
    await page.keyboard.press('Enter');
    const details = page.getByRole('complementary');
    await expect(details).toBeFocused();
    await expect(details.getByRole('heading').first()).toBeInViewport();
    await expect(list).toBeHidden();
    await page.keyboard.press('Escape');
    await expect(details).toHaveCount(0);
    await expect(list).toBeFocused();
    await expect.poll(top).toBe(scrolled);
  });

  test('a table that is drawn as cards is a table for a screen reader still: its rows, its cells and their heads', async ({ page }) => {
    await openMain(page);
    await openPage(page, menuPages.findIndex(({ id }) => id === 'recordings'));
    await narrow(page);
    await expect(page.locator('.table-stacked td').first()).toHaveCSS('display', 'block');
    const session = await page.context().newCDPSession(page);
    // What a screen reader gets follows the page.
    await expect(async () => {
      const { nodes } = await session.send('Accessibility.getFullAXTree');
      const count = (role: string): number => nodes.filter((node) => node.ignored !== true && node.role?.value === role).length;
      expect(count('table')).toBe(1);
      expect(count('columnheader')).toBe(9);
      expect(count('row')).toBeGreaterThan(3);
      expect(count('cell')).toBe((count('row') - 1) * 9);
    }).toPass({ timeout: 30_000 });
  });

  test('a recorded terminal that is wider than its place is scrolled by arrow keys, and the player stays where it is', async ({ page }) => {
    await openMain(page);
    await openPage(page, menuPages.findIndex(({ id }) => id === 'recordings'));
    // Nothing of it comes before it is paused: it is at its beginning then, however long that takes.
    await hold(page, 'playback.open');
    await page.getByRole('row').nth(1).getByRole('button').last().click();
    await narrow(page);
    await page.getByRole('button', { name: 'Pause' }).click();
    await letGo(page, 'playback.open');
    await expect(page.getByRole('slider')).toHaveAttribute('max', '41000');
    const screen = page.getByRole('region', { name: 'Screen of the recording' });
    await expect.poll(() => screen.evaluate((area) => area.scrollWidth > area.clientWidth)).toBe(true);
    const at = await page.getByRole('slider').inputValue();
    await screen.focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => screen.evaluate((area) => area.scrollLeft)).toBeGreaterThan(0);
    expect(await page.getByRole('slider').inputValue()).toBe(at);
  });
});
