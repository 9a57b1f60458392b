import { InputMethod } from '../fixtures/input-method.ts';
import { expect, test } from './fixtures.ts';
import { connect, terminalText, type, untilRecorded } from './page-actions.ts';

const words = [
  { language: 'Japanese', keys: ['か', 'かn', 'かんじ', '漢字'], committed: '漢字', bytes: 'e6 bc a2 e5 ad 97' },
  { language: 'Traditional Chinese', keys: ['ㄈ', 'ㄈㄢ', '繁ㄊ', '繁體'], committed: '繁體', bytes: 'e7 b9 81 e9 ab 94' },
] as const;

test('an input method writes Japanese and Chinese into a real shell: whole words, once, and only when they are committed', async ({ app, system }) => {
  const session = await connect(app, system.live.name);
  await untilRecorded(session);
  const method = await InputMethod.at(session);
  await type(session, `PS1='$ '; clear; printf 'ready%s\\n' -1`);
  await expect.poll(() => terminalText(session)).toMatch(/^ready-1/m);
  for (const { language, keys, committed, bytes } of words) {
    await session.keyboard.type('clear; printf %s ');
    for (const text of keys) await method.compose(text);
    await expect(session.locator('.composition-view')).toHaveText(committed);
    expect([language, await terminalText(session)]).toEqual([language, expect.not.stringMatching(/\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Bopomofo}/u)]);
    await method.commit(committed);
    await expect.poll(() => terminalText(session)).toContain(`printf %s ${committed}`);
    // Given up in the middle of the line: nothing of it comes.
    await method.compose('ま');
    await method.cancel();
    await session.keyboard.type(' | od -An -tx1\n');
    await expect.poll(() => terminalText(session)).toMatch(new RegExp(`^ ${bytes}\\s*$`, 'm'));
  }
  await type(session, 'exit');
  await expect(session.getByRole('alert', { name: 'Session ended' })).toContainText('Exit status 0');
});
