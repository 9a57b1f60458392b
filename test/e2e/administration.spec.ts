import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { accessRulesRoutes } from '../../shared/api/access-rules.ts';
import { auditRoutes } from '../../shared/api/audit.ts';
import { credentialsRoutes } from '../../shared/api/credentials.ts';
import { resourcesRoutes } from '../../shared/api/resources.ts';
import { liveTag } from '../../scripts/embedded-system/provisioning.ts';
import { expect, test } from './fixtures.ts';
import { connect, find, openFrom, openMenu, saveFilesTo, signedIn, untilRecorded } from './page-actions.ts';

const USER = { name: 'ended-user', password: 'several unrelated words' } as const;

/** Two people before two windows: what one does ends what the other has open. */
test('rule 11: an administrator ends a session, then disables its user; the user is told which of the two it was, and the audit log of it is exported', async ({ app, openApp, system }, info) => {
  const { admin, live } = system;
  await system.addUser(USER.name, 'user', USER.password);
  const rule = await admin.call(accessRulesRoutes.accessRuleCreate, { body: { name: 'ended users', subject: { kind: 'role', role: 'user' }, filter: `tag:${liveTag}`, protocols: ['ssh'], policy: {} } });
  try {
    const userApp = await signedIn(await openApp(), system, USER.name, USER.password);
    const { main, electronApp } = app;
    const dialog = main.getByRole('dialog');
    const session = await connect(userApp, live.name);
    await untilRecorded(session);
    const reference = (await session.getByLabel('State of the session').getByText(/^MV-/).textContent()) ?? '';

    await openMenu(main, 'Sessions');
    await main.getByRole('button', { name: `End the session of ${USER.name} on ${live.name}` }).click();
    await dialog.getByLabel('Reason').fill('maintenance of the server');
    await dialog.getByRole('button', { name: 'End', exact: true }).click();
    await expect(session.getByRole('alert', { name: 'Session ended' })).toContainText('The session was ended by an administrator.');
    await expect(main.getByRole('row', { name: new RegExp(USER.name) })).toContainText('Ended', { timeout: 60_000 });

    await session.getByRole('button', { name: 'Reconnect' }).click();
    await untilRecorded(session);
    await openMenu(main, 'Users');
    await main.getByRole('searchbox', { name: 'Search users' }).fill(USER.name);
    // Rows move when the search is answered.
    await expect(main.getByRole('row').filter({ has: main.getByRole('button'), hasNotText: USER.name })).toHaveCount(0);
    await main.getByRole('button', { name: USER.name, exact: true }).click();
    await main.getByRole('complementary').getByRole('button', { name: 'Disable user' }).click();
    await dialog.getByRole('button', { name: 'Disable user' }).click();
    await expect(main.getByRole('complementary')).toContainText('Disabled');
    await expect(session.getByRole('alert', { name: 'Session ended' })).toContainText('The session was ended because your account was disabled.');
    await expect(userApp.main.getByRole('form', { name: 'Sign in' })).toBeVisible();

    // What the log says of the first session, as it stands in the file that the auditor takes along: all of it, once its recording is at the service.
    await expect.poll(async () => (await admin.call(auditRoutes.auditList, { query: { reference } })).items.map(({ kind }) => kind), { timeout: 60_000 }).toEqual(expect.arrayContaining(['connection.ended', 'recording.stored']));
    const file = info.outputPath('audit.csv');
    await saveFilesTo(electronApp, file);
    await openMenu(main, 'Audit log');
    await main.getByLabel('Reference', { exact: true }).fill(reference);
    await expect(main.getByRole('row').filter({ hasText: reference }).filter({ hasText: 'connection.ended' })).toBeVisible();
    await main.getByRole('button', { name: 'Export CSV' }).click();
    await expect(main.getByRole('status').filter({ hasText: /^Exported to audit\.csv/ })).toBeVisible();
    const { items } = await admin.call(auditRoutes.auditList, { query: { reference, limit: 100 } });
    const rows = z.array(z.record(z.string(), z.string())).parse(parse(readFileSync(file, 'utf8'), { columns: true, bom: true }));
    expect(rows.map(({ kind }) => kind).toSorted()).toEqual(items.map(({ kind }) => kind).toSorted());
    expect(rows.every((row) => row['reference'] === reference)).toBe(true);
    expect(JSON.stringify(rows)).toContain('maintenance of the server');
  } finally {
    await admin.call(accessRulesRoutes.accessRuleRemove, { params: { accessRuleId: rule.id } });
  }
});

