import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { credentialsRoutes } from '../../shared/api/credentials.ts';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import { resourcesRoutes } from '../../shared/api/resources.ts';
import { type OpenSshTarget, startOpenSshTarget } from '../targets/open-ssh-target.ts';
import type { Page } from '@playwright/test';
import { ADMIN, expect, test } from './fixtures.ts';
import type { OpenApp } from './launch-app.ts';
import { connect, playRecording, signIn, terminalText, untilRecorded } from './page-actions.ts';

/** The files of each drag that the app began. */
async function draggedOut(app: OpenApp): Promise<string[][]> {
  const calls: unknown = await app.electronApp.evaluate((electron) => Reflect.get(Object(Reflect.get(electron, '__standIn')), 'calls'));
  return z.array(z.object({ name: z.string(), arguments: z.array(z.unknown()) })).parse(calls).filter(({ name }) => name === 'webContents.startDrag').map(({ arguments: [item] }) => z.object({ files: z.array(z.string()) }).parse(item).files);
}

/** A file that stands already where it is to go. */
const ASKED = 'asked.txt';
/** The folder that is on its way when the app is killed. */
const HALFWAY = `halfway-${process.pid}`;

/** Files in a real window, over the real gateway, of a real OpenSSH server (S20, S58). */
test.describe('files over SFTP', () => {
  let target: OpenSshTarget;
  let folder: string;

  test.beforeAll(async () => {
    target = await startOpenSshTarget();
    folder = mkdtempSync(join(tmpdir(), 'mavis-local-files-'));
  });
  test.afterAll(async () => {
    for (const made of ['reports', HALFWAY]) rmSync(join(target.home, made), { recursive: true, force: true, maxRetries: 10 });
    await target.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  /** Uploads a folder of which one file asks what to do, and kills the app while it does. */
  async function killInTheMiddle(app: OpenApp, chooseFolder: (app: OpenApp, session: Page) => Promise<void>): Promise<void> {
    for (const [at, name, text] of [[folder, 'first', 'first'], [folder, ASKED, 'as it is here'], [target.home, ASKED, 'old']] as const) {
      mkdirSync(join(at, HALFWAY), { recursive: true });
      writeFileSync(join(at, HALFWAY, name), text);
    }
    // The target's account is another than the one of the test.
    chmodSync(join(target.home, HALFWAY), 0o777);
    const session = await connect(app, 'file-server', 'SFTP');
    await untilRecorded(session);
    await chooseFolder(app, session);
    await session.getByRole('grid', { name: 'This computer' }).getByText(HALFWAY).click();
    await session.keyboard.press('F5');
    await expect(session.getByRole('dialog', { name: `“${ASKED}” is there already` })).toBeVisible();
    await expect.poll(() => existsSync(join(target.home, HALFWAY, 'first'))).toBe(true);
    const gone = app.electronApp.waitForEvent('close', { timeout: 60_000 });
    app.electronApp.process().kill('SIGKILL');
    await gone;
    expect(readFileSync(join(target.home, HALFWAY, ASKED), 'utf8')).toBe('old');
  }

  test('S20, S58: go on where they were after the app was killed in the middle, are listed, go up and come down the same, are dragged to the desktop, are deleted after a question, and the recording plays what was done', async ({ app: firstApp, openApp, system }) => {
    const { admin } = system;
    const credential = await admin.call(credentialsRoutes.credentialCreate, { body: { kind: 'private-key', name: 'of the files', userName: target.user, privateKey: target.privateKey } });
    await admin.call(resourcesRoutes.resourceCreate, {
      body: { name: 'file-server', address: target.host, protocols: [{ protocol: 'sftp', port: target.port }], operatingSystem: 'linux', description: '', identities: [target.hostKeyFingerprint], tags: ['gateway-office1'], credentialId: credential.id, allowSpecialAddress: true },
    });
    const bytes = randomBytes(3_000_000);
    const name = `e2e-${process.pid}.bin`;
    mkdirSync(join(folder, 'reports'));
    writeFileSync(join(folder, 'reports', name), bytes);
    const chooseFolder = async (app: OpenApp, session: Page): Promise<void> => {
      await app.electronApp.evaluate(({ dialog }, path) => {
        dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [path] });
      }, folder);
      await session.getByRole('button', { name: 'Choose folder…' }).click();
      await expect(session.getByRole('grid', { name: 'This computer' }).getByText('reports')).toBeVisible();
    };
    await killInTheMiddle(firstApp, chooseFolder);

    const app = await openApp({ userData: firstApp.userData });
    await signIn(app.main, ADMIN.name, ADMIN.password);
    const session = await connect(app, 'file-server', 'SFTP');
    await untilRecorded(session);
    // The one of its two files that had not gone goes now; nobody named folder or file again.
    await session.getByRole('dialog', { name: `“${ASKED}” is there already` }).getByRole('button', { name: 'Overwrite' }).click();
    await expect(session.getByRole('region', { name: 'Transfers' })).toContainText(/Done.*2 of 2 files.*Continued from before/, { timeout: 30_000 });
    expect(readFileSync(join(target.home, HALFWAY, ASKED), 'utf8')).toBe('as it is here');
    await session.getByRole('button', { name: /^Remove from list/ }).click();
    // What is done next must not be taken for what was done before.
    await expect(session.getByRole('region', { name: 'Transfers' }).getByText('Done')).toHaveCount(0);
    const remote = session.getByRole('grid', { name: 'file-server' });
    const local = session.getByRole('grid', { name: 'This computer' });
    await expect(session.getByRole('navigation', { name: 'Folders above: file-server' })).toContainText(target.home.split('/').at(-1) ?? '');
    await chooseFolder(app, session);

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
    // Out of the window to the desktop: fetched first, then the system's drag (in the stand-in: call only).
    await remote.getByText(name).click({ button: 'right' });
    await session.getByRole('menuitem', { name: 'Drag to the desktop…' }).click();
    const ready = session.getByRole('region', { name: 'To be dragged to the desktop' }).getByRole('listitem');
    await expect(ready).toContainText('Drag this line to the desktop', { timeout: 30_000 });
    await ready.dispatchEvent('dragstart');
    await expect.poll(() => draggedOut(app)).toHaveLength(1);
    const [[dragged = ''] = []] = await draggedOut(app);
    expect([basename(dragged), readFileSync(dragged).equals(bytes)]).toEqual([name, true]);
    await ready.getByRole('button', { name: `Take from the list: ${name}` }).click();
    await expect.poll(() => existsSync(dragged)).toBe(false);
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

    await app.main.getByRole('navigation').getByRole('button', { name: 'Session recordings' }).click();
    await expect.poll(async () => (await admin.call(recordingsRoutes.recordingList, { query: { reference } })).items[0]?.state, { timeout: 60_000 }).toBe('sealed');
    await playRecording(app.main, reference, 'file-server');
    await app.main.getByRole('slider', { name: 'Position' }).press('End');
    // A hash is longer than what is left of a line: its end stands on the next.
    await expect.poll(async () => (await terminalText(app.main)).replaceAll('\n', ''), { timeout: 60_000 }).toContain(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  });
});
