import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { createTranslator, type TextLanguage } from '../../shared/languages/translate.ts';
import { axeFindings } from '../fixtures/axe-findings.ts';
import { ADMIN, expect, test } from './fixtures.ts';
import type { OpenApp } from './launch-app.ts';
import { namesOnScreens } from './names-on-screens.ts';
import { type } from './page-actions.ts';
import { latinWords, resizePage, settledLayoutFaults } from './page-checks.ts';

/** The whole app in the languages that are not English: nothing left in English, nothing that does not fit, and in the long run nothing that axe-core finds. */

const large = { width: 1200, height: 800 };
const small = { width: 640, height: 480 };
/** In every run each theme and each size once; in the long run each with each. */
const looks =
  process.env['MAVIS_LONG'] === '1'
    ? ([['light', large], ['light', small], ['dark', large], ['dark', small]] as const)
    : ([['light', small], ['dark', large]] as const);
/** axe takes most of the time: here it reads in the long run. In every run `accessibility.spec.ts` has it read more scenes than these, in every theme and language. */
const axeReads = process.env['MAVIS_LONG'] === '1';
const pictures = join(import.meta.dirname, '../../test-results/languages');
mkdirSync(pictures, { recursive: true });

/** Looks at a page small and large, light and dark; tells all that is wrong with it. */
async function faultsOf(app: OpenApp, page: Page, language: TextLanguage, place: string, names: readonly string[]): Promise<string[]> {
  const name = `${language}-${place}`;
  const faults: string[] = [];
  for (const [theme, size] of looks) {
    await page.evaluate((shown) => window.mavis.settings.update({ changes: { theme: shown } }), theme);
    await expect(page.locator(`html[data-theme="${theme}"]`)).toBeAttached();
    await resizePage(app, page, size);
    await page.mouse.move(0, 0);
    const found = [...(await settledLayoutFaults(page)), ...(axeReads ? await axeFindings(page) : []), ...(theme === 'light' ? await latinWords(page, names) : [])];
    // Of every page in the long run, and of what is wrong in every one.
    if (found.length > 0 || process.env['MAVIS_LONG'] === '1') await page.screenshot({ path: join(pictures, `${name}-${theme}-${size.width}.png`) });
    faults.push(...found.map((fault) => `${name}, ${theme}, ${size.width}x${size.height}: ${fault}`));
  }
  return faults;
}

// Each of them takes minutes: side by side where there is more than one worker.
test.describe.configure({ mode: 'parallel' });

