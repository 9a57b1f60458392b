import { expect, type Page, test } from '@playwright/test';
import { InputMethod } from '../fixtures/input-method.ts';
import { remoteFxSession } from '../fixtures/rdp-connection-log.ts';
import { messages } from '../fixtures/rfb-client.ts';
import { isSlowPath, PduFramer } from '../../shared/rdp/pdu-framer.ts';
import { calls, openRdp, openSession, output, SESSION_ID } from './open-page.ts';

const tools = (page: Page) => page.getByRole('toolbar', { name: 'Desktop tools' });

for (const [protocol, scene] of [['VNC', 'desktop-vnc'], ['RDP', 'desktop-rdp']] as const) {
  test(`S20: the window of ${protocol} has the tools of every desktop, and says way, recording, latency, frame rate and whether the target leg is encrypted`, async ({ page }) => {
    const faults = await openSession(page, scene);
    const state = page.getByLabel('State of the session');
    for (const said of ['tokyo-gw-1', 'gateway-tokyo', 'Recorded', '23', '0 fps']) await expect(state).toContainText(said);
    await expect(state.getByText('Target leg unencrypted')).toHaveCount(protocol === 'VNC' ? 1 : 0);
    await expect(tools(page).getByRole('button', { name: 'Send clipboard' })).toHaveAttribute('aria-disabled', 'false');
    // Nothing was copied on the target yet.
    await expect(tools(page).getByRole('button', { name: 'Take clipboard' })).toHaveAttribute('aria-disabled', 'true');
    await expect(tools(page).getByRole('button', { name: /(Send|Take) files/ })).toHaveCount(protocol === 'RDP' ? 2 : 0);
    await expect(tools(page).getByLabel('Picture quality')).toHaveValue('exact');
    await tools(page).getByLabel('Picture quality').selectOption('low');
    await tools(page).getByLabel('Size of the picture').selectOption('actual');
    await expect(page.getByRole('application')).toHaveAttribute('data-scaling', 'actual');
    await tools(page).getByRole('button', { name: 'Full screen' }).click();
    await expect.poll(() => calls(page, 'sessions.toggleFullScreen')).toEqual([{ sessionId: SESSION_ID }]);
    await tools(page).getByRole('button', { name: 'View only' }).click();
    await expect(tools(page).getByRole('button', { name: 'Keys' })).toHaveAttribute('aria-disabled', 'true');
    await expect(state.getByText('View only')).toBeVisible();
    expect(faults.list).toEqual([]);
  });
}

test('a desktop is connected anew in place: its session ends, and only then another one begins', async ({ page }) => {
  await openSession(page, 'desktop-vnc');
  await tools(page).getByRole('button', { name: 'Reconnect' }).click();
  await expect.poll(() => calls(page, 'sessions.end')).toHaveLength(1);
  await expect.poll(() => calls(page, 'sessions.retry')).toEqual([{ sessionId: SESSION_ID }]);
});

test('S24: who may only look has tools that say so and do nothing', async ({ page }) => {
  await openSession(page, 'desktop-vnc-look');
  for (const name of ['Keys', 'Send clipboard', 'Take clipboard', 'View only']) await expect(tools(page).getByRole('button', { name })).toHaveAttribute('aria-disabled', 'true');
  await expect(tools(page).getByRole('button', { name: 'View only' })).toHaveAttribute('title', 'The access rule allows looking only');
  await tools(page).getByRole('button', { name: 'Send clipboard' }).dispatchEvent('click');
  expect(await calls(page, 'app.readClipboardText')).toEqual([]);
  await expect(page.getByLabel('State of the session').getByText('View only')).toBeVisible();
});

test('S24: a rule\u2019s watermark with user and time lies over a desktop, and takes no press from it', async ({ page }) => {
  await openSession(page, 'desktop-rdp');
  const watermark = page.locator('.watermark');
  await expect(watermark.locator('span').first()).toContainText(/y\.tanaka · .*\d/);
  await expect(watermark).toHaveCSS('pointer-events', 'none');
  await page.getByRole('application').click({ position: { x: 200, y: 200 } });
});

