import { expect, type Page, test } from '@playwright/test';
import { encodePlaybackEnd, encodePlaybackFrames } from '../../shared/recording/playback.ts';
import { frameKind, type RecordingFrame } from '../../shared/recording/recording-frame.ts';
import { playbackBytes } from './page-harness/made-data.ts';
import { calls, hold, letGo, openMain, openPage, terminalText } from './open-page.ts';

async function play(page: Page, query: Readonly<Record<string, string>> = {}) {
  const faults = await openMain(page, { reader: '1', ...query });
  await openPage(page, 2);
  await page.getByRole('button', { name: /^Play tokyo-db-00009/ }).first().click();
  return faults;
}

/** Plays a recording of which nothing comes before `playback.open` is let go: it is at its beginning then, however long a press takes. */
async function playHeld(page: Page, query: Readonly<Record<string, string>> = {}) {
  const faults = await openMain(page, { reader: '1', ...query });
  await hold(page, 'playback.open');
  await openPage(page, 2);
  await page.getByRole('button', { name: /^Play tokyo-db-00009/ }).first().click();
  return faults;
}

test('the main window starts without terminal and engines of desktops: they come with the first recording that is played', async ({ page }) => {
  const scripts: Promise<string>[] = [];
  page.on('response', (response) => {
    if (new URL(response.url()).pathname.endsWith('.js')) scripts.push(response.text());
  });
  const withTerminal = async () => (await Promise.all(scripts)).filter((text) => text.includes('xterm-helper-textarea')).length;
  await openMain(page);
  await openPage(page, 2);
  await expect(page.getByRole('row').nth(1)).toBeVisible();
  expect(await withTerminal()).toBe(0);
  await page.getByRole('row').nth(1).getByRole('button').last().click();
  await expect(page.getByRole('slider')).toBeVisible();
  await expect.poll(withTerminal).toBe(1);
});

test('a recording plays, seeks to its end and back, and shows wide text', async ({ page }) => {
  const faults = await play(page);
  await page.getByRole('slider', { name: 'Position' }).press('End');
  await expect.poll(() => terminalText(page)).toContain('made-42 日本語 繁體');
  await expect(page.getByText('0:41 / 0:41')).toBeVisible();
  await page.getByRole('button', { name: 'Pause' }).or(page.getByRole('button', { name: 'Play again' })).first().focus();
  await page.getByRole('slider', { name: 'Position' }).press('Home');
  await expect.poll(() => terminalText(page)).not.toContain('made-42');
  expect(faults.list).toEqual([]);
});

