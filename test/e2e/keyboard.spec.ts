import type { Locator, Page } from '@playwright/test';
import { ADMIN, expect, test } from './fixtures.ts';
import { showTerminalAsText, terminalText, untilRecorded } from './page-actions.ts';

/** From the sign-in page to a connected session and back with the keyboard alone; where the keys go can always be seen. */

/** Nothing needs more presses of Tab than there are controls before it. */
const MOST_TABS = 60;

/** What is wrong with the focus now: it is nowhere, out of sight, or not marked. */
function focusFault(page: Page): Promise<string | null> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const name = `${element.tagName} “${(element.getAttribute('aria-label') ?? element.textContent ?? '').trim().slice(0, 40)}”`;
    const { left, top, right, bottom } = element.getBoundingClientRect();
    if (right < 0 || bottom < 0 || left > innerWidth || top > innerHeight) return `${name} has the focus out of sight`;
    // A field may be marked by the frame around it, a choice by its label, a list by the row that the keys act on.
    const active = document.getElementById(element.getAttribute('aria-activedescendant') ?? '');
    for (let around: Element | null = active ?? element, steps = 0; around && steps < 4; around = around.parentElement, steps += 1) {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(around);
      if ((outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1) || boxShadow !== 'none') return null;
    }
    return `${name} has the focus, and nothing shows it`;
  });
}

/** Presses Tab until the wanted control has the focus. */
async function tabTo(page: Page, wanted: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let presses = 0; presses < MOST_TABS; presses += 1) {
    expect(await focusFault(page)).toBeNull();
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`not reached by ${MOST_TABS} times ${key}: ${String(wanted)}`);
}

test('S54, A10: signs in, searches, marks, connects, finds, pastes, copies and ends, with the keyboard alone', async ({ openApp, system }) => {
  const app = await openApp();
  const { main, electronApp } = app;
  const { keyboard } = main;
  const fill = async (label: string, text: string): Promise<void> => {
    await tabTo(main, main.getByLabel(label, { exact: true }));
    await keyboard.press('Control+A');
    await keyboard.type(text);
  };
  const press = async (page: Page, button: Locator, key = 'Enter'): Promise<void> => {
    await tabTo(page, button);
    await page.keyboard.press(key);
  };

  await press(main, main.getByRole('button', { name: 'Add profile' }));
  await fill('Name', 'By keyboard');
  await fill('Service address', system.embedded.service.url);
  await press(main, main.getByRole('button', { name: 'Check certificate' }));
  await expect(main.getByText(system.embedded.service.pin)).toBeVisible();
  await press(main, main.getByLabel('I compared the fingerprint: it is the same'), 'Space');
  await press(main, main.getByRole('button', { name: 'Save' }));
  await expect(main.getByRole('form', { name: 'Sign in' })).toBeVisible();
  await fill('User name', ADMIN.name);
  await fill('Password', ADMIN.password);
  await keyboard.press('Enter');

  const search = main.getByRole('searchbox', { name: 'Search resources' });
  await search.waitFor();
  await showTerminalAsText(main);
  await expect(main.getByRole('grid')).toBeVisible();
  await keyboard.press('/');
  await expect(search).toBeFocused();
  expect(await focusFault(main)).toBeNull();
  await press(main, main.getByRole('button', { name: 'How to search' }));
  await expect(main.getByText('Keys: / search')).toBeVisible();
  await keyboard.press('Enter');
  await keyboard.press('/');
  await keyboard.type(system.live.name);
  await expect(main.getByText('1 resource', { exact: true })).toBeVisible();
  await keyboard.press('ArrowDown');
  const grid = main.getByRole('grid');
  await expect(grid).toBeFocused();
  await keyboard.press('f');
  await expect(main.getByRole('button', { name: `Remove ${system.live.name} from favourites` })).toBeVisible();
  await keyboard.press('f');
  await expect(main.getByRole('button', { name: `Add ${system.live.name} to favourites` })).toBeVisible();
  await keyboard.press('Space');
  await expect(main.getByRole('complementary')).toBeVisible();
  await keyboard.press('Escape');
  await expect(main.getByRole('complementary')).toHaveCount(0);
  await expect(grid).toBeFocused();

  const session = await app.nextWindow(() => keyboard.press('Enter'));
  await untilRecorded(session);
  const terminal = session.locator('.xterm-helper-textarea');
  await expect(terminal).toBeFocused();
  await session.keyboard.type('echo key-$((40+2))\n');
  await expect.poll(() => terminalText(session)).toContain('key-42');

  await session.keyboard.press('Control+Shift+F');
  expect(await focusFault(session)).toBeNull();
  await session.keyboard.type('key-42');
  await session.keyboard.press('Enter');
  await expect(session.getByText('1 of 1')).toBeVisible();
  await session.keyboard.press('Escape');
  await expect(terminal).toBeFocused();
  await session.keyboard.press('Control+Shift+C');
  await expect.poll(() => electronApp.evaluate(({ clipboard }) => clipboard.readText())).toBe('key-42');

  const paste = session.getByRole('dialog', { name: 'Paste 2 lines?' });
  await electronApp.evaluate(({ clipboard }) => clipboard.writeText('echo pasted-$((1+0))\necho pasted-$((1+1))\n'));
  await session.keyboard.press('Control+Shift+V');
  await expect(paste).toBeVisible();
  expect(await focusFault(session)).toBeNull();
  await session.keyboard.press('Escape');
  await expect(paste).toHaveCount(0);
  await expect(terminal).toBeFocused();
  expect(await terminalText(session)).not.toContain('pasted');
  await session.keyboard.press('Control+Shift+V');
  await press(session, paste.getByRole('button', { name: 'Paste' }));
  await expect(terminal).toBeFocused();
  await session.keyboard.press('Enter');
  await expect.poll(() => terminalText(session)).toMatch(/^pasted-1$[^]*^pasted-2$/m);

  await session.keyboard.press('Control+Shift+M');
  await expect(session.getByRole('toolbar').getByRole('button').first()).toBeFocused();
  await press(session, session.getByRole('button', { name: 'End session' }));
  await press(session, session.getByRole('dialog').getByRole('button', { name: 'End session' }));
  const ended = session.getByRole('alert', { name: 'Session ended' });
  await expect(ended.getByRole('button', { name: 'Reconnect' })).toBeFocused();
  const closed = session.waitForEvent('close');
  await tabTo(session, ended.getByRole('button', { name: 'Close' }), 'Shift+Tab');
  // The window goes with the key: what answers the press may be gone already.
  await session.keyboard.press('Enter').catch(() => undefined);
  await closed;

  await main.bringToFront();
  await expect(grid).toBeFocused();
  await press(main, main.getByRole('button', { name: /e2e-admin/ }));
  await expect(main.getByRole('menu')).toBeVisible();
  await keyboard.press('ArrowDown');
  await expect(main.getByRole('menuitem', { name: 'Sign out' })).toBeFocused();
  await keyboard.press('Enter');
  await expect(main.getByRole('form', { name: 'Sign in' })).toBeVisible();
});
