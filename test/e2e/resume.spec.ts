import { auditRoutes } from '../../shared/api/audit.ts';
import { gatewaysRoutes } from '../../shared/api/gateways.ts';
import { untilAvailable } from '../fixtures/whole-system.ts';
import { type FaultProxy, startFaultProxy } from '../targets/fault-proxy.ts';
import { expect, test } from './fixtures.ts';
import { connect, terminalText, type, untilRecorded } from './page-actions.ts';
import { sharedApp } from './shared-app.ts';

/** Another loopback address, on which a fault proxy stands before each port of the gateway: there clients and service reach it. */
const OUTSIDE = '127.0.0.2';

test.describe('Resume in real windows', () => {
  const shared = sharedApp();
  let link: FaultProxy | undefined;
  let ports: FaultProxy[] = [];
  const setDown = async (down: boolean): Promise<void> => {
    for (const port of ports) await port.setDown(down);
  };

  test.beforeAll(async ({ system }) => {
    const [gateway] = (await system.admin.call(gatewaysRoutes.gatewayList, {})).items;
    if (!gateway) throw new Error('no gateway');
    const { linkPort, proxyPorts } = gateway.addresses;
    const before = (port: number): Promise<FaultProxy> => startFaultProxy({ host: OUTSIDE, port, target: { host: '127.0.0.1', port }, seed: port });
    [link, ports] = [await before(linkPort), await Promise.all(proxyPorts.map(before))];
    const since = new Date();
    // Else the session would be back over 443 before anybody saw that it was gone.
    await system.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: gateway.id }, body: { addresses: { ...gateway.addresses, host: OUTSIDE }, over443: false } });
    await untilAvailable(system.admin, { since });
  });
  test.afterAll(async ({ system }) => {
    const [gateway] = (await system.admin.call(gatewaysRoutes.gatewayList, {})).items;
    const since = new Date();
    if (gateway) await system.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: gateway.id }, body: { addresses: { ...gateway.addresses, host: '127.0.0.1' }, over443: true } });
    await untilAvailable(system.admin, { since });
    for (const proxy of [link, ...ports]) await proxy?.stop();
  });
  test.afterEach(async () => {
    for (const port of ports) port.clear();
    await setDown(false);
  });

  test('Resume: cut in the middle of a program’s output, the window says that it waits and for how long, holds what is typed, and goes on with every line', async ({ system }) => {
    const app = shared();
    const session = await connect(app, system.live.name);
    await untilRecorded(session);
    await type(session, 'clear; seq 1 400000; echo so-$((40+2))');
    await setDown(true);
    const banner = session.getByRole('region', { name: 'Connection interrupted' });
    await expect(banner).toBeVisible();
    await expect(banner.getByRole('alert')).toContainText('Trying again');
    const left = banner.getByRole('timer');
    await expect(left).toContainText(/ends in [0-4]:\d\d/);
    const first = await left.textContent();
    await expect(left).not.toHaveText(first ?? '');
    // Typed while nothing gets through; the banner took no focus away.
    await session.keyboard.type('echo held-$((6*7))\n');
    // By the keyboard alone; where the session is back by itself in this very moment, the key does nothing.
    await session.getByRole('button', { name: 'Try now' }).focus();
    await setDown(false);
    await session.keyboard.press('Enter');
    await expect(banner).toBeHidden();
    await expect.poll(() => terminalText(session), { timeout: 60_000 }).toMatch(/399999\s+400000\s+so-42[\s\S]*held-42/);
    const text = await terminalText(session);
    const numbers = [...text.matchAll(/^(\d{6})\s*$/gm)].map(([, number]) => Number(number));
    expect(numbers.length).toBeGreaterThan(5);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => 400_000 - numbers.length + 1 + index));
    expect(text.match(/held-42/g)).toHaveLength(1);
    const reference = (await session.getByLabel('State of the session').getByText(/^MV-/).textContent()) ?? '';
    await type(session, 'exit');
    await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();
    const kinds = async (): Promise<string[]> => (await system.admin.call(auditRoutes.auditList, { query: { reference } })).items.map(({ kind }) => kind);
    await expect.poll(kinds, { timeout: 60_000 }).toEqual(expect.arrayContaining(['connection.cut', 'connection.resumed', 'connection.ended']));
    expect((await kinds()).filter((kind) => kind === 'connection.ended')).toHaveLength(1);
  });

  test('Resume: after the computer slept, a session whose way is dead without a word seeks a new one at once, and goes on', async ({ system }) => {
    const app = shared();
    const session = await connect(app, system.live.name);
    await untilRecorded(session);
    await type(session, 'clear; echo before-$((40+2))');
    await expect.poll(() => terminalText(session)).toContain('before-42');
    // The connection stands at both ends and carries nothing more; who only waits notices it after three quarters of a minute.
    for (const port of ports) for (const direction of ['up', 'down'] as const) port.set(direction, 'silent', { kind: 'timeout', timeoutMs: 0 });
    await app.electronApp.evaluate(({ powerMonitor }) => powerMonitor.emit('resume'));
    await expect(session.getByRole('region', { name: 'Connection interrupted' })).toBeVisible({ timeout: 30_000 });
    for (const port of ports) port.clear();
    await type(session, 'echo after-$((40+2))');
    await expect.poll(() => terminalText(session), { timeout: 60_000 }).toContain('after-42');
    await type(session, 'exit');
    await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();
  });

  test('Resume: ending it while it waits ends it at the gateway too, through the service', async ({ system }) => {
    const app = shared();
    const session = await connect(app, system.live.name);
    await untilRecorded(session);
    const reference = (await session.getByLabel('State of the session').getByText(/^MV-/).textContent()) ?? '';
    await setDown(true);
    const banner = session.getByRole('region', { name: 'Connection interrupted' });
    await banner.getByRole('button', { name: 'End session' }).click();
    await session.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
    await expect(session.getByRole('alert', { name: 'Session ended' })).toContainText('You ended the session');
    await expect(banner).toBeHidden();
    await expect.poll(async () => (await system.admin.call(auditRoutes.auditList, { query: { reference } })).items.find(({ kind }) => kind === 'connection.ended')?.facts['code'] ?? null, { timeout: 60_000 }).not.toBeNull();
  });
});
