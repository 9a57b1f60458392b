import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { auditRoutes } from '../../shared/api/audit.ts';
import { gatewaysRoutes, type Gateway } from '../../shared/api/gateways.ts';
import { resourcesRoutes } from '../../shared/api/resources.ts';
import { runToEnd } from '../../scripts/processes/finished-process.ts';
import { inRepository } from '../../scripts/set-up/repository.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { TestGatewayProcess } from '../fixtures/tunnel-gateways.ts';
import type { WholeSystem } from '../fixtures/whole-system.ts';
import { expect, test } from './fixtures.ts';
import { connect, find, openMenu, saveFilesTo, type, untilRecorded } from './page-actions.ts';

const NAME = 'branch1-gw-1';
const SEGMENT = 'gateway-branch1';
const RESOURCE = 'branch-server';

/** Another name for the real server, without a segment yet. */
async function addResource({ admin, live }: WholeSystem): Promise<void> {
  const { address, protocols, operatingSystem, identities, credentialId } = await admin.call(resourcesRoutes.resourceRead, { params: { resourceId: live.id } });
  await admin.call(resourcesRoutes.resourceCreate, { body: { name: RESOURCE, address, protocols, operatingSystem, identities, credentialId, allowSpecialAddress: true } });
}

/** Adds a gateway in the guided flow, up to its configuration file on the disk; gives it as the service has it. */
async function define(main: Page, system: WholeSystem, file: string): Promise<Gateway> {
  const [linkPort = 0, ...proxyPorts] = await freePorts(4);
  const dialog = main.getByRole('dialog');
  await main.getByRole('button', { name: 'Add Gateway' }).click();
  await dialog.getByRole('textbox', { name: 'Name' }).fill(NAME);
  await dialog.getByLabel('Gateway segment').fill(SEGMENT);
  await dialog.getByLabel('Address').fill('127.0.0.1');
  await dialog.getByLabel('Management port').fill(String(linkPort));
  await dialog.getByLabel('Proxy ports').fill(proxyPorts.join(', '));
  await dialog.getByRole('button', { name: 'Add and go on' }).click();
  await dialog.getByRole('button', { name: 'Download configuration file' }).click();
  await expect(dialog.getByText(`-g mavis-gateway ${NAME}.mavis-gateway.json`)).toBeVisible();
  const { items } = await system.admin.call(gatewaysRoutes.gatewayList, {});
  const gateway = items.find(({ name }) => name === NAME);
  if (!gateway) throw new Error(`the service has no gateway ${NAME}, but it was to be installed from ${file}`);
  return gateway;
}

