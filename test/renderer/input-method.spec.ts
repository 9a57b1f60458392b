import { expect, type Page, test } from '@playwright/test';
import { InputMethod } from '../fixtures/input-method.ts';
import { openMain, openSession, output } from './open-page.ts';

const typed = (page: Page): Promise<string> => page.evaluate(() => window.harness.input());
const composing = (page: Page) => page.locator('.composition-view');

/** A page that gets to its timers late, as one does that is busy with what a target sends. */
async function withLateTimers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const setTimeoutInTime = window.setTimeout.bind(window);
    window.setTimeout = Object.assign((handler: TimerHandler, delayMs = 0, ...given: unknown[]) => setTimeoutInTime(handler, delayMs + 250, ...given), window.setTimeout);
  });
}

async function focusedTerminal(page: Page, shown: string): Promise<InputMethod> {
  await openSession(page, 'connected');
  await output(page, shown);
  await page.locator('.xterm-helper-textarea').focus();
  return InputMethod.at(page);
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly right: number;
}

function placeOf(page: Page, selector: string): Promise<Place> {
  return page.locator(selector).evaluate((element) => {
    const { left, top, right } = element.getBoundingClientRect();
    return { left, top, right };
  });
}

const languages = [
  { name: 'Japanese', keys: ['k', 'か', 'かn', 'かん', 'かんj', 'かんじ', '漢字'], committed: '漢字' },
  { name: 'Chinese by Bopomofo', keys: ['ㄓ', 'ㄓㄨ', 'ㄓㄨㄥ', '中', '中ㄨ', '中ㄨㄣ', '中文'], committed: '中文' },
  { name: 'Chinese by Cangjie', keys: ['日', '日月', '明'], committed: '明' },
  { name: 'a letter with a dead key', keys: ['´'], committed: 'é' },
];

for (const { name, keys, committed } of languages) {
  test(`an input method composes ${name} at the cursor: nothing is sent before it is committed, and the Enter that commits is no new line`, async ({ page }) => {
    const method = await focusedTerminal(page, '$ 日本 ');
    for (const text of keys) {
      await method.compose(text);
      await expect(composing(page)).toHaveText(text);
      await expect(composing(page)).toBeVisible();
    }
    // The cursor is drawn a frame after what was shown.
    await expect.poll(async () => Math.abs((await placeOf(page, '.composition-view')).left - (await placeOf(page, '.xterm-cursor')).left)).toBeLessThan(1);
    await expect.poll(async () => Math.abs((await placeOf(page, '.composition-view')).top - (await placeOf(page, '.xterm-cursor')).top)).toBeLessThan(3);
    // The system puts its list of candidates where the field is that it types into.
    for (const side of ['left', 'top'] as const) await expect.poll(async () => (await placeOf(page, '.xterm-helper-textarea'))[side] - (await placeOf(page, '.composition-view'))[side]).toBeCloseTo(0, 0);
    expect(await typed(page)).toBe('');

    await method.commit(committed);
    await expect.poll(() => typed(page)).toBe(committed);
    await expect(composing(page)).toBeHidden();
    await page.keyboard.press('Enter');
    await expect.poll(() => typed(page)).toBe(`${committed}\r`);
  });
}

test('Escape gives up what an input method composes; nothing of it is sent, and the next word is whole', async ({ page }) => {
  const method = await focusedTerminal(page, '$ ');
  await method.compose('に');
  await method.compose('にほ');
  await method.cancel();
  await expect(composing(page)).toBeHidden();
  await page.keyboard.type('ls ');
  await method.compose('とうk');
  await method.compose('東京');
  await method.commit('東京');
  await expect.poll(() => typed(page)).toBe('ls 東京');
  await page.keyboard.press('Escape');
  await expect.poll(() => typed(page)).toBe('ls 東京\u001B');
});