test('S37, B16: an administrator adds a credential with its key in a file, puts it on a resource and connects with it; one that is in use is not removed', async ({ app, system }) => {
  const { admin, live, folder } = system;
  const { main, electronApp } = app;
  const RESOURCE = 'signs-on-with-the-new-one';
  const NAME = 'Key of the administration test';
  const { address, protocols, operatingSystem, identities } = await admin.call(resourcesRoutes.resourceRead, { params: { resourceId: live.id } });
  const added = await admin.call(resourcesRoutes.resourceCreate, { body: { name: RESOURCE, address, protocols, operatingSystem, identities, credentialId: null, allowSpecialAddress: true } });
  const rule = await admin.call(accessRulesRoutes.accessRuleCreate, { body: { name: 'the new credential', subject: { kind: 'role', role: 'admin' }, filter: `"${RESOURCE}"`, protocols: ['ssh'], policy: {} } });
  try {
    await openMenu(main, 'Resources');
    await find(main, RESOURCE);
    await main.getByRole('row', { name: RESOURCE }).click();
    await main.getByRole('complementary').getByRole('button', { name: 'Edit', exact: true }).click();
    const form = main.getByRole('dialog', { name: `Edit ${RESOURCE}` });
    await form.getByRole('button', { name: 'Add new credential' }).click();
    const dialog = main.getByRole('dialog', { name: 'Add credential' });
    await dialog.getByLabel('Name', { exact: true }).fill(NAME);
    await dialog.getByLabel('User name on the target').fill(userInfo().username);
    await dialog.getByLabel('Kind').selectOption('Private key');
    const keyFile = join(folder, 'target', 'account-key');
    await openFrom(electronApp, keyFile);
    await dialog.getByRole('button', { name: 'Choose a file…' }).click();
    await expect(dialog.getByText('account-key', { exact: true })).toBeVisible();
    // What is in the file never comes to the page.
    const inside = readFileSync(keyFile, 'utf8').split('\n')[1] ?? '';
    expect(await main.content()).not.toContain(inside);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(form.getByLabel('Credential', { exact: true }).locator('option:checked')).toHaveText(`${NAME} (${userInfo().username})`);
    await form.getByRole('button', { name: 'Save' }).click();
    await expect(form).toBeHidden();

    const session = await connect(app, RESOURCE);
    await untilRecorded(session);
    await session.getByRole('button', { name: 'End session' }).click();
    await session.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
    await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();

    await openMenu(main, 'Target credentials');
    await main.getByRole('button', { name: NAME }).click();
    const details = main.getByRole('complementary', { name: NAME });
    await details.getByRole('button', { name: 'Remove' }).click();
    await main.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await expect(details.getByRole('alert')).toContainText(`This credential is still used by 1 resource: ${RESOURCE}.`);

    await admin.call(resourcesRoutes.resourceRemove, { params: { resourceId: added.id } });
    // The page follows what others change.
    await expect(main.getByRole('row', { name: NAME }).getByRole('cell', { name: '0', exact: true })).toBeVisible();
    await details.getByRole('button', { name: 'Remove' }).click();
    await main.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await expect(main.getByRole('row', { name: NAME })).toBeHidden();
    expect((await admin.call(credentialsRoutes.credentialList, {})).items.map(({ name }) => name)).not.toContain(NAME);
  } finally {
    await admin.call(accessRulesRoutes.accessRuleRemove, { params: { accessRuleId: rule.id } });
  }
});