for (const language of ['ja', 'zh-Hant'] as const satisfies readonly TextLanguage[]) {
  test(`every page in ${language}, small and large, light and dark: all words in that language, and all in its place`, async ({ app, system }) => {
    test.setTimeout(420_000);
    const { text } = createTranslator(language);
    const names = [ADMIN.name, ...(await namesOnScreens(system))];
    const { main } = app;
    const menu = (label: 'resources' | 'sessions' | 'recordings' | 'audit' | 'errors' | 'settings') => main.getByRole('navigation').getByRole('button', { name: new RegExp(`^${text(`nav.${label}`)}\\s*\\d*$`) });
    await main.evaluate(() => window.mavis.settings.update({ changes: { terminalScreenReader: false } }));

    await main.getByRole('navigation').getByRole('button', { name: 'Settings' }).click();
    await main.getByLabel('Language', { exact: true }).selectOption(language);
    await expect(main.locator(`html[lang="${language}"]`)).toBeAttached();
    const faults = await faultsOf(app, main, language, 'settings', names);

    await menu('resources').click();
    await main.getByRole('grid').press('Space');
    await expect(main.getByRole('complementary')).toBeVisible();
    faults.push(...(await faultsOf(app, main, language, 'resources-details', names)));
    await main.keyboard.press('Escape');
    await main.getByRole('button', { name: text('resources.help') }).click();
    faults.push(...(await faultsOf(app, main, language, 'resources', names)));
    await main.getByRole('button', { name: text('resources.help') }).click();
    await main.evaluate(() => window.mavis.settings.update({ changes: { resourceView: 'cards' } }));
    faults.push(...(await faultsOf(app, main, language, 'cards', names)));
    await main.evaluate(() => window.mavis.settings.update({ changes: { resourceView: 'list' } }));

    await main.getByRole('searchbox').first().fill(system.live.name);
    await expect(main.getByRole('gridcell').filter({ hasNotText: system.live.name })).toHaveCount(0);
    const session = await app.nextWindow(() => main.getByRole('button', { name: text('resources.connect', { name: system.live.name, protocol: 'SSH' }) }).first().click());
    await expect(session.getByText(text('session.recording'), { exact: true })).toBeVisible();
    await type(session, 'echo 日本語 繁體中文');
    faults.push(...(await faultsOf(app, session, language, 'session', names)));
    await session.getByRole('button', { name: text('session.end') }).click();
    faults.push(...(await faultsOf(app, session, language, 'session-closing', names)));
    await session.getByRole('dialog').getByRole('button', { name: text('session.end') }).click();
    await expect(session.getByRole('alert', { name: text('session.ended') })).toBeVisible();
    faults.push(...(await faultsOf(app, session, language, 'session-ended', names)));

    await system.stopGateway();
    try {
      const failed = await app.nextWindow(() => main.getByRole('button', { name: text('resources.connect', { name: system.live.name, protocol: 'SSH' }) }).first().click());
      await expect(failed.getByRole('alert')).toContainText(text('session.failed'), { timeout: 60_000 });
      faults.push(...(await faultsOf(app, failed, language, 'session-failed', names)));
      await main.getByRole('searchbox').first().fill('');
      faults.push(...(await faultsOf(app, main, language, 'resources-no-gateway', names)));
    } finally {
      await system.startGateway();
    }

    await menu('sessions').click();
    faults.push(...(await faultsOf(app, main, language, 'sessions', names)));
    await menu('errors').click();
    await expect(main.getByRole('row').nth(1)).toBeVisible();
    faults.push(...(await faultsOf(app, main, language, 'errors', names)));
    await menu('audit').click();
    await main.getByRole('row', { name: 'connection.ended' }).first().click();
    await main.getByRole('button', { name: text('audit.verify') }).click();
    await expect(main.locator('.notice-good')).toBeVisible();
    faults.push(...(await faultsOf(app, main, language, 'audit', names)));
    await menu('recordings').click();
    await expect(main.getByRole('row').nth(1)).toBeVisible();
    faults.push(...(await faultsOf(app, main, language, 'recordings', names)));
    const play = main.locator('td button[aria-disabled="false"]').first();
    // It becomes playable by itself when the service has it.
    await expect(play).toBeVisible({ timeout: 60_000 });
    await play.click();
    await expect(main.getByRole('slider')).toBeVisible();
    faults.push(...(await faultsOf(app, main, language, 'player', names)));

    await main.keyboard.press('Escape');
    await main.locator('.account > button').click();
    faults.push(...(await faultsOf(app, main, language, 'account', names)));
    await main.getByRole('menuitem', { name: text('account.sign-out') }).click();
    await expect(main.getByRole('form', { name: text('sign-in.title') })).toBeVisible();
    await main.getByLabel(text('sign-in.user-name'), { exact: true }).fill(ADMIN.name);
    await main.getByLabel(text('sign-in.password'), { exact: true }).fill('not the password');
    await main.getByRole('button', { name: text('sign-in.submit'), exact: true }).click();
    await expect(main.getByRole('alert')).toBeVisible();
    faults.push(...(await faultsOf(app, main, language, 'sign-in', names)));
    await main.getByRole('button', { name: text('sign-in.add-profile') }).click();
    faults.push(...(await faultsOf(app, main, language, 'profile', names)));
    writeFileSync(join(pictures, `${language}-faults.txt`), faults.join('\n'));
    expect([...new Set(faults)]).toEqual([]);
  });
}
