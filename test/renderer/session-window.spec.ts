import { expect, type Page, test } from '@playwright/test';
import { calls, hold, letGo, openSession, output, SESSION_ID } from './open-page.ts';

const BEL = '\u0007';

/** Changes a place of the session that the window shows, as main does. */
function change(page: Page, path: readonly (string | number)[], value: unknown): Promise<void> {
  return page.evaluate(([at, changed, id]) => window.harness.patch('sessions', ['items', id, ...at], changed), [[...path], value, SESSION_ID] as const);
}

/** What was sent to the target. */
const sent = (page: Page): Promise<string> => page.evaluate(() => window.harness.input());

test('S14: the steps of a connection stand in their order, the Gateway with its name and segment, each with how it went and how long it took, and go on as they happen', async ({ page }) => {
  const faults = await openSession(page, 'connecting');
  const steps = page.getByRole('list').filter({ hasText: 'Checking your access' }).getByRole('listitem');
  await expect(steps).toHaveText([
    /^Checking your access.*done.*41/,
    /^Choosing a Gateway.*tokyo-gw-1.*gateway-tokyo.*done.*18/,
    /^Reaching the Gateway.*done.*66/,
    /^Gateway reaches the target.*Dialling the target.*in progress/,
    /^Signing on to the target.*waiting/,
    /^Starting the recording.*waiting/,
  ]);
  const now = page.locator('[aria-current="step"]');
  await expect(now).toHaveText(/^Gateway reaches the target/);
  await change(page, ['stepsMs', 'target-reached'], 12);
  await change(page, ['phase'], { status: 'connecting', step: 'signed-on', detail: 'checking-identity', prompt: null });
  await expect(now).toHaveText(/^Signing on to the target.*Checking the target’s identity/);
  await expect(steps.nth(3)).toHaveText(/done.*12/);
  await change(page, ['phase'], { status: 'connecting', step: 'recording', detail: null, prompt: null });
  await expect(now).toHaveText(/^Starting the recording/);
  expect(faults.list).toEqual([]);
});

test('a connection is given up at any of its steps, by keyboard too, and while the target asks', async ({ page }) => {
  await openSession(page, 'connecting');
  await page.getByRole('button', { name: 'Cancel' }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => calls(page, 'sessions.cancel')).toEqual([{ sessionId: SESSION_ID }]);
  for (const step of ['access', 'gateway-chosen', 'gateway-reached', 'signed-on', 'recording']) {
    await change(page, ['phase'], { status: 'connecting', step, detail: null, prompt: null });
    await expect(page.locator('[aria-current="step"]')).toHaveCount(1);
    await page.getByRole('button', { name: 'Cancel' }).click();
  }
  await expect.poll(() => calls(page, 'sessions.cancel')).toHaveLength(6);
  await openSession(page, 'prompt');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect.poll(() => calls(page, 'sessions.cancel')).toEqual([{ sessionId: SESSION_ID }]);
});

test('S15: the bar under a session names resource, Gateway, segment and reference, says whether it is recorded, how far away it is and how long it lasts, and follows each', async ({ page }) => {
  await openSession(page, 'connected');
  const bar = page.getByLabel('State of the session');
  await change(page, ['phase', 'since'], new Date(Date.now() - 62_000).toISOString());
  for (const told of [/Resource\s*tokyo-db-00009/, /Gateway\s*tokyo-gw-1/, /Gateway segment\s*gateway-tokyo/, /Round trip\s*23\sms/, 'MV-7K3QX-M2P9D', /Duration\s*1:\d\d/]) await expect(bar).toContainText(told);
  await expect(bar.locator('.recording-mark')).toHaveText('Recorded');
  const lasted = async (): Promise<number> => {
    const [, minutes = '', seconds = ''] = /Duration\s*(\d+):(\d\d)/.exec(await bar.innerText()) ?? [];
    return Number(minutes) * 60 + Number(seconds);
  };
  const before = await lasted();
  await expect.poll(lasted).toBeGreaterThan(before);
  await change(page, ['phase', 'roundTripMs'], 1230);
  await expect(bar).toContainText(/Round trip\s*1\.2/);
  await change(page, ['phase', 'recording'], false);
  await expect(bar.locator('.recording-mark')).toHaveCount(0);
  await expect(bar).toContainText('Not recorded');
});

