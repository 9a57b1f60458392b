import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { clientSettings, type ClientSettings } from '../../../shared/ipc/settings.ts';
import type { MavisError } from '../../../shared/errors/mavis-error.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { readServiceCertificate } from '../../../src-main/service-client/certificate-trust.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';
import { JsonFile } from '../../../src-main/stored-files/json-file.ts';
import type { InstalledPackage } from '../../../src-main/updates/installed-package.ts';
import { updateAbility } from '../../../src-main/updates/update-ability.ts';
import { feedOfAddress, feedOfService, UpdateFeed } from '../../../src-main/updates/update-feed.ts';
import { startDetached } from '../../../src-main/updates/update-installer.ts';
import { UpdateRecord } from '../../../src-main/updates/update-record.ts';
import { Updates, type UpdateSource } from '../../../src-main/updates/updates.ts';
import { type CertificateAuthority, type IssuedCertificate, makeAuthority } from '../../fixtures/certificate-authority.ts';
import { ServiceUnderTest } from '../../fixtures/service-under-test.ts';
import { makeUpdatePublisher, type UpdatePublisher } from '../../fixtures/update-publisher.ts';

// The whole way of an update: published by the command, given out over HTTPS, fetched, verified and installed by the client's own parts.

const log = createLog([], () => 0, 1);
const closing: (() => Promise<unknown>)[] = [];
let authority: CertificateAuthority;
let certificate: IssuedCertificate;
let folder: string;
let published: string;
let publisher: UpdatePublisher;

