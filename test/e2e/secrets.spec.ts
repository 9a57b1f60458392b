import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Page } from '@playwright/test';
import { accessRulesRoutes } from '../../shared/api/access-rules.ts';
import { auditRoutes } from '../../shared/api/audit.ts';
import { type CredentialFields, credentialsRoutes } from '../../shared/api/credentials.ts';
import { recordingsRoutes } from '../../shared/api/recordings.ts';
import { type ResourceFields, resourcesRoutes } from '../../shared/api/resources.ts';
import { usersRoutes } from '../../shared/api/users.ts';
import type { CredentialId, ResourceId, UserId } from '../../shared/ids.ts';
import { type ConnectProxy, startConnectProxy } from '../fixtures/connect-proxy.ts';
import { HeadlessClient } from '../fixtures/headless-client.ts';
import type { WholeSystem } from '../fixtures/whole-system.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../targets/open-ssh-target.ts';
import { type NlaTarget, startNlaTarget } from '../targets/nla-target.ts';
import { startVncTarget, type VncTarget } from '../targets/vnc-target.ts';
import { expect, test } from './fixtures.ts';
import { launchApp, type OpenApp } from './launch-app.ts';
import { addProfile, connect, saveFilesTo, showTerminalAsText, signIn, terminalText, type, untilRecorded } from './page-actions.ts';
import { ProcessWatch, SecretSearch, type Canary, type Hit } from './secret-search.ts';

/** A secret that stands nowhere else, of letters that every encoding leaves as they are. */
const canary = (name: string): Canary => ({ name, secret: `Canary${name.replaceAll(/[^a-z]/gi, '')}${randomBytes(12).toString('hex')}` });

const USER_NAME = 'canary-user';
const AUDITOR_NAME = 'canary-auditor';
const PROXY_USER = 'canary-proxy-user';
const RULE = { protocols: ['ssh' as const, 'sftp' as const, 'vnc' as const, 'rdp' as const], windows: [] };

interface Planted {
  readonly passwordOfUser: Canary;
  readonly passwordOfAuditor: Canary;
  readonly wrongAtSignIn: Canary;
  readonly passwordOfTarget: Canary;
  readonly wrongForTarget: Canary;
  readonly passphrase: Canary;
  readonly typedUnseen: Canary;
  readonly wrongWhenAsked: Canary;
  readonly privateKey: Canary;
  readonly passwordOfVnc: Canary;
  readonly passwordOfRdp: Canary;
  readonly wrongForProxy: Canary;
  readonly passwordOfProxy: Canary;
}

/** The servers that the passwords are for. */
interface Targets {
  readonly ssh: OpenSshTarget;
  readonly vnc: VncTarget;
  readonly rdp: NlaTarget;
}