test('where the rule allows neither way of the clipboard, pasting and copying say so and do nothing; where it does, the selection is copied', async ({ page }) => {
  await openSession(page, 'connected', { clipboard: 'ls' });
  await output(page, 'canary of the target\r\n$ ');
  const keys = page.locator('.xterm-helper-textarea');
  await keys.focus();
  await page.keyboard.press('Control+Shift+F');
  await page.keyboard.type('canary');
  await expect(page.getByText('1 of 1')).toBeVisible();
  await page.keyboard.press('Escape');
  // The search's match stays selected.
  await page.keyboard.press('Control+Shift+C');
  await expect.poll(() => calls(page, 'app.copyText')).toEqual([{ text: 'canary' }]);

  // One that is still on its way when the rule changes goes well afterwards, and takes away no word of what is refused meanwhile.
  await hold(page, 'app.copyText');
  await page.keyboard.press('Control+Shift+C');
  await change(page, ['policy', 'clipboardOut'], false);
  await page.keyboard.press('Control+Shift+C');
  const refused = page.getByRole('alert');
  await expect(refused).toContainText('Your access does not allow this in a session: copying.');
  await letGo(page, 'app.copyText');
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
  await expect(refused).toContainText('Your access does not allow this in a session: copying.');
  await refused.getByRole('button', { name: 'Close' }).click();
  expect(await calls(page, 'app.copyText')).toHaveLength(2);

  await change(page, ['policy', 'clipboardIn'], false);
  await keys.focus();
  await page.keyboard.press('Control+Shift+V');
  await expect(refused).toContainText('Your access does not allow this in a session: pasting.');
  expect(await sent(page)).toBe('');
  await change(page, ['policy', 'clipboardIn'], true);
  await keys.focus();
  await page.keyboard.press('Control+Shift+V');
  await expect.poll(() => sent(page)).toBe('ls');
});

test('a text that is larger than a paste may be is not cut without a word, even where lines are not asked about', async ({ page }) => {
  await openSession(page, 'connected');
  await page.evaluate(() => window.harness.patch('settings', ['warnBeforePastingLines'], false));
  const paste = (text: string): Promise<void> =>
    page.locator('.xterm-helper-textarea').evaluate((element, pasted) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', pasted);
      element.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    }, text);
  await paste('one\ntwo\n');
  await expect.poll(() => sent(page)).toBe('one\rtwo\r');
  await paste('x'.repeat(1024 * 1024 + 1));
  const question = page.getByRole('dialog', { name: 'Paste 1 line?' });
  await expect(question).toContainText('The text holds more than can be pasted at once; only its beginning is taken.');
  await question.getByRole('button', { name: 'Cancel' }).click();
  expect(await sent(page)).toBe('one\rtwo\r');
});

test('the bell of a target is seen, heard or neither, as the settings say', async ({ page }) => {
  await page.addInitScript(() => {
    const heard = { times: 0 };
    const { AudioContext: Real } = window;
    class Counted extends Real {
      constructor() {
        super();
        heard.times += 1;
      }
    }
    Object.assign(window, { AudioContext: Counted, heard });
  });
  await openSession(page, 'connected');
  await page.evaluate(() => {
    const seen = { times: 0 };
    const area = document.querySelector('.terminal-area');
    if (area) new MutationObserver(() => (seen.times += area.getAttribute('data-bell') === 'true' ? 1 : 0)).observe(area, { attributeFilter: ['data-bell'] });
    Object.assign(window, { seen });
  });
  const bells = (): Promise<unknown> => page.evaluate(() => ['seen', 'heard'].map((kind) => Object(Reflect.get(window, kind)).times));
  let rung = 0;
  const ring = async (how: 'visual' | 'sound' | 'none'): Promise<void> => {
    await page.evaluate((wanted) => window.harness.patch('settings', ['terminalBell'], wanted), how);
    // The text behind the bell says that it has come.
    rung += 1;
    await output(page, `${BEL}rung-${rung}.`);
    await expect(page.locator('.xterm-rows')).toContainText(`rung-${rung}.`);
  };
  await ring('visual');
  await expect.poll(bells).toEqual([1, 0]);
  // A bell that comes at once is the same one; this waits until the next counts.
  await expect(async () => {
    await ring('sound');
    expect(await bells()).toEqual([1, 1]);
  }).toPass({ intervals: [100] });
  await page.waitForFunction(() => document.querySelector('[data-bell="false"]') !== null);
  await ring('none');
  expect(await bells()).toEqual([1, 1]);
});