test('S58: a recording plays by itself, stands still while it is paused, and goes faster as asked, by mouse and by keyboard', async ({ page }) => {
  await playHeld(page);
  await page.getByLabel('Skip idle time').uncheck();
  await letGo(page, 'playback.open');
  const slider = page.getByRole('slider', { name: 'Position' });
  const position = async (): Promise<number> => Number(await slider.inputValue());
  await expect.poll(position).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Pause' }).click();
  const paused = await position();
  await page.evaluate(async () => {
    for (let frames = 0; frames < 30; frames += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
  });
  expect(await position()).toBe(paused);

  await slider.press('Home');
  await page.getByLabel('Speed').selectOption('2');
  const measured = slider.evaluate(async (input) => {
    const at = (): number => (input instanceof HTMLInputElement ? Number(input.value) : Number.NaN);
    const frame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
    // Asked for outside of a frame, ours come after the player's own, at whose times it stands where it shows: whatever held up the page before.
    while (at() === 0) await new Promise((resolve) => setTimeout(resolve));
    const [began, beganAt] = [await frame(), at()];
    let now = began;
    while (at() - beganAt < 3000) now = await frame();
    return (at() - beganAt) / (now - began);
  });
  const [rate] = await Promise.all([measured, slider.press(' ')]);
  expect([rate > 1.5, rate < 3]).toEqual([true, true]);
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await slider.press(' ');
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
  await slider.press('>');
  await expect(page.getByLabel('Speed')).toHaveValue('4');
});

test('S58: the player takes its keys from the first moment on, with nothing clicked in it', async ({ page }) => {
  await playHeld(page);
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await page.keyboard.press(' ');
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeVisible();
  await letGo(page, 'playback.open');
  await page.keyboard.press('>');
  await expect(page.getByLabel('Speed')).toHaveValue('2');
  await page.keyboard.press('End');
  await expect(page.getByText('0:41 / 0:41')).toBeVisible();
  await page.keyboard.press('f');
  await expect.poll(() => calls(page, 'playback.setFullScreen')).toEqual([{ full: true }]);
  await page.keyboard.press('Escape');
  await expect.poll(() => calls(page, 'playback.setFullScreen')).toEqual([{ full: true }, { full: false }]);
});

test('S69: the player says what was proven of the recording that it plays: all of it, not its end and why, or only up to a break', async ({ page }) => {
  await play(page);
  await expect(page.getByText('Verified to its end')).toBeVisible();
  await play(page, { end: 'incomplete', code: 'recording.spool-full' });
  await expect(page.getByText('The Gateway’s disk was full, so the recording ended.')).toBeVisible();
  await play(page, { end: 'broken', code: 'recording.broken' });
  await expect(page.getByRole('alert')).toContainText('Changed or damaged after 0:41: what comes before is proven.Do not use it as evidence.');
  await expect(page.getByText('Verified to its end')).toHaveCount(0);
});

test('B8: a recorded terminal is as hardened as a live one: no input, dead links, no clipboard', async ({ page }) => {
  await play(page);
  await page.getByRole('slider', { name: 'Position' }).press('End');
  await expect.poll(() => terminalText(page)).toContain('a link');
  const rows = (await terminalText(page)).split('\n');
  const row = rows.findIndex((line) => line.includes('a link'));
  const screen = page.locator('.xterm-screen');
  const box = await screen.boundingBox();
  const rowHeight = (box?.height ?? 0) / 32;
  await screen.click({ position: { x: 12, y: rowHeight * (row + 0.5) } });
  await page.keyboard.type('typed');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(await calls(page, 'app.openLink')).toEqual([]);
  expect(await calls(page, 'app.copyText')).toEqual([]);
  expect(await terminalText(page)).not.toContain('typed');
});

test('S58: what a terminal printed is found, and each place is jumped to; full screen is entered and left', async ({ page }) => {
  await play(page);
  const found = page.locator('.player-found');
  const field = page.getByRole('searchbox', { name: 'Search what was printed' });
  await field.fill('MADE-42 日本');
  await expect(found).toHaveText('0 of 1');
  await field.press('Enter');
  await expect(found).toContainText('1 of 1');
  await expect(found).toContainText('made-42 日本語 繁體');
  await expect.poll(() => terminalText(page)).toContain('made-42 日本語');
  await field.fill('nobody printed this');
  await expect(found).toHaveText('0 of 0');
  await page.getByRole('button', { name: 'Full screen' }).click();
  await expect.poll(() => page.locator('.player').evaluate((player) => player.getBoundingClientRect().width === window.innerWidth)).toBe(true);
  await page.keyboard.press('Escape');
  await expect.poll(() => calls(page, 'playback.setFullScreen')).toEqual([{ full: true }, { full: false }]);
});

test('A13, B8: a recorded desktop that sends what nobody can read stops its own drawing, and not the page', async ({ page }) => {
  const faults = await playHeld(page, { recording: 'rdp' });
  const picture = page.getByRole('group', { name: 'Played desktop' }).locator('canvas');
  const colourAt = (x: number, y: number) => picture.evaluate((canvas, at) => (canvas instanceof HTMLCanvasElement ? [...(canvas.getContext('2d')?.getImageData(at.x, at.y, 1, 1).data ?? [])].join(' ') : ''), { x, y });
  const position = page.getByRole('slider', { name: 'Position' });
  await page.getByRole('button', { name: 'Pause' }).click();
  await letGo(page, 'playback.open');
  await expect(position).toHaveAttribute('max', '41000');
  // One that is played to here shows the squares of 1 s, and of 20 s.
  const colours = ['16 0 25 255', '132 0 197 255'] as const;
  for (const [at, colour] of [['15000', colours[0]], ['25000', colours[1]], ['15000', colours[0]]] as const) {
    await position.fill(at);
    await expect.poll(() => colourAt(70, 5)).toBe(colour);
  }
  await position.press('End');
  await expect(page.getByRole('alert')).toContainText('From some moment on, what was recorded cannot be drawn');
  // The picture is the last that could be drawn, and what is recorded behind it is not.
  await expect.poll(() => colourAt(70, 5)).toBe(colours[1]);
  expect(await colourAt(5, 5)).not.toBe('255 255 255 255');
  await position.fill('15000');
  await expect.poll(() => colourAt(70, 5)).toBe(colours[0]);
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await expect.poll(() => calls(page, 'playback.close')).toHaveLength(1);
  expect(faults.list.filter((fault) => fault.includes('Content Security'))).toEqual([]);
  // E7: WebAssembly runs in the decoder alone.
  expect(await page.evaluate(() => WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)).then(() => 'compiled', (error: unknown) => String(error)))).toContain('Content Security Policy');
});

test('verify says what was proven, export saves, and leaving closes the playback', async ({ page }) => {
  await play(page);
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByText('Verified: 4,211 frames, chain whole, signature right')).toBeVisible();
  await page.getByRole('button', { name: 'Export as asciicast' }).click();
  await expect(page.getByText('The recording was saved.')).toBeVisible();
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  await expect.poll(() => calls(page, 'playback.close')).toHaveLength(1);
});