/** A VNC target's side of the beginning, as the gateway shows it: RFB 3.8, the security type "None", and a desktop of 64 by 64 points without a name. */
const VNC_BEGINNING = Buffer.from([...Buffer.from('RFB 003.008\n'), 1, 1, 0, 0, 0, 0, 0, 64, 0, 64, ...messages.pixelFormat().subarray(4), 0, 0, 0, 0]);

/** What the page has sent over VNC since its beginning, message by message of eight bytes as those of keys are: `+` and `-` are a key's press and release. */
async function keysSince(page: Page, before: number): Promise<string[]> {
  const bytes = Buffer.from(await page.evaluate(() => window.harness.inputBytes())).subarray(before);
  return Array.from({ length: bytes.length / 8 }, (_, at) => `${bytes[at * 8 + 1] === 1 ? '+' : '-'}${bytes.readUInt32BE(at * 8 + 4).toString(16)}`);
}

async function vncKeys(page: Page, scene = 'desktop-vnc'): Promise<{ readonly method: InputMethod; readonly typed: () => Promise<string[]> }> {
  await openSession(page, scene);
  // A target waits for an answer to its version, and noVNC reads on only with what comes then.
  for (const piece of [VNC_BEGINNING.subarray(0, 12), VNC_BEGINNING.subarray(12)]) await output(page, piece);
  const sent = () => page.evaluate(() => window.harness.inputBytes().length);
  // The last that an engine says by itself: a question for the picture.
  await expect.poll(async () => Buffer.from(await page.evaluate(() => window.harness.inputBytes())).subarray(-10).toString('hex')).toBe(messages.updateRequest(false, 64, 64).toString('hex'));
  await page.getByRole('application').focus();
  const before = await sent();
  return { method: await InputMethod.at(page), typed: () => keysSince(page, before) };
}

test('what an input method commits over VNC is typed letter by letter, Japanese and accented ones; nothing of it before, and keys beside it are keys', async ({ page }) => {
  const { method, typed } = await vncKeys(page);
  for (const text of ['k', 'か', 'かn', 'かんじ', '漢字']) await method.compose(text);
  expect(await typed()).toEqual([]);
  await method.commit('漢字é');
  const pressed = (...keysyms: readonly string[]): string[] => keysyms.flatMap((keysym) => [`+${keysym}`, `-${keysym}`]);
  await expect.poll(typed).toEqual(pressed('1006f22', '1005b57', 'e9'));
  await page.keyboard.press('Enter');
  await page.keyboard.press('a');
  await expect.poll(typed).toEqual(pressed('1006f22', '1005b57', 'e9', 'ff0d', '61'));
  await method.compose('ま');
  await method.cancel();
  await page.keyboard.press('b');
  await expect.poll(typed).toEqual(pressed('1006f22', '1005b57', 'e9', 'ff0d', '61', '62'));
});

test('a dead key over VNC is put together with its letter where the user\u2019s own system does so; where it does not, a target that knows places is told it', async ({ page }) => {
  const { method, typed } = await vncKeys(page);
  const dead = (type: 'keydown' | 'keyup') => page.locator('.desktop-keys').dispatchEvent(type, { key: 'Dead', code: 'Equal', bubbles: true, cancelable: true });
  await dead('keydown');
  await method.compose('´', 'Equal');
  await method.commit('é');
  await dead('keyup');
  await expect.poll(typed).toEqual(['+e9', '-e9']);
  // A rectangle that says that the target knows keys by their places (QEMU's extended key event).
  await output(page, Buffer.from('000000010000000000000000fffffefe', 'hex'));
  const since = await page.evaluate(() => window.harness.inputBytes().length);
  await dead('keydown');
  await dead('keyup');
  const told = async () => Buffer.from(await page.evaluate(() => window.harness.inputBytes())).subarray(since).toString('hex');
  // Type 255, subtype 0, down, no keysym, the place in a PC's numbers.
  await expect.poll(told).toBe(['ff000001000000000000000d', 'ff000000000000000000000d'].join(''));
  // With Shift, which is let go of first.
  const before = (await told()).length;
  await page.keyboard.down('Shift');
  await dead('keydown');
  await page.keyboard.up('Shift');
  await dead('keyup');
  const shift = (down: boolean): string => `ff00000${down ? 1 : 0}0000ffe10000002a`;
  await expect.poll(async () => (await told()).slice(before)).toBe([shift(true), 'ff000001000000000000000d', 'ff000000000000000000000d', shift(false)].join(''));
});

