import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { accessRulesRoutes } from '../../shared/api/access-rules.ts';
import { auditRoutes } from '../../shared/api/audit.ts';
import { liveTag } from '../../scripts/embedded-system/provisioning.ts';
import { expect, test } from './fixtures.ts';
import { connect, openMenu, saveFilesTo, signedIn, untilRecorded } from './page-actions.ts';

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
    await main.getByRole('button', { name: USER.name, exact: true }).click();
    await main.getByRole('complementary').getByRole('button', { name: 'Disable user' }).click();
    await dialog.getByRole('button', { name: 'Disable user' }).click();
    await expect(main.getByRole('complementary')).toContainText('Disabled');
    await expect(session.getByRole('alert', { name: 'Session ended' })).toContainText('The session was ended because your account was disabled.');
    await expect(userApp.main.getByRole('form', { name: 'Sign in' })).toBeVisible();

    // What the log says of the first session, as it stands in the file that the auditor takes along.
    await expect.poll(async () => (await admin.call(auditRoutes.auditList, { query: { reference } })).items.map(({ kind }) => kind), { timeout: 60_000 }).toContain('connection.ended');
    const file = info.outputPath('audit.csv');
    await saveFilesTo(electronApp, file);
    await openMenu(main, 'Audit log');
    await main.getByLabel('Reference', { exact: true }).fill(reference);
    await expect(main.getByText('connection.ended')).toBeVisible();
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