test('S58: a recording whose bytes arrive while the list is open becomes playable by itself', async ({ page }) => {
  await openMain(page);
  await openPage(page, 2);
  const buttons = page.getByRole('button', { name: /^Play tokyo-db-00009/ });
  await expect(buttons.nth(1)).toHaveAttribute('aria-disabled', 'true');
  await page.evaluate(() => {
    window.harness.pulled = true;
    window.harness.patch('changes', ['recordings'], 1);
  });
  await expect(buttons.nth(1)).toHaveAttribute('aria-disabled', 'false');
});

test('S58: a change that comes while the list is on its way is not lost with the older answer', async ({ page }) => {
  await openMain(page);
  const asked = () => calls(page, 'service.recordingList');
  await page.evaluate(() => {
    window.harness.held = new Promise((resolve) => window.addEventListener('answer', () => resolve(), { once: true }));
  });
  await openPage(page, 2);
  await expect.poll(asked).toHaveLength(1);
  await page.evaluate(() => {
    window.harness.pulled = true;
    window.harness.patch('changes', ['recordings'], 1);
  });
  await page.evaluate(() => window.dispatchEvent(new Event('answer')));
  await expect(page.getByRole('button', { name: /^Play tokyo-db-00009/ }).nth(1)).toHaveAttribute('aria-disabled', 'false');
  expect(await asked()).toHaveLength(2);
});

test('S69: a recording that is not whole says why in the list', async ({ page }) => {
  await openMain(page);
  await openPage(page, 2);
  await expect(page.getByRole('row', { name: /Incomplete/ })).toContainText('The end of this recording is missing');
});

/** Seven megabytes in 25 seconds: each prints lines until its mark. */
function longPlayback(): Buffer {
  const encoder = new TextEncoder();
  const frames: RecordingFrame[] = [];
  for (let second = 1; second <= 25; second += 1) {
    const lines = Array.from({ length: 300 }, (_none, line) => `\u001B[3${line % 8}m${String(second * 1000 + line).padEnd(20, '.')}\u001B[0m\r\n`).join('');
    for (let piece = 0; piece < 30; piece += 1) frames.push({ kind: frameKind.output, microseconds: second * 1_000_000 + piece * 1000, payload: encoder.encode(lines) });
    frames.push({ kind: frameKind.output, microseconds: second * 1_000_000 + 40_000, payload: encoder.encode(`mark-${second} of the long one\r\n`) });
  }
  const [header] = playbackBytes();
  return Buffer.concat([header ?? new Uint8Array(0), encodePlaybackFrames(frames), encodePlaybackEnd({ state: 'sealed', code: null }, 41_000_000)]);
}

test('S58: a long recording of a terminal is sought in by key frames made beside the page, and shows what reading it from the beginning shows', async ({ page }) => {
  const playback = longPlayback();
  await page.route(/\/played-recording\?/, async (route) => {
    const offset = Number(new URL(route.request().url()).searchParams.get('offset'));
    await route.fulfill({ body: playback.subarray(offset, offset + 256 * 1024), headers: { 'x-done': String(offset + 256 * 1024 >= playback.length) } });
  });
  const frames: number[] = [];
  page.on('console', (message) => frames.push(...(/^key frame (\d+)$/.exec(message.text()) ?? []).slice(1).map(Number)));
  // What the worker tells the page is looked at on its way.
  await page.addInitScript(() => {
    const Native = Worker;
    globalThis.Worker = class extends Native {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        if (options?.name === 'key-frames-worker') this.addEventListener('message', ({ data }) => data.frame && console.info(`key frame ${data.frame.events}`));
      }
    };
  });
  const faults = await openMain(page, { played: '1' });
  await openPage(page, 2);
  await page.getByRole('button', { name: /^Play tokyo-db-00009/ }).first().click();
  await page.getByRole('button', { name: 'Pause' }).click();
  const slider = page.getByRole('slider', { name: 'Position' });
  const rows = page.locator('.xterm-rows');
  const seek = async (second: number): Promise<void> => {
    await slider.evaluate((input, value) => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input, String(value));
      input.dispatchEvent(new Event('input', { bubbles: true }));
    }, second * 1000 + 500);
    await expect(rows).toContainText(`${second * 1000 + 299}.`);
    await expect(rows).toContainText(`mark-${second} of the long one`);
    await expect(rows).not.toContainText(`mark-${second + 1} of`);
  };
  await expect.poll(() => frames.length).toBeGreaterThan(1);
  for (const second of [25, 12, 22, 5, 24]) await seek(second);
  expect(faults.list).toEqual([]);
});
