import { auditRoutes } from '../../shared/api/audit.ts';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import { createTranslator } from '../../shared/languages/translate.ts';
import { ADMIN, expect, test } from './fixtures.ts';
import { addProfile, connect, playRecording, PRINT_CJK, resourceCount, signIn, terminalText, type, untilRecorded } from './page-actions.ts';
import { sharedApp } from './shared-app.ts';

/** The whole way once, as a person goes it, in real windows. */
test.describe('the whole way', () => {
  const shared = sharedApp();

  test('S1-S3, S14, S15, S54, S55, S58: signs in, filters, connects, types, and the recording plays what was typed', async ({ system }) => {
    const app = shared();
    const { main } = app;
    const search = main.getByRole('searchbox', { name: 'Search resources' });
    const filter = 'tag:gateway-office1 os:linux';
    await search.fill(filter);
    await expect(main.getByText(`${await resourceCount(system, filter)} resources`)).toBeVisible();

    const session = await connect(app, system.live.name);
    await untilRecorded(session);
    await type(session, `echo made-$((6*7)); ${PRINT_CJK}`);
    await expect.poll(() => terminalText(session)).toMatch(/made-42\n日本語 繁體中文/);
    await expect(session.getByLabel('State of the session')).toContainText('gateway-office1');

    await type(session, 'exit');
    await expect(session.getByRole('alert', { name: 'Session ended' })).toContainText('Exit status 0');
    const reference = (await session.getByLabel('State of the session').getByText(/^MV-/).textContent()) ?? '';

    await main.getByRole('navigation').getByRole('button', { name: 'Session recordings' }).click();
    await expect.poll(async () => (await system.admin.call(recordingsRoutes.recordingList, { query: { reference } })).items[0]?.state, { timeout: 60_000 }).toBe('sealed');
    await playRecording(main, reference, system.live.name);
    await main.getByRole('slider', { name: 'Position' }).press('End');
    await expect.poll(() => terminalText(main), { timeout: 60_000 }).toContain('日本語 繁體中文');

    await main.keyboard.press('Escape');
    await main.getByRole('navigation').getByRole('button', { name: 'Audit log' }).click();
    await main.getByLabel('Reference', { exact: true }).fill(reference);
    await expect(main.getByRole('row').filter({ hasText: reference }).filter({ hasText: 'connection.ended' })).toBeVisible();
    const entries = await system.admin.call(auditRoutes.auditList, { query: { reference } });
    expect(entries.items.filter(({ kind }) => ['connection.ended', 'connection.failed', 'connection.not-used'].includes(kind))).toHaveLength(1);
  });

  test('S5: a flood of output leaves the window usable, and Ctrl-C stops it at once', async ({ system }) => {
    const app = shared();
    const session = await connect(app, system.live.name);
    await untilRecorded(session);
    await type(session, 'yes flood');
    // Too fast to be read aloud: its text comes back a second after it has ended.
    await expect(session.getByRole('status').filter({ hasText: createTranslator('en').text('terminal.too-fast-to-read') })).toBeAttached();
    await session.keyboard.press('Control+C');
    await type(session, 'echo calm-$((1+1))');
    // Some two seconds on a machine that does nothing else; without end where the key waits behind the flood, which has none itself.
    await expect.poll(() => terminalText(session), { timeout: 60_000, intervals: [50] }).toContain('calm-2');
    await session.getByRole('button', { name: 'End session' }).click();
    await session.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
    await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();
  });

  test('the terminal follows the window’s size', async ({ system }) => {
    const app = shared();
    const session = await connect(app, system.live.name);
    await untilRecorded(session);
    const sizeNow = async (): Promise<string> => {
      await type(session, 'clear; echo size=$(stty size | tr " " x)');
      await expect.poll(() => terminalText(session)).toMatch(/size=\d+x\d+/);
      return /size=(\d+x\d+)/.exec(await terminalText(session))?.[1] ?? '';
    };
    const before = await sizeNow();
    const window = await app.electronApp.browserWindow(session);
    await window.evaluate((browserWindow) => browserWindow.setBounds({ width: 700, height: 420 }));
    await expect.poll(sizeNow).not.toBe(before);
    await type(session, 'exit');
  });

  test('S13: a gateway that falls interrupts the session, its restart ends it with a reason, and Reconnect works in place', async ({ system }) => {
    const app = shared();
    const session = await connect(app, system.live.name);
    await untilRecorded(session);
    await system.stopGateway();
    await expect(session.getByRole('region', { name: 'Connection interrupted' })).toContainText('The session ends in', { timeout: 60_000 });
    await system.startGateway();
    await expect(session.getByRole('alert', { name: 'Session ended' })).toContainText('Gateway', { timeout: 60_000 });
    await session.getByRole('button', { name: 'Reconnect' }).click();
    await untilRecorded(session, 30_000);
    await type(session, 'echo again-$((2+3))');
    await expect.poll(() => terminalText(session)).toContain('again-5');
    await type(session, 'exit');
  });

  test('S12, S13, S16, S17, S19: with no gateway the window says who must act, and there is an audit entry and no recording', async ({ system }) => {
    const app = shared();
    await system.stopGateway();
    try {
      const session = await connect(app, system.live.name);
      const failure = session.getByRole('alert');
      await expect(failure).toContainText('Connection failed', { timeout: 60_000 });
      await expect(failure).toContainText('Gateway administrator');
      const reference = (await failure.getByText(/^MV-/).textContent()) ?? '';
      await expect.poll(async () => (await system.admin.call(auditRoutes.auditList, { query: { reference } })).items.filter(({ kind }) => kind === 'connection.failed').length).toBe(1);
      const errors = await system.admin.call(auditRoutes.errorLogList, { query: { reference } });
      // That none is left, after the gateway that was tried, however its end was noticed: none is where a sync came before.
      expect(errors.items.map(({ code }) => code).join(' ')).toMatch(/^gateway\.none-available(?: gateway\.link-\S+)?$/);
      expect((await system.admin.call(recordingsRoutes.recordingList, { query: { reference } })).items).toHaveLength(0);
    } finally {
      await system.startGateway();
    }
  });

  test('a wrong password is refused with a plain word and no reason that helps to guess', async ({ openApp, system }) => {
    const { main } = await openApp();
    await addProfile(main, system);
    const password = main.getByLabel('Password', { exact: true });
    await signIn(main, ADMIN.name, 'not the password');
    const known = await main.getByRole('alert').textContent();
    await expect(password).toHaveValue('');
    await signIn(main, 'nobody-of-this-name', 'not the password');
    // The answer to this one empties the field: until then the word of the one before may still stand there.
    await expect(password).toHaveValue('');
    await expect(main.getByRole('alert')).toHaveText(known ?? '');
  });
});
