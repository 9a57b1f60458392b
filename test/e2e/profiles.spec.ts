import type { Page } from '@playwright/test';
import { startWholeSystem, type WholeSystem } from '../fixtures/whole-system.ts';
import { ADMIN, expect, test } from './fixtures.ts';
import { addProfile, connect, openMenu, resourceCount, signIn, terminalText, type, untilRecorded } from './page-actions.ts';

const SECOND = { name: 'second-admin', password: 'several unrelated words' } as const;

/** Pins the certificate of the profile that the launcher gave, under a name and a colour of its own. */
async function nameProfile(main: Page, { embedded: { service } }: WholeSystem, name: string, colour: string): Promise<void> {
  await main.getByRole('button', { name: `Edit profile ${new URL(service.url).host}` }).click();
  await main.getByLabel('Name', { exact: true }).fill(name);
  await main.getByRole('radio', { name: colour }).check({ force: true });
  await main.getByRole('button', { name: 'Check certificate' }).click();
  await expect(main.getByText(service.pin)).toBeVisible();
  await main.getByLabel('I compared the fingerprint: it is the same').check();
  await main.getByRole('button', { name: 'Save' }).click();
}

test('the app opens on the service that it is started with; two profiles have a service and a colour each, one goes from the one to the other, and sessions of the first keep its name and colour; terminal settings reach a session that is open', async ({ openApp, system }) => {
  test.setTimeout(300_000);
  const second = await startWholeSystem();
  try {
    await second.addUser(SECOND.name, 'admin', SECOND.password);
    const app = await openApp({ env: { MAVIS_SERVICE_URL: second.embedded.service.url } });
    const { main } = app;
    // A certificate that this computer does not know signs nobody in.
    await signIn(main, SECOND.name, SECOND.password);
    await expect(main.getByRole('alert')).toContainText('certificate');
    await nameProfile(main, second, 'Second', 'Red');
    await signIn(main, SECOND.name, SECOND.password);
    await expect(main.getByText(`${await resourceCount(second)} resources`)).toBeVisible();
    await expect(main.locator('.rail')).toHaveAttribute('data-colour', 'red');

    // Every setting of the terminal, while its session goes on.
    await openMenu(main, 'Settings');
    // Main keeps settings: the box shows what it said, which `check` does not wait for.
    await main.getByLabel('Screen reader mode').click();
    await expect(main.getByLabel('Screen reader mode')).toBeChecked();
    await openMenu(main, 'Resources');
    const session = await connect(app, second.live.name);
    await untilRecorded(session);
    const screen = session.locator('.xterm');
    const columns = async () => {
      await type(session, 'clear; echo "columns=$(tput cols)"');
      return Number(/columns=(\d+)/.exec(await terminalText(session))?.[1] ?? 0);
    };
    let before = 0;
    await expect.poll(async () => (before = await columns())).toBeGreaterThan(40);
    await openMenu(main, 'Settings');
    const size = main.getByLabel('Text size (px)');
    await size.fill('24');
    await size.press('Enter');
    await main.getByRole('radiogroup', { name: 'Colours' }).getByText('Light', { exact: true }).click();
    const font = main.getByLabel('Font', { exact: true });
    await font.fill('DejaVu Sans Mono');
    await font.press('Enter');
    await expect.poll(() => session.locator('.xterm-rows').evaluate((rows) => [getComputedStyle(rows).fontSize, getComputedStyle(rows).fontFamily.replaceAll('"', '')])).toEqual(['24px', 'DejaVu Sans Mono']);
    await expect.poll(() => screen.evaluate((element) => getComputedStyle(element.querySelector('.xterm-scrollable-element') ?? element).backgroundColor)).toBe('rgb(255, 255, 255)');
    // The target was told the new size.
    await expect.poll(async () => {
      const now = await columns();
      return now > 0 && now < before - 10;
    }).toBe(true);

    // The other profile: another service, another colour, other people.
    await main.getByRole('button', { name: /second-admin/ }).click();
    await main.getByRole('menuitem', { name: 'Sign out' }).click();
    await addProfile(main, system, 'First');
    await signIn(main, SECOND.name, SECOND.password);
    await expect(main.getByRole('alert')).toBeVisible();
    await signIn(main, ADMIN.name, ADMIN.password);
    await openMenu(main, 'Resources');
    await expect(main.getByText(`${await resourceCount(system)} resources`)).toBeVisible();
    await expect(main.locator('.rail')).toHaveAttribute('data-colour', 'blue');
    await expect(main.locator('.rail')).toContainText('First');
    await expect(session.locator('.session-window')).toHaveAttribute('data-colour', 'red');
    await expect(session.locator('.session-chip')).toContainText('Second');

    // And back, to what is known of it.
    await main.getByRole('button', { name: /e2e-admin/ }).click();
    await main.getByRole('menuitem', { name: 'Sign out' }).click();
    await main.getByText('Second', { exact: true }).click();
    await signIn(main, SECOND.name, SECOND.password);
    await expect(main.locator('.rail')).toHaveAttribute('data-colour', 'red');
    await expect(main.locator('.rail')).toContainText('Second');
  } finally {
    await second.stop();
  }
});