beforeAll(async () => {
  authority = await makeAuthority('Test CA');
  certificate = await authority.issue({ name: 'updates', hosts: ['127.0.0.1'] });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mavis-updates-'));
  published = join(folder, 'published');
  publisher = makeUpdatePublisher(published);
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A static host of what is published; `answer` may do otherwise for a file. */
async function staticHost(answer: (name: string) => Answer | undefined = () => undefined): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = [];
  const server = https.createServer({ key: certificate.keyPem, cert: certificate.certificatePem }, (request, response) => {
    const name = basename(request.url ?? '');
    asked.push(name);
    const other = answer(name);
    if (other) other(request, response);
    else if (existsSync(join(published, name))) response.end(readFileSync(join(published, name)));
    else response.writeHead(404).end();
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { address: `https://127.0.0.1:${port}/mavis`, asked };
}

const ofAddress = (address: string, manifestLimitMs?: number): UpdateSource => ({
  kind: 'address',
  open: () => new UpdateFeed({ address: feedOfAddress(address), pin: null, authorities: [authority.certificatePem], ...(manifestLimitMs === undefined ? {} : { manifestLimitMs }) }),
});

interface Asked {
  readonly source: UpdateSource | undefined;
  readonly version?: string;
  readonly settings?: Partial<ClientSettings>;
  readonly installed?: InstalledPackage;
  readonly keys?: readonly string[];
  readonly clock?: () => number;
  readonly planned?: (milliseconds: number) => void;
  readonly policy?: Parameters<typeof updateAbility>[0]['policy'];
}

/** The client's updates, in a user's folder that outlives them. */
function client({ source, version = '1.1.0', settings = {}, installed = { target: 'appimage-x64', appImage: join(folder, 'mavis.AppImage') }, keys = [publisher.key], clock = Date.now, planned = () => undefined, policy = { settings: {}, problems: [] } }: Asked) {
  const { updates: store } = createStores(clientSettings.parse({}));
  const file = new JsonFile(join(folder, 'updates.json'), () => 0);
  const record = new UpdateRecord(file, log, () => '11111111-1111-4111-8111-111111111111');
  const stored = file.readAtStart();
  record.load(stored.status === 'read' ? stored.value : undefined);
  const phases: string[] = [];
  const updates = new Updates({
    store, record, version, log,
    ability: updateAbility({ policy, keys, installed }),
    settings: () => clientSettings.parse(settings),
    source: () => source,
    folder: join(folder, 'fetched'),
    appWords: ['--user-data-dir=/a b'],
    clock,
    random: () => 0.5,
    later: (milliseconds) => {
      planned(milliseconds);
      return () => undefined;
    },
  });
  store.onPatch(() => phases.at(-1) !== store.state.phase.status && phases.push(store.state.phase.status));
  closing.push(() => updates.stop());
  return { updates, store, phases, phase: () => store.state.phase, fetched: () => (existsSync(join(folder, 'fetched')) ? readdirSync(join(folder, 'fetched')) : []) };
}

const codeOf = (work: () => unknown): Promise<string> => Promise.resolve().then(work).then(() => 'no error', (error: MavisError) => error.code);

describe('an update is found, fetched and verified', () => {
  test('from the feed of the service, whose key is pinned and to whom nobody is signed in', async () => {
    const service = await ServiceUnderTest.start();
    closing.push(() => service.stop());
    const { name, bytes } = await publisher.publish('1.2.0', { bytes: 1_500_000 });
    renameSync(published, join(service.folder, 'updates'));
    const url = new URL(service.running.url);
    const { fingerprint } = await readServiceCertificate({ host: url.hostname, port: Number(url.port), authorities: [], timeoutMs: 20_000 });
    const open = (pin: string) => (): UpdateFeed => new UpdateFeed({ address: feedOfService(service.running.url), pin, authorities: [] });
    const { updates, store, phases, phase } = client({ source: { kind: 'service', open: open(fingerprint) } });
    await updates.check();
    expect(phases).toEqual(['unchecked', 'checking', 'downloading', 'ready'].slice(phases[0] === 'unchecked' ? 0 : 1));
    expect(phase()).toEqual({ status: 'ready', offer: { version: '1.2.0', notes: '', sizeBytes: 1_500_000 }, install: 'restart', fileName: name });
    expect(store.state).toMatchObject({ source: 'service', version: '1.1.0' });
    expect(readFileSync(updates.readyFile).equals(bytes)).toBe(true);
    expect(statSync(updates.readyFile).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'fetched')).mode & 0o777).toBe(0o700);
    // Another who answers in the service's place is asked for nothing.
    const other = client({ source: { kind: 'service', open: open(`SHA256:${'A'.repeat(43)}`) } });
    await other.updates.check();
    expect(other.phase()).toMatchObject({ status: 'failed', error: { code: 'service.pin-mismatch' } });
  });

  test('from a static host that the system trusts, with what is new in plain text; a service without a feed offers none', async () => {
    const notes = join(folder, 'notes.txt');
    writeFileSync(notes, 'Faster <b>lists</b>\r\n- 日本語\n');
    await publisher.publish('1.2.0', { words: ['--notes', notes] });
    const { address, asked } = await staticHost();
    const { updates, phase } = client({ source: ofAddress(address) });
    await updates.check();
    expect(phase()).toMatchObject({ status: 'ready', offer: { notes: 'Faster <b>lists</b>\n- 日本語' } });
    expect(asked).toEqual(['stable.json', 'mavis-desktop-1.2.0-linux-x86_64.AppImage']);
    const beta = client({ source: ofAddress(address), settings: { updateChannel: 'beta' } });
    await beta.updates.check();
    expect(beta.phase()).toEqual({ status: 'none-offered' });
    const nowhere = client({ source: undefined });
    await nowhere.updates.check();
    expect(nowhere.phase()).toEqual({ status: 'no-source' });
  });

  test('what was fetched is not fetched again after a restart, unless it has changed on the disk; a release that is withdrawn goes', async () => {
    const { name } = await publisher.publish('1.2.0');
    const { address, asked } = await staticHost();
    await client({ source: ofAddress(address) }).updates.check();
    writeFileSync(join(folder, 'fetched', '.mavis-left.part'), 'of a crash');
    const again = client({ source: ofAddress(address) });
    await again.updates.check();
    expect(again.phase()).toMatchObject({ status: 'ready' });
    expect(again.fetched()).toEqual([name]);
    expect(asked).toEqual(['stable.json', name, 'stable.json']);
    writeFileSync(join(folder, 'fetched', name), 'x', { flag: 'r+' });
    const changed = client({ source: ofAddress(address) });
    await changed.updates.check();
    expect(changed.phase()).toMatchObject({ status: 'ready' });
    expect(asked.slice(3)).toEqual(['stable.json', name]);
    await publisher.publish('1.1.0');
    await changed.updates.check();
    expect(changed.phase()).toEqual({ status: 'up-to-date' });
    expect([changed.fetched(), changed.updates.installable]).toEqual([[], false]);
  });

  test('where it is not to be fetched by itself, it is offered, and fetched once the user asks; where the roll-out has not come here, it is not', async () => {
    const { name } = await publisher.publish('1.2.0');
    const { address, asked } = await staticHost();
    const { updates, phase } = client({ source: ofAddress(address), settings: { downloadUpdates: false } });
    expect(await codeOf(() => updates.download())).toBe('request.conflict');
    await updates.check();
    expect(phase()).toMatchObject({ status: 'available', offer: { version: '1.2.0', sizeBytes: 300_000 } });
    expect(asked).toEqual(['stable.json']);
    await updates.download();
    expect(phase()).toMatchObject({ status: 'ready' });
    expect(asked).toEqual(['stable.json', name]);
    await publisher.publish('1.3.0', { words: ['--rollout', '0'] });
    await updates.check();
    expect(phase()).toEqual({ status: 'held-back', version: '1.3.0' });
  });

  test('who goes to another channel is not left with what the first one offered', async () => {
    await publisher.publish('1.2.0');
    const { address } = await staticHost();
    const settings: Partial<ClientSettings> = { updateChannel: 'stable' };
    const { updates, phase } = client({ source: ofAddress(address), settings });
    await updates.check();
    expect(updates.installable).toBe(true);
    settings.updateChannel = 'beta';
    await updates.check();
    expect([phase(), updates.installable]).toEqual([{ status: 'none-offered' }, false]);
  });

  test('a feed that has no time now is asked when it says, within an hour; no error is shown, and what was found or is ready stays', async () => {
    const { name } = await publisher.publish('1.2.0');
    let busy: RegExp | undefined = /./;
    let after: string | undefined = '120';
    const { address } = await staticHost((asked) => (busy?.test(asked) === true ? (_request, response) => response.writeHead(429, after === undefined ? {} : { 'retry-after': after }).end() : undefined));
    const plans: number[] = [];
    const { updates, phase, fetched } = client({ source: ofAddress(address), planned: (milliseconds) => plans.push(milliseconds) });
    await updates.check();
    expect(phase()).toEqual({ status: 'unchecked' });
    busy = /AppImage$/;
    await updates.check();
    expect(phase()).toMatchObject({ status: 'available', offer: { version: '1.2.0' } });
    busy = undefined;
    await updates.check();
    expect(phase()).toMatchObject({ status: 'ready' });
    busy = /./;
    for (after of ['999999', '0', 'Fri, 27 Nov 2026 10:00:00 GMT', undefined]) await updates.check();
    expect([phase(), updates.installable, fetched()]).toEqual([expect.objectContaining({ status: 'ready' }), true, [name]]);
    // Half of the spread is added to each.
    expect(plans.map((milliseconds) => milliseconds / 1.5 / 1000)).toEqual([120, 120, expect.any(Number), 3600, 60, 60, 60]);
  });

  test('a feed that is not reached later leaves what is ready', async () => {
    await publisher.publish('1.2.0');
    let down = false;
    const { address } = await staticHost(() => (down ? (request) => request.socket.destroy() : undefined));
    const { updates, phase } = client({ source: ofAddress(address) });
    await updates.check();
    down = true;
    await updates.check();
    expect(phase()).toMatchObject({ status: 'ready' });
    expect(updates.installable).toBe(true);
  });
});

describe('A22: what a hostile or broken feed gives', () => {
  const PACKAGE = /\.AppImage$/;
  const inPlaceOf = (pattern: RegExp, answer: Answer) => (name: string) => (pattern.test(name) ? answer : undefined);
  const right = (request: IncomingMessage): Buffer => readFileSync(join(published, basename(request.url ?? '')));
  const altered = (request: IncomingMessage): Buffer => {
    const bytes = right(request);
    bytes.writeUInt8(bytes.readUInt8(150_000) ^ 1, 150_000);
    return bytes;
  };

  const gifts: readonly (readonly [what: string, code: string, answer: (name: string) => Answer | undefined, manifestLimitMs?: number])[] = [
    ['a package with one bit changed', 'update.file-wrong', inPlaceOf(PACKAGE, (request, response) => response.end(altered(request)))],
    ['the same, in pieces of unknown length', 'update.file-wrong', inPlaceOf(PACKAGE, (request, response) => void (response.write(altered(request).subarray(0, 1000)), response.end(altered(request).subarray(1000))))],
    ['a package that lacks its end, and says so', 'update.file-wrong', inPlaceOf(PACKAGE, (request, response) => response.end(right(request).subarray(0, 299_999)))],
    ['a package that lacks its end, in pieces', 'update.file-wrong', inPlaceOf(PACKAGE, (request, response) => void (response.write(right(request).subarray(0, 1000)), response.end()))],
    ['a package that never ends', 'update.file-wrong', inPlaceOf(PACKAGE, (request, response) => {
      const more = (): void => void (response.destroyed || response.write(right(request), () => setImmediate(more)));
      more();
    })],
    ['a download that is cut', 'update.download-cut', inPlaceOf(PACKAGE, (request, response) => {
      response.writeHead(200, { 'content-length': 300_000 });
      response.write(right(request).subarray(0, 100_000), () => request.socket.destroy());
    })],
    ['no package, though its manifest is there', 'update.feed-refused', inPlaceOf(PACKAGE, (_request, response) => response.writeHead(404).end())],
    ['the page of a network that asks for a sign-on', 'update.manifest-untrusted', inPlaceOf(/json$/, (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html><a href="/login">Sign on</a>'))],
    ['a redirect to such a page, which is not followed', 'update.feed-refused', inPlaceOf(/json$/, (_request, response) => response.writeHead(302, { location: 'https://login.example/' }).end())],
    ['a manifest that never ends', 'update.manifest-untrusted', inPlaceOf(/json$/, (_request, response) => {
      const more = (): void => void (response.destroyed || response.write('{'.repeat(10_000), () => setImmediate(more)));
      more();
    })],
    ['a manifest that is cut', 'update.download-cut', inPlaceOf(/json$/, (request, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('{', () => request.socket.destroy());
    })],
    ['a manifest that drips, never silent for long', 'update.download-cut', inPlaceOf(/json$/, (_request, response) => {
      const drip = (): void => void (response.destroyed || response.write('{', () => setTimeout(drip, 20)));
      drip();
    }), 1000],
  ];
  test.each(gifts.map(([what, code, answer, limitMs]) => ({ what, code, answer, limitMs })))('$what: $code, and nothing of it stays', async ({ code, answer, limitMs }) => {
    await publisher.publish('1.2.0');
    const { address } = await staticHost(answer);
    const { updates, phase, fetched } = client({ source: ofAddress(address, limitMs) });
    await updates.check();
    expect(phase()).toMatchObject({ status: 'failed', error: { code } });
    expect([fetched(), updates.installable]).toEqual([[], false]);
  });

  test('a manifest of another publisher, an older one than was seen, one whose time is over, an older version: each refused by its code, and no package is asked for', async () => {
    const { address, asked } = await staticHost();
    const refused = async (asking: Partial<Asked> = {}): Promise<unknown> => {
      const { updates, phase } = client({ source: ofAddress(address), settings: { downloadUpdates: false }, ...asking });
      await updates.check();
      return phase();
    };
    const failed = (code: string) => expect.objectContaining({ status: 'failed', error: expect.objectContaining({ code }) });
    await publisher.publish('1.3.0', { nowMs: Date.now() - 60_000 });
    const first = join(folder, 'first');
    renameSync(published, first);
    await publisher.publish('1.2.0');
    expect(await refused()).toMatchObject({ status: 'available', offer: { version: '1.2.0' } });
    // The version is newer; what it offers was signed before.
    rmSync(published, { recursive: true });
    renameSync(first, published);
    expect(await refused()).toEqual(failed('update.feed-replayed'));
    expect(await refused({ keys: [makeUpdatePublisher(published).key] })).toEqual(failed('update.manifest-untrusted'));
    await publisher.publish('1.2.0', { nowMs: Date.now() - 8 * 86_400_000, words: ['--days', '7'] });
    expect(await refused()).toEqual(failed('update.feed-expired'));
    await publisher.publish('1.0.9');
    expect(await refused()).toEqual(failed('update.downgrade-refused'));
    expect(new Set(asked)).toEqual(new Set(['stable.json']));
  });

  test.each<readonly [string, Answer]>([
    ['says that it has no manifest', (_request, response) => response.writeHead(404).end()],
    ['does not answer', (request) => request.socket.destroy()],
    ['says that it has no time now', (_request, response) => response.writeHead(429, { 'retry-after': '60' }).end()],
  ])('freeze: who stands in the way and %s takes nothing away that was signed, and holds back newer versions no longer than the manifest was good', async (_what, answer) => {
    const { name } = await publisher.publish('1.2.0', { words: ['--days', '30'] });
    let held = false;
    let nowMs = Date.now();
    const { address } = await staticHost(() => (held ? answer : undefined));
    const asking: Asked = { source: ofAddress(address), clock: () => nowMs };
    const before = client(asking);
    await before.updates.check();
    const { checkedAt } = before.store.state;
    held = true;
    nowMs += 29 * 86_400_000;
    await before.updates.check();
    expect([before.phase(), before.updates.installable, before.store.state.checkedAt]).toEqual([expect.objectContaining({ status: 'ready' }), true, checkedAt]);
    const told = async (): Promise<unknown> => {
      const restarted = client(asking);
      await restarted.updates.check();
      expect([restarted.fetched(), restarted.store.state.checkedAt]).toEqual([[name], null]);
      const phase = restarted.phase();
      return phase.status === 'failed' ? phase.error.code : phase.status;
    };
    expect(['none-offered', 'service.unreachable', 'unchecked']).toContain(await told());
    nowMs += 86_400_000 + 60_000;
    expect(await told()).toBe('update.feed-expired');
    await before.updates.check();
    expect([before.phase(), before.updates.installable]).toEqual([expect.objectContaining({ status: 'ready' }), true]);
    held = false;
    await publisher.publish('1.3.0', { nowMs });
    await before.updates.check();
    expect(before.phase()).toMatchObject({ status: 'ready', offer: { version: '1.3.0' } });
  });

  test('a host whose certificate the system does not trust is asked for nothing', async () => {
    await publisher.publish('1.2.0');
    const { address, asked } = await staticHost();
    const { updates, phase } = client({ source: { kind: 'address', open: () => new UpdateFeed({ address: feedOfAddress(address), pin: null, authorities: [] }) } });
    await updates.check();
    expect(phase()).toMatchObject({ status: 'failed', error: { code: 'service.certificate-untrusted', args: { issuer: 'Test CA' } } });
    expect(asked).toEqual([]);
  });

  test('where it cannot be stored, that is what is told', async () => {
    await publisher.publish('1.2.0');
    const { address } = await staticHost();
    const { updates, phase } = client({ source: ofAddress(address) });
    // A name that is taken by a folder which is not empty: it is neither emptied nor written into while the file is fetched.
    const { address: slow } = await staticHost(inPlaceOf(PACKAGE, (request, response) => {
      mkdirSync(join(folder, 'fetched', basename(request.url ?? ''), 'inside'), { recursive: true });
      response.end(right(request));
    }));
    expect(address).not.toBe(slow);
    const blocked = client({ source: ofAddress(slow) });
    await blocked.updates.check();
    expect(blocked.phase()).toMatchObject({ status: 'failed', error: { code: 'update.not-stored' } });
    await updates.check();
    expect(phase()).toMatchObject({ status: 'ready' });
  });
});

describe('the organisation', () => {
  test('switches updates off: nobody is asked, and who asks is told so; without keys, and without a package of ours, there are none either', async () => {
    await publisher.publish('1.2.0');
    const { address, asked } = await staticHost();
    const off = client({ source: ofAddress(address), policy: { settings: { updates: 'off' }, problems: [] } });
    expect(off.phase()).toEqual({ status: 'off', why: 'managed' });
    expect(await codeOf(() => off.updates.check())).toBe('client.managed');
    const unsigned = client({ source: ofAddress(address), keys: [] });
    expect(unsigned.phase()).toEqual({ status: 'off', why: 'no-keys' });
    expect(await codeOf(() => unsigned.updates.check())).toBe('request.conflict');
    expect(updateAbility({ policy: { settings: {}, problems: [] }, keys: [publisher.key], installed: undefined })).toEqual({ kind: 'off', why: 'no-package' });
    expect(asked).toEqual([]);
  });
});

describe('installing', () => {
  async function ready(installed?: InstalledPackage) {
    const release = await publisher.publish('1.2.0');
    const { address } = await staticHost();
    const made = client({ source: ofAddress(address), ...(installed === undefined ? {} : { installed }) });
    await made.updates.check();
    return { ...made, ...release };
  }

  test('an AppImage is replaced at once, keeps what may run it, and is what is started last', async () => {
    const appImage = join(folder, 'mavis.AppImage');
    writeFileSync(appImage, 'old');
    chmodSync(appImage, 0o755);
    const { updates, bytes } = await ready();
    expect(await updates.prepareInstall(true)).toEqual({ program: appImage, words: ['--user-data-dir=/a b'] });
    expect(readFileSync(appImage).equals(bytes)).toBe(true);
    expect(statSync(appImage).mode & 0o777).toBe(0o755);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
    expect(updates.installable).toBe(false);
  });

  test('when the app is only quit, nothing is started', async () => {
    writeFileSync(join(folder, 'mavis.AppImage'), 'old');
    const { updates } = await ready();
    expect(await updates.prepareInstall(false)).toBeUndefined();
  });

  test('A22: a file that was changed after it was verified is not installed: the app stays as it is, and the file goes', async () => {
    const appImage = join(folder, 'mavis.AppImage');
    writeFileSync(appImage, 'old');
    for (const change of [(path: string) => appendFileSync(path, 'x'), (path: string) => writeFileSync(path, 'x', { flag: 'r+' }), (path: string) => {
      renameSync(path, join(folder, 'elsewhere'));
      symlinkSync(join(folder, 'elsewhere'), path);
    }]) {
      const { updates, phase, fetched } = await ready();
      change(updates.readyFile);
      expect(await codeOf(() => updates.prepareInstall(true))).toBe('update.file-wrong');
      expect(readFileSync(appImage, 'utf8')).toBe('old');
      expect(phase()).toMatchObject({ status: 'failed', error: { code: 'update.file-wrong' } });
      expect(fetched()).toEqual([]);
    }
    const nsis = await ready({ target: 'nsis-x64', appImage: undefined });
    appendFileSync(nsis.updates.readyFile, 'x');
    expect(await codeOf(() => nsis.updates.prepareInstall(true))).toBe('update.file-wrong');
  });

  test('where the app’s place cannot be written to, it is told and the update stays ready', async () => {
    const { updates, phase } = await ready({ target: 'appimage-x64', appImage: join(folder, 'gone', 'mavis.AppImage') });
    await expect(updates.prepareInstall(true)).rejects.toMatchObject({ code: 'update.not-installed', args: { reason: 'ENOENT' } });
    expect(phase()).toMatchObject({ status: 'ready' });
    expect(updates.installable).toBe(true);
  });

  test('a package that the system installs is verified and shown, never started', async () => {
    const { updates, phase, fetched } = await ready({ target: 'deb-x64', appImage: undefined });
    expect(phase()).toMatchObject({ status: 'ready', install: 'by-hand', fileName: 'mavis-desktop-1.2.0-linux-amd64.deb' });
    expect(fetched()).toEqual(['mavis-desktop-1.2.0-linux-amd64.deb']);
    expect(updates.installable).toBe(false);
    expect(await codeOf(() => updates.prepareInstall(true))).toBe('update.not-installed');
  });

  test('A22: what is started gets its words as they are, by no shell, and goes on without us', async () => {
    const place = join(folder, 'told');
    const words = ['$(id)', '`id`', '; id', '"', '%PATH%', 'a b'];
    await startDetached({ program: process.execPath, words: ['-e', 'const fs = require("node:fs"); fs.writeFileSync(process.argv[1] + ".new", JSON.stringify(process.argv.slice(2))); fs.renameSync(process.argv[1] + ".new", process.argv[1]);', place, ...words] }, folder);
    await expect.poll(() => existsSync(place), { timeout: 60_000 }).toBe(true);
    expect(JSON.parse(readFileSync(place, 'utf8'))).toEqual(words);
    expect(await codeOf(() => startDetached({ program: join(folder, 'none.exe'), words: [] }, folder))).toBe('update.not-installed');
  });
});