test('S24: over VNC an input method types nothing where one may only look', async ({ page }) => {
  const { method, typed } = await vncKeys(page, 'desktop-vnc-look');
  await method.compose('か');
  await method.commit('か');
  await page.keyboard.press('a');
  expect(await typed()).toEqual([]);
});

/** Bytes of fast-path events by their kind (MS-RDPBCGR 2.2.8.1.2.2): scan codes, the mouse, the same extended, lights, Unicode. */
const EVENT_BYTES = [2, 7, 7, 1, 3] as const;

/** What the page has typed over RDP: scan codes that go down and up, and letters of Unicode. */
async function rdpTyped(page: Page): Promise<string[]> {
  const pdus = new PduFramer().take(await page.evaluate(() => window.harness.inputBytes()));
  const typed: string[] = [];
  for (const pdu of pdus.filter((one) => !isSlowPath(one))) {
    for (let at = (pdu[1] ?? 0) < 0x80 ? 2 : 3; at < pdu.length; ) {
      const [event = 0, low = 0, high = 0] = pdu.subarray(at);
      const kind = event >> 5;
      if (kind === 0) typed.push(`${(event & 1) === 0 ? '+' : '-'}${low.toString(16)}`);
      if (kind === 4 && (event & 1) === 0) typed.push(String.fromCharCode(low | (high << 8)));
      at += EVENT_BYTES[kind] ?? pdu.length;
    }
  }
  return typed;
}

async function rdpKeys(page: Page): Promise<InputMethod> {
  await openRdp(page, remoteFxSession());
  await expect(page.locator('.rdp-area canvas')).toBeVisible();
  await page.getByRole('application').focus();
  return InputMethod.at(page);
}

test('what an input method commits over RDP goes as Unicode, once and only then; keys beside it go by their places', async ({ page }) => {
  const method = await rdpKeys(page);
  for (const text of ['k', 'か', 'かんじ', '漢字']) await method.compose(text);
  await method.commit('漢字');
  await page.keyboard.press('KeyA');
  await method.compose('ま');
  await method.cancel();
  await page.keyboard.press('Enter');
  await expect.poll(() => rdpTyped(page)).toEqual(['漢', '字', '+1e', '-1e', '+1c', '-1c']);
});

test('a dead key over RDP goes by its place, and so does its letter, where the user\u2019s own system puts them together as an input method would', async ({ page }) => {
  const method = await rdpKeys(page);
  await method.compose('´', 'Equal');
  await method.commit('é', 'KeyE');
  await method.compose('か', 'KeyK');
  await method.commit('か');
  await expect.poll(() => rdpTyped(page)).toEqual(['+d', '-d', '+12', '-12', 'か']);
});

test('the head of a desktop\u2019s window fits in three languages, down to the least width', async ({ page }) => {
  test.setTimeout(240_000);
  for (const scene of ['desktop-vnc', 'desktop-rdp', 'desktop-rdp-watching']) {
    await openSession(page, scene);
    for (const width of [1280, 1000, 640, 480]) {
      await page.setViewportSize({ width, height: 600 });
      for (const language of ['en', 'ja', 'zh-Hant']) {
        await page.evaluate((shown) => window.harness.patch('settings', ['language'], shown), language);
        await expect(page.locator(`html[lang="${language}"]`)).toBeAttached();
        const outside = () => page.locator('.session-head :is(button, select, .badge)').evaluateAll((all) => all.filter((one) => {
          const { left, right, top, bottom, height } = one.getBoundingClientRect();
          const head = one.closest('.session-head')?.getBoundingClientRect();
          // A word that is broken over lines makes its button higher than the others.
          return head === undefined || left < 0 || right > window.innerWidth || top < head.top || bottom > head.bottom + 0.5 || height > 34;
        }).map((one) => one.textContent));
        await expect.poll(outside, { message: `${scene} ${language} ${width}` }).toEqual([]);
        // Numbers of the bar below are read whole.
        const cut = () => page.locator('.status-facts > .status-fact, .status-facts ~ .status-fact').evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent));
        await expect.poll(cut, { message: `bar of ${scene} ${language} ${width}` }).toEqual([]);
      }
    }
  }
});
