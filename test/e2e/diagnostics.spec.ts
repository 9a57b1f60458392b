import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { z } from 'zod';
import { accessRulesRoutes } from '../../shared/api/access-rules.ts';
import type { AccessRuleId } from '../../shared/ids.ts';
import { createTranslator } from '../../shared/languages/translate.ts';
import { diagnosisRun } from '../../shared/diagnostics/diagnosis-run.ts';
import { axeFindings } from '../fixtures/axe-findings.ts';
import { runProgram } from '../fixtures/run-program.ts';
import { ADMIN, expect, test } from './fixtures.ts';
import type { OpenApp } from './launch-app.ts';
import { connect, openMenu, signedIn, signIn } from './page-actions.ts';
import { resizePage, settledLayoutFaults } from './page-checks.ts';

const USER = { name: 'diagnosed-user', password: 'correct horse battery diagnosed' } as const;
const pictures = join(import.meta.dirname, '../../test-results/diagnostics');
mkdirSync(pictures, { recursive: true });
const repository = join(import.meta.dirname, '../..');
/** Electron's own command line, by which the stand-in is found too. */
const electronProgram = join(repository, 'node_modules/electron/cli.js');
const jsonReport = z.object({ run: diagnosisRun });

let ruleId: AccessRuleId | undefined;
test.beforeAll(async ({ system }) => {
  await system.addUser(USER.name, 'user', USER.password);
  ({ id: ruleId } = await system.admin.call(accessRulesRoutes.accessRuleCreate, { body: { name: 'diagnosed', subject: { kind: 'role', role: 'user' }, filter: '', protocols: ['ssh'], policy: {} } }));
});
// It gives all users everything, and would go before the rules of the tests that come after.
test.afterAll(async ({ system }) => {
  if (ruleId !== undefined) await system.admin.call(accessRulesRoutes.accessRuleRemove, { params: { accessRuleId: ruleId } });
});

const ended = (page: Page) => expect(page.getByText(/^Checked .* in /)).toBeVisible({ timeout: 60_000 });
const windowCount = (app: OpenApp): Promise<number> => app.electronApp.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length);
const inFront = async (app: OpenApp, page: Page): Promise<boolean> => (await app.electronApp.browserWindow(page)).evaluate((window) => window.isFocused());
/** A connection that fails while no Gateway runs, and the diagnosis window that its own window opens. */
const diagnoseFailed = async (app: OpenApp, resource: string): Promise<{ readonly session: Page; readonly diagnosis: Page }> => {
  const session = await connect(app, resource);
  await expect(session.getByRole('alert')).toContainText('Connection failed', { timeout: 60_000 });
  // By keyboard: the next of the buttons before "Try again", which has the focus.
  await expect(session.getByRole('button', { name: 'Try again' })).toBeFocused();
  await session.keyboard.press('Shift+Tab');
  await expect(session.getByRole('button', { name: 'Diagnose' })).toBeFocused();
  const diagnosis = await app.nextWindow(() => session.keyboard.press('Enter'));
  await ended(diagnosis);
  return { session, diagnosis };
};

test('S43-S46, S13: a failed connection opens a diagnosis window beside its own, which names the broken leg and who must act, and what changed since it last worked; in three languages, without what axe finds', async ({ app, system }) => {
  const { main } = app;
  await openMenu(main, 'Diagnostics');
  await ended(main);
  await expect(main.getByText('Nothing is wrong.')).toBeVisible();
  await main.getByRole('navigation').getByRole('button', { name: /^Resources/ }).click();
  await system.stopGateway();
  try {
    const { session, diagnosis } = await diagnoseFailed(app, system.live.name);
    await expect(diagnosis).toHaveTitle(`Diagnosis: ${system.live.name} (SSH)`);
    const first = diagnosis.getByRole('region', { name: /causes? found/ }).getByRole('listitem').first();
    await expect(first).toContainText('it does not run');
    await expect(first).toContainText('Gateway administrator');
    const changes = diagnosis.getByRole('region', { name: /^What changed since it last worked/ });
    await expect(changes).toContainText('refused');
    await expect(diagnosis.getByRole('region', { name: 'Last runs' }).getByRole('row').last()).toContainText('Nothing is wrong');

    // Asked again there is one window, which comes to the front; the session's stays usable beside it.
    await session.bringToFront();
    const before = await windowCount(app);
    await session.getByRole('button', { name: 'Diagnose' }).click();
    await expect.poll(() => inFront(app, diagnosis)).toBe(true);
    expect(await windowCount(app)).toBe(before);
    await ended(diagnosis);

    for (const language of ['en', 'ja', 'zh-Hant'] as const) {
      const { text } = createTranslator(language);
      await main.evaluate((chosen) => window.mavis.settings.update({ changes: { language: chosen } }), language);
      await expect(diagnosis.locator(`html[lang="${language}"]`)).toBeAttached();
      await expect(diagnosis.getByText(text('actor.gateway-administrator')).first()).toBeVisible();
      for (const size of [{ width: 900, height: 700 }, { width: 480, height: 360 }]) {
        await resizePage(app, diagnosis, size);
        expect(await settledLayoutFaults(diagnosis)).toEqual([]);
        await diagnosis.screenshot({ path: join(pictures, `window-${language}-${size.width}.png`) });
      }
      expect(await axeFindings(diagnosis)).toEqual([]);
    }
  } finally {
    await system.startGateway();
  }
});