for (const { how, prepare } of [{ how: '', prepare: () => Promise.resolve() }, { how: ' in a page that gets to its timers late', prepare: withLateTimers }]) {
  test(`two words committed one after the other, and digits at once after them, come once and in order${how}`, async ({ page }) => {
    await prepare(page);
    const method = await focusedTerminal(page, '$ ');
    await page.keyboard.type('ls ');
    await method.compose('東京');
    await method.commit('東京');
    await method.compose('大阪');
    await method.commit('大阪');
    await page.keyboard.type('1');
    // What the input method passes on without composing it.
    await method.commit('２');
    await method.compose('か');
    await method.cancel();
    await page.keyboard.press('Enter');
    await method.compose('京都');
    await method.commit('京都');
    const all = 'ls 東京大阪1２\r京都';
    await expect.poll(async () => (await typed(page)).length).toBeGreaterThanOrEqual(all.length);
    // Whatever would come late has come.
    await page.waitForTimeout(600);
    expect(await typed(page)).toBe(all);
  });
}

test('what is composed near the right edge stays in sight', async ({ page }) => {
  const method = await focusedTerminal(page, `$ \u001B[999C\u001B[4D`);
  const text = 'とうきょうとしんじゅくく';
  await method.compose(text);
  await expect(composing(page)).toHaveText(text);
  await expect(composing(page)).toBeVisible();
  await expect.poll(async () => (await placeOf(page, '.composition-view')).right - (await placeOf(page, '.xterm-screen')).right).toBeLessThanOrEqual(1);
  await expect.poll(async () => (await placeOf(page, '.composition-view')).left - (await placeOf(page, '.xterm-screen')).left).toBeGreaterThanOrEqual(-1);
});

test('what is composed is drawn in the terminal’s own colours, and marked as not yet sent', async ({ page }) => {
  const method = await focusedTerminal(page, '$ ');
  await page.evaluate(() => window.harness.patch('settings', ['terminalTheme'], 'light'));
  await method.compose('か');
  await expect(composing(page)).toHaveCSS('text-decoration-line', 'underline');
  await expect(composing(page)).toHaveCSS('background-color', 'rgb(255, 255, 255)');
  await expect(composing(page)).not.toHaveCSS('color', 'rgb(255, 255, 255)');
});

test('letters of Japanese and Chinese take two cells each, those of half width one', async ({ page }) => {
  await openSession(page, 'connected');
  for (const [text, cells] of [['漢字', 4], ['ひらがな', 8], ['繁體中文', 8], ['ｶﾅ', 2], ['，。', 4], ['が', 2], ['か\u3099', 2], ['𠮷', 2], ['日a本', 5]] as const) {
    const before = (await typed(page)).length;
    await output(page, `\r\u001B[K${text}\u001B[6n`);
    await expect.poll(async () => (await typed(page)).slice(before)).toBe(`\u001B[1;${cells + 1}R`);
  }
});

test('in the terminal’s search an input method’s Enter and Escape are its own', async ({ page }) => {
  await openSession(page, 'connected');
  await output(page, '東京 東京 東京');
  await page.locator('.xterm-helper-textarea').focus();
  await page.keyboard.press('Control+Shift+F');
  const method = await InputMethod.at(page);
  await method.compose('とう');
  await method.compose('', 'Escape');
  const field = page.getByRole('search').locator('input').first();
  await expect(field).toBeFocused();
  await method.compose('東京');
  await method.commit('東京');
  await expect(field).toHaveValue('東京');
  const found = await page.getByText(/\d of 3/).textContent();
  await page.keyboard.press('Enter');
  await expect(page.getByText(/\d of 3/)).not.toHaveText(found ?? '');
});

test('in the search of the resources too: what was typed stays, and so do the details beside it', async ({ page }) => {
  await openMain(page);
  const search = page.getByRole('searchbox', { name: 'Search resources' });
  await search.fill('tokyo');
  await search.press('ArrowDown');
  await page.getByRole('grid').press('Space');
  const details = page.getByRole('complementary');
  await expect(details).toBeVisible();
  await search.focus();
  await search.press('End');
  const method = await InputMethod.at(page);
  await method.compose('とう');
  await method.cancel();
  await expect(search).toHaveValue('tokyo');
  await expect(details).toBeVisible();
  await method.compose('東');
  await method.commit('東');
  await expect(search).toHaveValue('tokyo東');
  await expect(search).toBeFocused();
});
