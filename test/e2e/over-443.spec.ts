import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { auditRoutes } from '../../shared/api/audit.ts';
import { startConnectProxy, type ConnectProxy } from '../fixtures/connect-proxy.ts';
import { narrowNetwork, type NarrowNetwork } from '../fixtures/narrow-network.ts';
import { ADMIN, expect, test } from './fixtures.ts';
import { addProfile, connect, showTerminalAsText, signIn, terminalText, type, untilRecorded } from './page-actions.ts';

const SIGN_ON = { userName: 'office-user', password: 'PROXY-PASSWORD-CANARY' } as const;

/** A network that lets nothing out but 443, seen from the window. */
test.describe('443 only', () => {
  let network: NarrowNetwork;
  const proxies: ConnectProxy[] = [];
  test.beforeAll(async ({ system }) => {
    network = await narrowNetwork(system);
  });
  test.beforeEach(() => {
    network.clientsPass = true;
  });
  test.afterAll(async () => {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await network.stop();
  });
  /** A proxy in a network where the gateway's ports are open. */
  const officeProxy = async (): Promise<ConnectProxy> => {
    const proxy = await startConnectProxy({ credentials: SIGN_ON, leadsTo: (_host, port) => port });
    proxies.push(proxy);
    return proxy;
  };
  const answerProxy = async (page: Page, password: string = SIGN_ON.password): Promise<void> => {
    await page.getByLabel('User name for the proxy').fill(SIGN_ON.userName);
    await page.getByLabel('Password for the proxy').fill(password);
    await page.getByRole('button', { name: 'Continue' }).click();
  };
  const picture = async (page: Page, name: string): Promise<void> => {
    if (process.env['MAVIS_PICTURES'] !== undefined) await page.screenshot({ path: join(process.env['MAVIS_PICTURES'], `${name}.png`) });
  };
  const works = async (session: Page): Promise<void> => {
    await type(session, 'echo through-$((40+2))');
    await expect.poll(() => terminalText(session)).toContain('through-42');
    await type(session, 'exit');
    await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();
  };

  test('S60, S65: with all proxy ports dropped, the session comes up over 443 within the time of a connect, and the status bar says so', async ({ app, system }) => {
    const began = Date.now();
    const session = await connect(app, system.live.name);
    await untilRecorded(session);
    expect(network.dropped()).toBeGreaterThanOrEqual(3);
    // The connect itself has 15 s, else the window would show that they are over; the rest is for a machine that opens windows slowly.
    expect(Date.now() - began).toBeLessThan(60_000);
    await expect(session.getByLabel('State of the session')).toContainText(`Port ${String(network.gateway.addresses.linkPort)} (HTTPS)`);
    for (const language of ['en', 'ja', 'zh-Hant'] as const) {
      await session.evaluate((chosen) => window.mavis.settings.update({ changes: { language: chosen } }), language);
      await expect(session.locator('html')).toHaveAttribute('lang', language);
      await picture(session, `status-bar-443-${language}`);
    }
    await session.evaluate(() => window.mavis.settings.update({ changes: { language: 'en' } }));
    await works(session);
  });

  test('S60, S62: through a proxy that wants to know the user, from the sign-in on; a wrong password is asked for again', async ({ openApp, system }) => {
    network.clientsPass = false;
    const proxy = await officeProxy();
    const app = await openApp();
    const { main } = app;
    await main.getByRole('button', { name: 'Add profile' }).click();
    await main.getByRole('radio', { name: 'This HTTP proxy' }).check();
    await main.getByLabel('HTTP proxy', { exact: true }).fill(proxy.name);
    const added = addProfile(main, system);
    await expect(main.getByRole('dialog')).toContainText(proxy.name);
    await answerProxy(main, 'wrong');
    await expect(main.getByRole('dialog').getByRole('alert')).toContainText('did not take');
    await expect(main.getByRole('checkbox', { name: /forgotten when the app is closed/ })).toBeDisabled();
    for (const language of ['en', 'ja', 'zh-Hant'] as const) {
      await main.evaluate((chosen) => window.mavis.settings.update({ changes: { language: chosen } }), language);
      await expect(main.locator('html')).toHaveAttribute('lang', language);
      await picture(main, `proxy-dialog-${language}`);
    }
    await main.evaluate(() => window.mavis.settings.update({ changes: { language: 'en' } }));
    await answerProxy(main);
    await added;
    await signIn(main, ADMIN.name, ADMIN.password);
    await main.getByRole('searchbox', { name: 'Search resources' }).waitFor();
    await showTerminalAsText(main);
    const session = await connect(app, system.live.name);
    await untilRecorded(session, 30_000);
    await expect(session.getByLabel('State of the session')).toContainText(`Port ${String(network.gateway.addresses.linkPort)} (HTTPS) by way of ${proxy.name}`);
    await picture(session, 'status-bar-proxy-en');
    await works(session);
    // The password is in no file and in no log.
    const files = readdirSync(app.userData, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(files.some((file) => file.endsWith('profiles.json'))).toBe(true);
    expect(files.filter((file) => readFileSync(file).includes(SIGN_ON.password))).toEqual([]);
  });

  test('by a PAC file: only the gateway is behind the proxy, the session’s window asks, and the connection that waited is told of', async ({ openApp, system }) => {
    network.clientsPass = false;
    const proxy = await officeProxy();
    const pac = createServer((_request, response) => response.end(`function FindProxyForURL(url, host) { return host === '127.0.0.2' ? 'PROXY ${proxy.name}' : 'DIRECT'; }`));
    await new Promise<void>((resolve) => pac.listen(0, '127.0.0.1', resolve));
    const app = await openApp({ args: [`--proxy-pac-url=http://127.0.0.1:${String((pac.address() as AddressInfo).port)}/proxy.pac`] });
    await addProfile(app.main, system);
    await signIn(app.main, ADMIN.name, ADMIN.password);
    await app.main.getByRole('searchbox', { name: 'Search resources' }).waitFor();
    await showTerminalAsText(app.main);
    const session = await connect(app, system.live.name);
    await expect(session.getByRole('dialog')).toContainText(proxy.name, { timeout: 60_000 });
    await picture(session, 'proxy-dialog-session-en');
    await answerProxy(session);
    await untilRecorded(session, 30_000);
    await expect(app.main.getByRole('dialog')).toHaveCount(0);
    await expect(session.getByLabel('State of the session')).toContainText(`by way of ${proxy.name}`);
    // The password of the network's users was changed while the session ran: it is asked for, and the session goes on.
    await type(session, 'kept=$((20+1))');
    proxy.changeCredentials({ ...SIGN_ON, password: 'CHANGED-CANARY' });
    await expect(session.getByRole('region', { name: 'Connection interrupted' })).toBeVisible();
    await expect(session.getByRole('dialog')).toContainText(proxy.name);
    await answerProxy(session, 'CHANGED-CANARY');
    await expect(session.getByRole('region', { name: 'Connection interrupted' })).toBeHidden({ timeout: 30_000 });
    await type(session, 'echo kept-$kept');
    await expect.poll(() => terminalText(session)).toContain('kept-21');
    await works(session);
    const { items } = await system.admin.call(auditRoutes.auditList, { query: { kind: 'connection.failed' } });
    expect(items.some(({ facts }) => facts['code'] === 'proxy.authentication-required')).toBe(true);
    pac.close();
  });

  test('who does not sign on to the proxy sees why the connection failed, and what to do', async ({ openApp, system }) => {
    network.clientsPass = false;
    const proxy = await officeProxy();
    const app = await openApp();
    await app.main.getByRole('button', { name: 'Add profile' }).click();
    await app.main.getByRole('radio', { name: 'This HTTP proxy' }).check();
    await app.main.getByLabel('HTTP proxy', { exact: true }).fill(proxy.name);
    await app.main.getByLabel('Service address').fill(system.embedded.service.url);
    await app.main.getByRole('button', { name: 'Check certificate' }).click();
    await app.main.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await expect(app.main.getByRole('alert')).toContainText(`The proxy ${proxy.name} of this network wants to know who you are.`);
  });
});