test('S34-S40, S29, S8: a gateway is named, installed from the downloaded file, trusted by its key, seen to synchronise, tested, used through a tag, changed, and removed', async ({ app, system }, info) => {
  const { main, electronApp } = app;
  const file = info.outputPath(`${NAME}.mavis-gateway.json`);
  await saveFilesTo(electronApp, file);
  await addResource(system);
  await openMenu(main, 'Gateways');
  const dialog = main.getByRole('dialog');
  const gateway = await define(main, system, file);
  expect(gateway).toMatchObject({ segment: SEGMENT, keyFingerprint: null, status: { state: 'pending' } });

  // S36: what an administrator does at the gateway's machine, with the file that the page gave.
  const folder = join(system.folder, NAME);
  const installed = await runToEnd(process.execPath, [inRepository('src-gateway', 'main.ts'), 'init', '--config', file, '--data', folder], { limitMs: 30_000 });
  expect(installed).toMatchObject({ code: 0 });
  const serviceFingerprint = /service fingerprint (SHA256:\S{43}):/.exec(installed.output)?.[1] ?? 'not printed';
  await expect(dialog.getByText(serviceFingerprint)).toBeVisible();
  const printed = /gateway fingerprint (SHA256:\S{43})$/m.exec(installed.output)?.[1] ?? 'not printed';
  const line = installed.output.trimEnd().split('\n').at(-1) ?? '';
  const running = TestGatewayProcess.of(system.admin, folder, gateway);
  await running.run();
  try {
    // S38: the line, and the fingerprint that init printed, side by side.
    await dialog.getByRole('button', { name: 'Next' }).click();
    await dialog.getByLabel('Public key').fill(line);
    await expect(dialog.getByTestId('pasted-fingerprint')).toHaveText(printed);
    await dialog.getByLabel('Fingerprint that init printed').fill(printed);
    await expect(dialog.getByText('Both are the same.')).toBeVisible();
    await dialog.getByRole('button', { name: 'Enter the key' }).click();
    // S39: nobody reloads anything.
    await expect(dialog.getByText('The state is synchronised.')).toBeVisible({ timeout: 60_000 });
    await expect(dialog.getByRole('status').locator('time')).toBeVisible();
    // S40: through this gateway to the resource.
    await dialog.getByRole('button', { name: 'Next' }).click();
    await dialog.getByRole('searchbox').fill(RESOURCE);
    await expect(dialog.getByLabel('Resource to try')).toHaveText(RESOURCE);
    await dialog.getByRole('button', { name: 'Run the connection test' }).click();
    await expect(dialog.getByText('The connection works up to the target’s sign-on.')).toBeVisible();
    await expect(dialog.getByText(`Through ${NAME}`)).toBeVisible();
    await expect(dialog.getByText('It is the one that is expected.')).toBeVisible();

    // S37: the tag; the dialog leads there.
    await dialog.getByRole('button', { name: 'Go to resources' }).click();
    await find(main, RESOURCE);
    await main.getByRole('row', { name: RESOURCE }).click();
    await main.getByRole('complementary').getByRole('button', { name: 'Edit' }).click();
    await dialog.getByRole('combobox', { name: 'Tags' }).fill(SEGMENT);
    await main.keyboard.press('Enter');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog).toHaveCount(0);
    const session = await connect(app, RESOURCE);
    await untilRecorded(session);
    await expect(session.getByLabel('State of the session')).toContainText(NAME);
    await expect(session.getByLabel('State of the session')).toContainText(SEGMENT);
    await type(session, 'exit');
    await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();
    // By the gateway's own word, which nobody asks it for once it is removed.
    await expect.poll(async () => (await system.admin.call(auditRoutes.auditList, { query: { gateway: gateway.id, limit: 100 } })).items.map(({ kind }) => kind), { timeout: 60_000 }).toContain('connection.ended');

    await changeAndRemove(main);
  } finally {
    await running.kill();
  }
  expect((await system.admin.call(gatewaysRoutes.gatewayList, {})).items.map(({ name }) => name)).toEqual(['office1']);
  const { items } = await system.admin.call(auditRoutes.auditList, { query: { gateway: gateway.id, limit: 100 } });
  expect(items.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['gateway.registered', 'gateway.key-entered', 'gateway.state-changed', 'gateway.changed', 'gateway.removed', 'connection.ended']));
});

/** Renames, drains, disables and removes the gateway; each change is seen in the list without a reload. */
async function changeAndRemove(main: Page): Promise<void> {
  const renamed = `${NAME}-b`;
  await openMenu(main, 'Gateways');
  const dialog = main.getByRole('dialog');
  const details = main.getByRole('complementary');
  const row = main.getByRole('row', { name: new RegExp(`${NAME}`) });
  await main.getByRole('button', { name: NAME }).click();
  await details.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByRole('textbox', { name: 'Name' }).fill(renamed);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText(renamed);
  await details.getByRole('button', { name: 'Drain' }).click();
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await expect(row).toContainText('Draining');
  await details.getByRole('button', { name: 'Take sessions again' }).click();
  await expect(row).toContainText('Available');
  await details.getByRole('button', { name: 'Disable' }).click();
  await dialog.getByRole('button', { name: 'Disable' }).click();
  await expect(row).toContainText('Disabled');
  await details.getByRole('button', { name: 'Remove' }).click();
  await expect(dialog).toContainText(`It is the last Gateway of ${SEGMENT}.`);
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(row).toHaveCount(0);
}
