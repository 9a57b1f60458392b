import type { Page } from '@playwright/test';
import { z } from 'zod';
import { accessRulesRoutes } from '../../shared/api/access-rules.ts';
import { connectionsRoutes } from '../../shared/api/connections.ts';
import { liveTag } from '../../scripts/embedded-system/provisioning.ts';
import { expect, test } from './fixtures.ts';
import type { OpenApp } from './launch-app.ts';
import { connect, openMenu, signedIn, untilRecorded } from './page-actions.ts';

const USER = { name: 'told-user', password: 'several unrelated words' } as const;
/** A session that may last so long is warned of in the middle of it. */
const WHOLE_MS = 90_000;

const notices = z.array(z.object({ title: z.string(), body: z.string() }));

/** From now on keeps what the system is asked to show as notifications: the call, where no system shows it (the stand-in). */
async function watchNotices({ electronApp }: OpenApp): Promise<() => Promise<z.infer<typeof notices>>> {
  await electronApp.evaluate(({ Notification }) => {
    const shown: unknown[] = [];
    Object.assign(globalThis, { shownNotices: shown });
    const show: unknown = Reflect.get(Notification.prototype, 'show');
    Object.assign(Notification.prototype, {
      show(this: Electron.Notification): void {
        shown.push(this);
        if (typeof show === 'function') Reflect.apply(show, this, []);
      },
    });
  });
  return async () => notices.parse(await electronApp.evaluate(() => (Reflect.get(globalThis, 'shownNotices') as Electron.Notification[]).map(({ title, body }) => ({ title, body }))));
}

/** Clicks the newest notification with this title, as the system tells of it. */
async function clickNotice({ electronApp }: OpenApp, title: string): Promise<void> {
  await electronApp.evaluate((_electron, wanted) => {
    (Reflect.get(globalThis, 'shownNotices') as Electron.Notification[]).findLast((notice) => notice.title === wanted)?.emit('click');
  }, title);
}

async function isFocused({ electronApp }: OpenApp, page: Page): Promise<boolean> {
  return (await electronApp.browserWindow(page)).evaluate((window) => window.isFocused());
}

/** Works on in the main window, so that a session's is out of sight. */
async function toMainWindow(app: OpenApp, session: Page): Promise<void> {
  await (await app.electronApp.browserWindow(app.main)).evaluate((window) => window.focus());
  await expect.poll(() => isFocused(app, session)).toBe(false);
}

test('notifications (call only on the stand-in): of a session that is watched, that ends soon, and that an administrator ends, its user is told who works in another window; a click brings the session', async ({ app, openApp, system }) => {
  const { admin, live } = system;
  await system.addUser(USER.name, 'user', USER.password);
  const fields = { name: 'told users', subject: { kind: 'role', role: 'user' }, filter: `tag:${liveTag}`, policy: {} } as const;
  const rule = await admin.call(accessRulesRoutes.accessRuleCreate, { body: { ...fields, protocols: ['ssh'] } });
  try {
    const userApp = await signedIn(await openApp(), system, USER.name, USER.password);
    await expect(userApp.main.getByRole('row', { name: live.name })).toBeVisible();
    await admin.call(accessRulesRoutes.accessRuleUpdate, { params: { accessRuleId: rule.id }, body: { ...fields, protocols: ['ssh'], endsAt: new Date(Date.now() + WHOLE_MS).toISOString() } });
    const shown = await watchNotices(userApp);
    const session = await connect(userApp, live.name);
    await untilRecorded(session);
    await toMainWindow(userApp, session);
    const reference = (await session.getByLabel('State of the session').getByText(/^MV-/).textContent()) ?? '';

    await openMenu(app.main, 'Sessions');
    await app.nextWindow(() => app.main.getByRole('button', { name: `Watch the session of ${USER.name} on ${live.name}` }).click());
    await expect.poll(shown, { timeout: WHOLE_MS }).toContainEqual({ title: `The session on ${live.name} is being watched`, body: 'Somebody whose role allows it sees it as it goes on.' });
    await expect.poll(shown, { timeout: WHOLE_MS }).toContainEqual({ title: `The session on ${live.name} ends soon`, body: expect.stringMatching(/^It ends at .*\d.* Save your work\.$/) });

    const [connection] = (await admin.call(connectionsRoutes.connectionList, { query: { reference, limit: 1 } })).items;
    await admin.call(connectionsRoutes.connectionTerminate, { params: { connectionId: connection?.id ?? '' }, body: { reason: 'maintenance' } });
    const ended = { title: `The session on ${live.name} was ended`, body: 'The session was ended by an administrator.' };
    await expect.poll(shown).toContainEqual(ended);
    expect(await shown()).toHaveLength(3);
    await clickNotice(userApp, ended.title);
    await expect.poll(() => isFocused(userApp, session)).toBe(true);
  } finally {
    await admin.call(accessRulesRoutes.accessRuleRemove, { params: { accessRuleId: rule.id } });
  }
});

test('S13, notifications (call only on the stand-in): a Gateway that falls is told of, for its segment and for the session that went through it, unless its user sees it or wants none', async ({ app, system }) => {
  const session = await connect(app, system.live.name);
  await untilRecorded(session);
  const shown = await watchNotices(app);
  // A user who works in another program sees neither window.
  await app.electronApp.evaluate(({ BrowserWindow }) => {
    // One that loses the focus gives it to the next.
    for (const _window of BrowserWindow.getAllWindows()) BrowserWindow.getFocusedWindow()?.blur();
  });
  await expect.poll(async () => (await isFocused(app, session)) || (await isFocused(app, app.main))).toBe(false);
  await system.stopGateway();
  try {
    await expect.poll(shown, { timeout: 60_000 }).toContainEqual({ title: `The session on ${system.live.name} is interrupted`, body: 'It goes on by itself when the network is back, within five minutes.' });
    await expect.poll(shown, { timeout: 60_000 }).toContainEqual({ title: 'A Gateway segment has no available Gateway', body: 'gateway-office1' });
    await app.main.evaluate(() => window.mavis.settings.update({ changes: { notifications: false } }));
  } finally {
    await system.startGateway();
  }
  // A Gateway that was started anew knows no sessions of before.
  await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible({ timeout: 60_000 });
  expect(await shown()).toHaveLength(2);
});