test('a user sends the report of a failed connection and gets a reference, which an operator finds beside what the audit log says of the user; what was found goes with the sign-out', async ({ openApp, system }) => {
  const app = await signedIn(await openApp(), system, USER.name, USER.password);
  const { main } = app;
  await system.stopGateway();
  let reference: string;
  try {
    const { session, diagnosis } = await diagnoseFailed(app, system.live.name);
    await diagnosis.getByRole('button', { name: 'Report…' }).press('Enter');
    const dialog = diagnosis.getByRole('dialog', { name: 'Report to hand over' });
    await expect(dialog.getByLabel('Report to hand over').last()).toContainText(system.live.name);
    await dialog.getByRole('button', { name: 'Send to the helpdesk' }).press('Enter');
    reference = /MV-[0-9A-Z]{5}-[0-9A-Z]{5}/.exec((await dialog.getByRole('button', { name: /^Copy MV-/ }).textContent()) ?? '')?.[0] ?? '';
    expect(reference).not.toBe('');
    const closed = diagnosis.waitForEvent('close');
    await main.getByRole('button', { name: USER.name }).click();
    await main.getByRole('menuitem', { name: 'Sign out' }).click();
    await closed;
    await session.close();
  } finally {
    await system.startGateway();
  }
  await signIn(main, ADMIN.name, ADMIN.password);
  await openMenu(main, 'Diagnostics');
  // Of the user before nothing is left on the page.
  await ended(main);
  await expect(main.getByRole('main')).not.toContainText(system.live.name);
  await main.getByRole('button', { name: 'Reports sent' }).click();
  const row = main.getByRole('row').filter({ hasText: reference });
  await expect(row).toContainText(USER.name);
  await row.getByRole('button').first().click();
  const details = main.getByRole('complementary', { name: reference });
  await expect(details.getByLabel('Report to hand over')).toContainText(system.live.name);
  await expect(details.getByRole('listitem').filter({ hasText: 'connection.failed' }).first()).toBeVisible();
  await expect(details.getByRole('listitem').filter({ hasText: 'sign-in.succeeded' }).first()).toBeVisible();
  expect(await axeFindings(main)).toEqual([]);
  await main.screenshot({ path: join(pictures, 'reports-sent.png') });
});

test('mavis diagnose beside the running app: the cause that the page names, in three languages, as JSON and as a file; it ends with 0, 1 or 2', async ({ app, system }) => {
  const diagnose = (...words: readonly string[]) => runProgram(process.execPath, [electronProgram, repository, `--user-data-dir=${app.userData}`, 'diagnose', ...words], { environment: { ...process.env, ELECTRON_STANDIN_NODE: process.execPath, LANG: 'en_US.UTF-8' } });
  await openMenu(app.main, 'Diagnostics');
  await ended(app.main);
  // A line that is slow for a moment is a finding, and rightly: a machine with much to do may have one.
  const well = async () => {
    const { code, output } = await diagnose('--json');
    return [code, jsonReport.parse(JSON.parse(output)).run.findings];
  };
  await expect.poll(well, { timeout: 120_000 }).toEqual([0, []]);
  expect((await diagnose('--what')).code).toBe(2);
  await system.stopGateway();
  try {
    const file = join(pictures, 'report.html');
    const told = await diagnose('--report', file);
    expect(told.code).toBe(1);
    expect(told.output).toContain('it does not run');
    expect(told.output).toContain('Who must act: Gateway administrator');
    expect(readFileSync(file, 'utf8')).toContain('it does not run');
    expect(jsonReport.parse(JSON.parse((await diagnose('--json')).output)).run.findings[0]).toMatchObject({ code: 'gateway-down', leg: 'gateway', actor: 'gateway-administrator' });
    for (const language of ['ja', 'zh-Hant'] as const) {
      await app.main.evaluate((chosen) => window.mavis.settings.update({ changes: { language: chosen } }), language);
      await expect(app.main.locator(`html[lang="${language}"]`)).toBeAttached();
      await expect.poll(async () => (await diagnose()).output, { timeout: 60_000 }).toContain(createTranslator(language).text('actor.gateway-administrator'));
    }
  } finally {
    await app.main.evaluate(() => window.mavis.settings.update({ changes: { language: 'en' } }));
    await system.startGateway();
  }
});