/** A target's private key under a passphrase, as an administrator would paste it. */
function encryptedKey(target: OpenSshTarget, folder: string, passphrase: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const copy = join(folder, 'key');
  cpSync(target.privateKeyFile, copy);
  try {
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', passphrase, '-f', copy], { stdio: 'ignore' });
    return execFileSync('cat', [copy], { encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function plant(system: WholeSystem, { ssh: target, vnc, rdp }: Targets, planted: Planted, key: string, userId: UserId): Promise<Record<'password' | 'key' | 'wrong' | 'asked', ResourceId>> {
  const { admin } = system;
  const credential = async (fields: CredentialFields): Promise<CredentialId> => (await admin.call(credentialsRoutes.credentialCreate, { body: fields })).id;
  const byPassword = await credential({ kind: 'password', name: 'by password', userName: target.user, password: planted.passwordOfTarget.secret });
  const byKey = await credential({ kind: 'private-key', name: 'by key', userName: target.user, privateKey: key, passphrase: planted.passphrase.secret });
  const wrong = await credential({ kind: 'password', name: 'wrong', userName: target.user, password: planted.wrongForTarget.secret });
  const shell = { protocols: [{ protocol: 'ssh' as const, port: target.port }, { protocol: 'sftp' as const, port: target.port }], identities: [target.hostKeyFingerprint] };
  const resource = async (name: string, tag: string, credentialId: CredentialId | null, way: Pick<ResourceFields, 'protocols' | 'identities'> = shell): Promise<ResourceId> =>
    (await admin.call(resourcesRoutes.resourceCreate, { body: { name, address: target.host, ...way, operatingSystem: 'linux', tags: ['gateway-office1', tag], credentialId, allowSpecialAddress: true } })).id;
  await resource('canary-vnc', 'canary-stored', await credential({ kind: 'password', name: 'of VNC', userName: 'unused', password: planted.passwordOfVnc.secret }), { protocols: [{ protocol: 'vnc', port: vnc.port }], identities: [] });
  await resource('canary-rdp', 'canary-stored', await credential({ kind: 'password', name: 'of RDP', userName: rdp.user, password: planted.passwordOfRdp.secret }), { protocols: [{ protocol: 'rdp', port: rdp.port }], identities: [rdp.fingerprint] });
  // Of this user alone: a rule for all users, made by another test of the same service, would go before.
  const subject = { kind: 'user', userId } as const;
  await admin.call(accessRulesRoutes.accessRuleCreate, { body: { ...RULE, name: 'stored', subject, filter: 'tag:canary-stored', signOn: 'stored', policy: { recordInput: true } } });
  await admin.call(accessRulesRoutes.accessRuleCreate, { body: { ...RULE, name: 'asked', subject, filter: 'tag:canary-asked', signOn: 'ask-user', policy: { promptsReachUser: true, recordInput: true } } });
  return {
    password: await resource('canary-password', 'canary-stored', byPassword),
    key: await resource('canary-key', 'canary-stored', byKey),
    wrong: await resource('canary-wrong', 'canary-stored', wrong),
    asked: await resource('canary-asked', 'canary-asked', null),
  };
}

/** All that a window's page holds: its document, what stands in its fields, and its storage. */
async function pageBytes(page: Page): Promise<Buffer> {
  const held = await page.evaluate(async () => {
    const fields = Array.from(document.querySelectorAll('input, textarea'), (field) => (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement ? field.value : ''));
    const databases = await indexedDB.databases();
    return JSON.stringify([fields, { ...localStorage }, { ...sessionStorage }, databases.map(({ name }) => name), document.cookie, location.href]);
  });
  return Buffer.from(`${await page.content()}${held}`);
}

/** Signs on by hand where the access rule asks the user: user name and password of the target. */
async function answer(session: Page, user: string, password: string): Promise<void> {
  // What the window says instead is in the message of a failure.
  await expect(session.locator('main')).toContainText('User name on the target', { timeout: 60_000 });
  await session.getByLabel('User name on the target').fill(user);
  await session.getByLabel('Password on the target').fill(password);
  await session.getByRole('button', { name: 'Continue' }).click();
}

/** Signs on to the network's proxy. */
async function answerProxy(main: Page, password: string): Promise<void> {
  await main.getByLabel('User name for the proxy').fill(PROXY_USER);
  await main.getByLabel('Password for the proxy').fill(password);
  await main.getByRole('button', { name: 'Continue' }).click();
}

/** Adds the service behind an HTTP proxy that asks who the user is: told wrong, then right. */
async function addProfileBehindProxy(main: Page, system: WholeSystem, proxy: ConnectProxy, planted: Planted, look: (page: Page, name: string) => Promise<void>): Promise<void> {
  await main.getByRole('button', { name: 'Add profile' }).click();
  await main.getByRole('radio', { name: 'This HTTP proxy' }).check();
  await main.getByLabel('HTTP proxy', { exact: true }).fill(proxy.name);
  const added = addProfile(main, system);
  await answerProxy(main, planted.wrongForProxy.secret);
  await expect(main.getByRole('dialog').getByRole('alert')).toContainText('did not take');
  await look(main, 'refused by the proxy');
  await answerProxy(main, planted.passwordOfProxy.secret);
  await added;
}

async function endSession(session: Page): Promise<void> {
  await session.getByRole('button', { name: 'End session' }).click();
  await session.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
  await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();
}

async function endShell(session: Page): Promise<void> {
  await type(session, 'exit');
  await expect(session.getByRole('alert', { name: 'Session ended' })).toBeVisible();
}

test.describe('B16: secrets', () => {
  test('B16: a canary planted in every credential is in no log, file, recording, export, process list or page after everything was used', async ({ system }, info) => {
    test.setTimeout(400_000);
    // VncAuth takes eight letters.
    const [target, vnc, rdp] = await Promise.all([startOpenSshTarget({ signOn: ['publickey', 'password'] }), startVncTarget({ width: 640, height: 480, password: randomBytes(6).toString('base64url') }), startNlaTarget()]);
    const passwordOfProxy = canary('password of proxy');
    const proxy = await startConnectProxy({ credentials: { userName: PROXY_USER, password: passwordOfProxy.secret } });
    const userData = info.outputPath('user-data');
    mkdirSync(userData, { recursive: true });
    const said: Buffer[] = [];
    let app: OpenApp | undefined;
    let watch: ProcessWatch | undefined;
    try {
      const planted: Planted = {
        passwordOfUser: canary('password of user'),
        passwordOfAuditor: canary('password of auditor'),
        wrongAtSignIn: canary('wrong at sign-in'),
        passwordOfTarget: { name: 'password of target', secret: target.password ?? '' },
        wrongForTarget: canary('wrong for target'),
        passphrase: canary('passphrase'),
        typedUnseen: canary('typed unseen'),
        wrongWhenAsked: canary('wrong when asked'),
        // The last line of the clear key holds its private half, without what is the same in its encrypted form.
        privateKey: { name: 'private key', secret: target.privateKey.trim().split('\n').at(-3) ?? '' },
        passwordOfVnc: { name: 'password of VNC', secret: vnc.password },
        passwordOfRdp: { name: 'password of RDP', secret: rdp.password },
        wrongForProxy: canary('wrong for proxy'),
        passwordOfProxy,
      };
      const key = encryptedKey(target, info.outputPath('key'), planted.passphrase.secret);
      const { user, oneTimePassword = '' } = await system.admin.call(usersRoutes.userCreate, { body: { name: USER_NAME, displayName: USER_NAME, role: 'user' } });
      await system.addUser(AUDITOR_NAME, 'admin', planted.passwordOfAuditor.secret);
      const canaries: Canary[] = [...Object.values(planted), { name: 'one-time password', secret: oneTimePassword }, { name: 'key as pasted', secret: key.trim().split('\n').at(-3) ?? '' }];
      expect(canaries.every(({ secret }) => secret.length >= 8)).toBe(true);
      const search = new SecretSearch(canaries);
      watch = new ProcessWatch(search);
      const resources = await plant(system, { ssh: target, vnc, rdp }, planted, key, user.id);

      app = await launchApp(userData);
      const { main, electronApp } = app;
      for (const stream of [electronApp.process().stdout, electronApp.process().stderr]) stream?.on('data', (chunk: Buffer) => said.push(chunk));
      const seen: Hit[] = [];
      const look = async (page: Page, name: string): Promise<void> => void seen.push(...search.inBytes(`page: ${name}`, await pageBytes(page)));

      // Signing in: refused, with a one-time password, and with the password chosen after it.
      await addProfileBehindProxy(main, system, proxy, planted, look);
      await signIn(main, USER_NAME, planted.wrongAtSignIn.secret);
      await expect(main.getByRole('alert')).toBeVisible();
      await look(main, 'refused sign-in');
      await signIn(main, USER_NAME, oneTimePassword);
      await main.getByLabel('Current password').fill(oneTimePassword);
      await main.getByLabel('New password', { exact: true }).fill(planted.passwordOfUser.secret);
      await main.getByLabel('New password, again').fill(planted.passwordOfUser.secret);
      await main.getByRole('button', { name: 'Change password' }).click();
      await main.getByRole('searchbox', { name: 'Search resources' }).waitFor();
      await look(main, 'after the change of the password');
      await showTerminalAsText(main);

      // A password that the target takes; a prompt without echo, as of sudo.
      const byPassword = await connect(app, 'canary-password');
      await untilRecorded(byPassword);
      await type(byPassword, `read -s -p 'Password: ' answer; echo; echo "length=\${#answer}"`);
      await expect.poll(() => terminalText(byPassword)).toMatch(/^Password: ?$/m);
      await type(byPassword, planted.typedUnseen.secret);
      await expect.poll(() => terminalText(byPassword)).toContain(`length=${planted.typedUnseen.secret.length}`);
      await look(byPassword, 'session by password');
      await endShell(byPassword);

      const byKey = await connect(app, 'canary-key');
      await untilRecorded(byKey);
      await type(byKey, 'echo by-key-$((40+2))');
      await expect.poll(() => terminalText(byKey)).toContain('by-key-42');
      await look(byKey, 'session by key');
      await endShell(byKey);

      // The stored passwords of desktops, and files over SFTP with that of the shell.
      for (const [resource, protocol] of [['canary-vnc', 'VNC'], ['canary-rdp', 'RDP'], ['canary-password', 'SFTP']] as const) {
        const session = await connect(app, resource, protocol);
        await untilRecorded(session);
        await look(session, `session over ${protocol}`);
        await endSession(session);
      }

      // Refused by the target; then asked for, refused and taken.
      const refused = await connect(app, 'canary-wrong');
      await expect(refused.getByRole('alert')).toContainText('Connection failed', { timeout: 60_000 });
      await look(refused, 'refused sign-on');
      const asked = await connect(app, 'canary-asked');
      await answer(asked, target.user, planted.wrongWhenAsked.secret);
      await expect(asked.getByRole('alert')).toContainText('Connection failed', { timeout: 60_000 });
      await look(asked, 'refused answer');
      await asked.getByRole('button', { name: 'Try again' }).click();
      await answer(asked, target.user, planted.passwordOfTarget.secret);
      await untilRecorded(asked);
      await look(asked, 'session with an answer');
      await endShell(asked);

      const tested = await system.admin.call(resourcesRoutes.resourceConnectionTest, { params: { resourceId: resources.password }, body: { protocol: 'ssh' } });
      expect(tested.stages.every(({ ok }) => ok)).toBe(true);
      await system.admin.call(usersRoutes.userResetPassword, { params: { userId: user.id } });

      // What is exported and listed; the API's answers are written to a folder, as a person would save them.
      const auditor = new HeadlessClient(system.embedded.service);
      await auditor.signIn(AUDITOR_NAME, planted.passwordOfAuditor.secret);
      const exported = join(system.folder, 'exported');
      mkdirSync(exported);
      const own = async () => (await system.admin.call(recordingsRoutes.recordingList, { query: { search: USER_NAME } })).items.filter(({ stored }) => stored);
      await expect.poll(async () => (await own()).length, { timeout: 60_000 }).toBe(6);
      const items = await own();
      let opened = '';
      expect(new Set(items.map(({ protocol }) => protocol))).toEqual(new Set(['ssh', 'sftp', 'vnc', 'rdp']));
      for (const { id: recordingId, protocol } of items) {
        const playback = await buffer(await auditor.service.open(recordingsRoutes.recordingPlayback, { params: { recordingId }, query: {}, body: {} }));
        writeFileSync(join(exported, `${recordingId}.frames`), playback);
        if (protocol !== 'ssh') continue;
        const asciicast = await buffer(await auditor.service.open(recordingsRoutes.recordingAsciicast, { params: { recordingId }, query: { version: 3 }, body: {} }));
        writeFileSync(join(exported, `${recordingId}.cast`), asciicast);
        opened += asciicast.toString('utf8');
      }
      // The recordings could be read, and what was typed openly stands in them: the search has something to search.
      expect(opened).toContain(`length=${planted.typedUnseen.secret.length}`);
      expect(opened).toContain('by-key-42');
      for (const format of ['csv', 'jsonl'] as const) writeFileSync(join(exported, `audit.${format}`), await buffer(await auditor.service.open(auditRoutes.auditExport, { params: {}, query: { format }, body: {} })));
      for (const format of ['csv', 'json'] as const) writeFileSync(join(exported, `resources.${format}`), await buffer(await auditor.service.open(resourcesRoutes.resourceExport, { params: {}, query: { format, filter: '' }, body: {} })));
      const lists = [
        await system.admin.call(auditRoutes.auditList, { query: { limit: 1000 } }),
        await system.admin.call(auditRoutes.errorLogList, { query: { limit: 1000 } }),
        await system.admin.call(credentialsRoutes.credentialList, {}),
        await system.admin.call(accessRulesRoutes.accessRuleList, {}),
        await system.admin.call(usersRoutes.userList, { query: { limit: 1000 } }),
      ];
      writeFileSync(join(exported, 'lists.json'), JSON.stringify(lists));
      expect(JSON.stringify(lists)).toContain('target.sign-on-refused');
      auditor.close();

      // The reset has signed the user out; the administrators' pages in the app.
      await main.getByRole('form', { name: 'Sign in' }).waitFor();
      await signIn(main, AUDITOR_NAME, planted.passwordOfAuditor.secret);
      for (const page of ['Audit log', 'Error log', 'Session recordings', 'Settings', 'Diagnostics']) {
        await main.getByRole('navigation').getByRole('button', { name: page }).click();
        await main.getByRole('heading', { name: page, level: 1 }).waitFor();
        await main.waitForLoadState('networkidle');
        await look(main, page);
      }

      // The report that a person hands over, with all addresses in it.
      await main.getByRole('button', { name: 'Run all checks' }).click();
      const saved = async (format: 'json' | 'html', looked: RegExp): Promise<string> => {
        const file = join(exported, `report.${format}`);
        await saveFilesTo(electronApp, file);
        const made = await main.evaluate((wanted) => window.mavis.diagnostics.saveReport({ format: wanted, hideAddresses: false }), format);
        return made.ok && made.value.saved ? (looked.exec(readFileSync(file, 'utf8'))?.[0] ?? 'not in it') : JSON.stringify(made);
      };
      // Once it is through, it names the proxy that it was asked to sign on to.
      await expect.poll(() => saved('json', /(?:PROXY|DIRECT)[^"]*/), { timeout: 60_000 }).toBe(`PROXY ${proxy.name}`);
      expect(await saved('html', /<table>/)).toBe('<table>');

      // While all runs, and after the app and the gateway have ended: what is kept, and what was said.
      const running = [search.inFolder(system.folder), search.inFolder(userData)];
      const gone = electronApp.waitForEvent('close');
      await electronApp.evaluate(({ app: electron }) => electron.exit(0)).catch(() => undefined);
      await gone;
      app = undefined;
      await system.stopGateway();
      const after = [search.inFolder(system.folder), search.inFolder(userData)];
      await system.startGateway();
      for (const { files } of [...running, ...after]) expect(files).toBeGreaterThan(5);
      expect(watch.processes).toBeGreaterThan(10);
      const hits = [...seen, ...search.inBytes('output of the app', Buffer.concat(said)), ...watch.stop(), ...running.flatMap(({ hits: found }) => found), ...after.flatMap(({ hits: found }) => found)];
      expect(hits).toEqual([]);
      expect(statSync(join(system.folder, 'logs', 'service.log')).size).toBeGreaterThan(0);
    } catch (error) {
      await app?.main.screenshot({ path: info.outputPath('main-window.png') }).catch(() => undefined);
      throw error;
    } finally {
      watch?.stop();
      await app?.electronApp.evaluate(({ app: electron }) => electron.exit(0)).catch(() => undefined);
      await app?.electronApp.close().catch(() => undefined);
      await Promise.all([target.stop(), vnc.stop(), rdp.stop(), proxy.stop()]);
      rmSync(userData, { recursive: true, force: true, maxRetries: 5 });
    }
  });

  test('B16: the search finds what is planted: in files, in their names, in every encoding, and in processes', async ({ browserName: _browserName }, info) => {
    const planted = canary('planted');
    const search = new SecretSearch([planted, canary('elsewhere')]);
    const folder = info.outputPath('planted');
    mkdirSync(join(folder, 'deep', planted.secret), { recursive: true });
    const utf8 = Buffer.from(planted.secret);
    const files: readonly Buffer[] = [
      utf8,
      Buffer.from(planted.secret, 'utf16le'),
      Buffer.from(planted.secret, 'utf16le').swap16(),
      Buffer.from(utf8.toString('hex')),
      ...['', 'a', 'ab', 'abc'].map((before) => Buffer.from(Buffer.from(`${before}${planted.secret}z`).toString('base64'))),
      ...['a', 'ab'].map((before) => Buffer.from(Buffer.from(`${before}${planted.secret}`).toString('base64url'))),
    ];
    files.forEach((bytes, index) => writeFileSync(join(folder, 'deep', `file-${index}`), Buffer.concat([randomBytes(100_000), bytes, randomBytes(1000)])));
    writeFileSync(join(folder, 'nothing'), randomBytes(100_000));
    const { hits, files: read } = search.inFolder(folder);
    expect(read).toBe(files.length + 1);
    expect(new Set(hits.map(({ where }) => where))).toEqual(new Set([`name of ${join(folder, 'deep', planted.secret)}`, ...files.map((_, index) => join(folder, 'deep', `file-${index}`))]));
    expect(new Set(hits.map((hit) => hit.canary))).toEqual(new Set(['planted']));

    const watch = new ProcessWatch(search, 10);
    const children = [spawn('sleep', ['30'], { env: { SECRET: planted.secret } }), spawn(process.execPath, ['-e', 'setTimeout(() => {}, 30_000)', planted.secret])];
    await expect.poll(() => {
      watch.look(true);
      return watch.stop().map(({ where }) => where.split(' ')[0]).sort();
    }).toEqual(['cmdline', 'environ']);
    await Promise.all(children.map(async (child) => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }));
  });
});
