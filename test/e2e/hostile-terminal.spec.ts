import type { Page } from '@playwright/test';
import { expect, test } from './fixtures.ts';
import type { OpenApp } from './launch-app.ts';
import { sharedApp } from './shared-app.ts';
import { connect, terminalText, type, untilRecorded } from './page-actions.ts';

/** What a hostile program on a real target prints, through gateway, session process and window, in a terminal that a person uses. */

const shared = sharedApp();

const ESC = '\\033';
const BEL = '\\007';

/** Runs a command whose output is `printf` of a format, then tells what the window sent of itself within so many seconds. */
async function print(session: Page, format: string, mark: string, seconds = 1): Promise<string> {
  await type(session, `clear; printf '${format}'; IFS= read -r -s -t ${seconds} -n 1 back; IFS= read -r -s -t 0.2 -d '' rest; printf '\\n${mark}=%q.\\n' "$back"`);
  const shown = new RegExp(`^${mark}=(.*)\\.$`, 'm');
  await expect.poll(() => terminalText(session)).toMatch(shown);
  return shown.exec(await terminalText(session))?.[1] ?? '';
}

/** A session whose shell sets no title of its own, as the prompt of many an account does. */
async function connectToBareShell(app: OpenApp, target: string): Promise<Page> {
  const session = await connect(app, target);
  await untilRecorded(session);
  await type(session, "PS1='$ ' PROMPT_COMMAND=");
  return session;
}

const clipboardOf = (app: OpenApp): Promise<string> => app.electronApp.evaluate(({ clipboard }) => clipboard.readText());
const setClipboard = (app: OpenApp, text: string): Promise<void> => app.electronApp.evaluate(({ clipboard }, written) => clipboard.writeText(written), text);

test('A7, A8, A9, A10, A12: hostile output types nothing back, leaves clipboard and titles alone, and opens no link', async ({ system }) => {
  const app = shared();
  const session = await connectToBareShell(app, system.live.name);
  const title = await session.title();
  await setClipboard(app, 'mine');

  // The question that every terminal answers shows that an answer would be seen.
  expect(await print(session, `${ESC}[6n`, 'position', 30)).not.toBe("''");

  const questions = {
    'A7-DECRQSS': `${ESC}P$qr${ESC}\\\\`,
    'A7-title-report': `${ESC}]0;rm -rf canary${BEL}${ESC}[21t${ESC}[20t`,
    'A7-font': `${ESC}]50;?${BEL}${ESC}GQ`,
    'A7-window-operations': `${ESC}[11t${ESC}[13t${ESC}[14t${ESC}[18t${ESC}[19t`,
    'A7-colours': `${ESC}]10;?${BEL}${ESC}]4;1;?${BEL}`,
    'A8-read': `${ESC}]52;c;?${BEL}`,
    'A8-write': `${ESC}]52;c;${Buffer.from('theirs').toString('base64')}${BEL}`,
  };
  for (const [name, format] of Object.entries(questions)) expect([name, await print(session, format, name)]).toEqual([name, "''"]);
  expect(await clipboardOf(app)).toBe('mine');

  // A title of 10 KB that turns the direction of writing: bounded, clean, and never the window's own.
  await type(session, `clear; printf '${ESC}]0;\\342\\200\\256%s\\001${BEL}' "evil $(head -c 10240 /dev/zero | tr '\\0' T)"`);
  const shown = session.locator('.session-title bdi');
  await expect(shown).toHaveText(/^evil T+…$/);
  expect((await shown.textContent())?.length).toBeLessThanOrEqual(80);
  expect(await session.title()).toBe(title);
  expect(await (await app.electronApp.browserWindow(session)).evaluate((window) => window.getTitle())).toBe(title);
  await expect(session.getByRole('heading', { level: 1 })).toContainText(system.live.name);

  await type(session, `clear; printf '${ESC}[2J${ESC}[H${ESC}]8;;javascript:alert(1)${BEL}press me now please${ESC}]8;;${BEL}\\n'`);
  await expect.poll(() => terminalText(session)).toMatch(/^press me now please/);
  await session.locator('.xterm-screen').click({ position: { x: 60, y: 8 } });
  const dialog = session.getByRole('dialog');
  await expect(dialog).toContainText('only https links are');
  await expect(dialog.getByRole('button', { name: 'Open in browser' })).toHaveCount(0);
  await session.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);

  // The end of a bracketed paste within a paste is taken out: the program gets one piece of text.
  await setClipboard(app, 'echo safe\u001B[201~; echo more\n');
  await type(session, "clear; printf '\\033[?2004lplain\\n'; cat -v");
  // Until that is drawn the terminal puts what is pasted in brackets, which cat would show.
  await expect.poll(() => terminalText(session)).toMatch(/^plain/);
  await session.keyboard.press('Control+Shift+V');
  await session.getByRole('dialog', { name: 'Paste 1 line?' }).getByRole('button', { name: 'Paste' }).click();
  await expect.poll(() => terminalText(session)).toMatch(/echo safe\[201~; echo more\n[^]*echo safe\[201~; echo more/);
  expect(await terminalText(session)).not.toContain('^[');
  await session.locator('.xterm-helper-textarea').focus();
  await session.keyboard.press('Control+D');
  await type(session, 'echo still-$((40+2))');
  await expect.poll(() => terminalText(session)).toContain('still-42');
});

const floods = {
  'an endless line': "head -c 5000000 /dev/zero | tr '\\0' x",
  'a million bytes of combining marks': "yes $'\\u0301' | head -c 1500000 | tr -d '\\n'",
  'control strings within each other': "yes $'\\eP' | head -c 300000 | tr -d '\\n'",
} as const;

for (const [name, flood] of Object.entries(floods)) {
  test(`A11: ${name}: the window stays usable`, async ({ system }) => {
    const app = shared();
    const session = await connectToBareShell(app, system.live.name);
    await type(session, `${flood}; printf '${ESC}\\\\${ESC}c\\nalive-%s\\n' $((1+1)); printf '${ESC}]0;calm${BEL}'`);
    await expect(session.locator('.session-title bdi')).toHaveText('calm', { timeout: 120_000 });
    // The screen-reader mode is on as in every end-to-end test; during the flood the terminal switches it off by itself.
    await expect.poll(() => terminalText(session), { timeout: 60_000 }).toContain('alive-2');
    await session.getByRole('button', { name: 'End session' }).click();
    await session.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
    await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();
  });
}
