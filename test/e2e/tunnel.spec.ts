import { accessRulesRoutes } from '../../shared/api/access-rules.ts';
import { auditRoutes } from '../../shared/api/audit.ts';
import { gatewaysRoutes } from '../../shared/api/gateways.ts';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import { tunnelRoutes } from '../../shared/api/tunnel.ts';
import { liveTag } from '../../scripts/embedded-system/provisioning.ts';
import { TestGatewayProcess } from '../fixtures/tunnel-gateways.ts';
import { expect, test } from './fixtures.ts';
import { connect, openMenu, signedIn, terminalText, type, untilRecorded } from './page-actions.ts';

const USER = { name: 'tunnel-user', password: 'several unrelated words' } as const;

/** Tunnel as an administrator and a user see it, over two real gateways. */
test('S22, S31, S41, S17: an administrator switches Tunnel on; a user sees so, connects over two hops, and has no way past a default gateway that is gone', async ({ app, openApp, system }) => {
  const { admin, live } = system;
  const entry = await TestGatewayProcess.start(admin, system.folder, 'entry1', 'gateway-entry');
  await system.addUser(USER.name, 'user', USER.password);
  const rule = await admin.call(accessRulesRoutes.accessRuleCreate, { body: { name: 'tunnel users', subject: { kind: 'role', role: 'user' }, filter: `tag:${liveTag}`, protocols: ['ssh'], policy: {} } });
  const { default: before } = await admin.call(tunnelRoutes.tunnelRead, {});
  try {
    const userApp = await signedIn(await openApp(), system, USER.name, USER.password);
    const told = userApp.main.getByText('Tunnel: your connections go through the default Gateway');
    await expect(told).toHaveCount(0);

    const { main } = app;
    await openMenu(main, 'Gateways');
    const panel = main.getByRole('group').filter({ has: main.getByRole('form', { name: 'Tunnel' }) });
    await main.getByText('Tunnel', { exact: true }).click();
    await main.getByRole('switch', { name: 'All connections go through the default Gateway' }).check();
    await main.getByLabel('Default Gateway or segment').selectOption('entry1');
    await expect(main.getByText('Default Gateways available now: 1 of 1.')).toBeVisible();
    await main.getByRole('form', { name: 'Tunnel' }).getByRole('button', { name: 'Save' }).click();
    await expect(panel).toContainText('through entry1');

    // The user is told before anything is connected, and without asking again.
    await expect(told).toBeVisible();
    const session = await connect(userApp, live.name);
    await untilRecorded(session, 30_000);
    const state = session.getByLabel('State of the session');
    await expect(state.getByTitle('This connection goes through the default Gateway.')).toBeVisible();
    await expect(state).toContainText('office1');
    await expect(state).toContainText('entry1');
    await type(session, 'echo through-$((40+2))');
    await expect.poll(() => terminalText(session)).toContain('through-42');
    const reference = (await state.getByText(/^MV-/).textContent()) ?? '';

    // S58: whoever watches comes over two hops, too, sees what stood there, and ends his watch by the keyboard.
    await main.getByRole('navigation').getByRole('button', { name: /^Sessions/ }).click();
    const watch = await app.nextWindow(() => main.getByRole('button', { name: `Watch the session of ${USER.name} on ${live.name}` }).click());
    await expect.poll(() => terminalText(watch), { timeout: 30_000 }).toContain('through-42');
    await expect(watch.getByLabel('State of the session')).toContainText('entry1');
    await expect(state).toContainText('Being watched');
    await type(session, 'echo live-$((40+3))');
    await expect.poll(() => terminalText(watch), { timeout: 30_000 }).toContain('live-43');
    await watch.screenshot({ path: test.info().outputPath('watched.png') });
    const closed = watch.waitForEvent('close');
    await watch.getByRole('button', { name: 'Stop watching' }).focus();
    // The window goes while the key is down: that it comes up again is told to nobody.
    await Promise.allSettled([watch.keyboard.press('Enter')]);
    await closed;
    await expect(state).not.toContainText('Being watched');
    await openMenu(main, 'Gateways');
    await main.getByText('Tunnel', { exact: true }).click();

    await type(session, 'exit');
    await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();
    const kinds = async (): Promise<string[]> => (await admin.call(auditRoutes.auditList, { query: { reference } })).items.map(({ kind }) => kind);
    await expect.poll(kinds, { timeout: 60_000 }).toEqual(expect.arrayContaining(['connection.forwarded', 'connection.watch-began', 'connection.watch-ended', 'connection.forward-ended', 'connection.ended']));

    await entry.kill();
    await expect(panel).toContainText('No default Gateway is available: nobody can connect', { timeout: 60_000 });
    // The gateway of the resource's own segment could be reached directly: it is not.
    await session.getByRole('button', { name: 'Reconnect' }).click();
    const failure = session.getByRole('alert');
    await expect(failure).toContainText('Tunnel is on, and no default Gateway is available now. Nothing is connected past it.');
    await expect(failure).toContainText('Gateway administrator');
    const failed = (await failure.getByText(/^MV-/).textContent()) ?? '';
    expect(failed).not.toBe(reference);
    const { items } = await admin.call(auditRoutes.auditList, { query: { reference: failed } });
    expect(items.filter(({ kind }) => kind === 'connection.failed')).toHaveLength(1);
    expect(items.filter(({ kind }) => kind === 'connection.granted')).toEqual([]);
    expect((await admin.call(auditRoutes.errorLogList, { query: { reference: failed } })).items.map(({ code }) => code)).toContain('tunnel.no-default-gateway');
    expect((await admin.call(recordingsRoutes.recordingList, { query: { reference: failed } })).items).toEqual([]);
  } finally {
    await admin.call(tunnelRoutes.tunnelUpdate, { body: { enabled: false, default: before } });
    await admin.call(accessRulesRoutes.accessRuleRemove, { params: { accessRuleId: rule.id } });
    await admin.call(gatewaysRoutes.gatewayRemove, { params: { gatewayId: entry.gateway.id } });
    await entry.kill();
  }
});
