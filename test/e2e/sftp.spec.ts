import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialsRoutes } from '../../shared/api/credentials.ts';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import { resourcesRoutes } from '../../shared/api/resources.ts';
import { type OpenSshTarget, startOpenSshTarget } from '../targets/open-ssh-target.ts';
import { expect, test } from './fixtures.ts';
import { connect, openFrom, terminalText, untilRecorded } from './page-actions.ts';

/** Files in a real window, over the real gateway, of a real OpenSSH server (S20, S58). */
test.describe('files over SFTP', () => {
  let target: OpenSshTarget;
  let folder: string;

  test.beforeAll(async () => {
    target = await startOpenSshTarget();
    folder = mkdtempSync(join(tmpdir(), 'mavis-local-files-'));
  });
  test.afterAll(async () => {
    await target.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('S20, S58: are listed, go up and come down the same, are deleted after a question, and the recording plays what was done', async ({ app, system }) => {
    const { admin } = system;
    const credential = await admin.call(credentialsRoutes.credentialCreate, { body: { kind: 'private-key', name: 'of the files', userName: target.user, privateKey: target.privateKey } });
    await admin.call(resourcesRoutes.resourceCreate, {
      body: { name: 'file-server', address: target.host, protocols: [{ protocol: 'sftp', port: target.port }], operatingSystem: 'linux', description: '', identities: [target.hostKeyFingerprint], tags: ['gateway-office1'], credentialId: credential.id, allowSpecialAddress: true },
    });
    const bytes = randomBytes(3_000_000);
    const name = `e2e-${process.pid}.bin`;
    mkdirSync(join(folder, 'reports'));
    writeFileSync(join(folder, 'reports', name), bytes);
    await openFrom(app.electronApp, folder);

    const session = await connect(app, 'file-server', 'SFTP');
    await untilRecorded(session);
    const remote = session.getByRole('grid', { name: 'file-server' });
    const local = session.getByRole('grid', { name: 'This computer' });
    await expect(session.getByRole('navigation', { name: 'Folders above: file-server' })).toContainText(target.home.split('/').at(-1) ?? '');
    await session.getByRole('button', { name: 'Choose folder…' }).click();
    await expect(local.getByText('reports')).toBeVisible();

    await local.getByText('reports').click();
    await session.keyboard.press('F5');
    const queue = session.getByRole('region', { name: 'Transfers' });
    await expect(queue.getByText('Done')).toHaveCount(1, { timeout: 30_000 });
    expect(readFileSync(join(target.home, 'reports', name)).equals(bytes)).toBe(true);
    await remote.getByText('reports').dblclick();
    await remote.getByText(name).click();
    await session.keyboard.press('F5');
    await expect(queue.getByText('Done')).toHaveCount(2, { timeout: 30_000 });
    expect(readFileSync(join(folder, name)).equals(bytes)).toBe(true);
    await remote.getByText(name).click();
    await session.keyboard.press('Delete');
    const question = session.getByRole('dialog', { name: 'Delete on file-server?' });
    await expect(question).toContainText(`1 file and no folders will be deleted: ${name}`);
    await question.getByRole('button', { name: 'Delete', exact: true }).click();
    await expect(remote.getByText(name)).toHaveCount(0);

    const reference = (await session.getByLabel('State of the session').getByText(/^MV-/).textContent()) ?? '';
    await session.getByRole('button', { name: 'End session' }).click();
    await session.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
    await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();
    await session.close();
    rmSync(join(target.home, 'reports'), { recursive: true, force: true });

    await app.main.getByRole('navigation').getByRole('button', { name: 'Session recordings' }).click();
    await expect.poll(async () => (await admin.call(recordingsRoutes.recordingList, { query: { reference } })).items[0]?.state, { timeout: 60_000 }).toBe('sealed');
    await app.main.getByRole('searchbox', { name: /Search by user/ }).fill(reference);
    await app.main.getByRole('button', { name: 'Play file-server' }).first().click();
    await app.main.getByRole('slider', { name: 'Position' }).press('End');
    // A hash is longer than what is left of a line: its end stands on the next.
    await expect.poll(async () => (await terminalText(app.main)).replaceAll('\n', ''), { timeout: 60_000 }).toContain(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  });
});
