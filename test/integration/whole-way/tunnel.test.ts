import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessRulesRoutes } from '../../../shared/api/access-rules.ts';
import { auditRoutes, type AuditEntry } from '../../../shared/api/audit.ts';
import { connectionsRoutes, type ConnectionOffer } from '../../../shared/api/connections.ts';
import { gatewaysRoutes } from '../../../shared/api/gateways.ts';
import { recordingsRoutes } from '../../../shared/api/recordings.ts';
import { tunnelRoutes, type TunnelFields } from '../../../shared/api/tunnel.ts';
import type { ResourceId } from '../../../shared/ids.ts';
import { fileOperation } from '../../../shared/recording/file-operation.ts';
import { PlaybackDecoder } from '../../../shared/recording/playback.ts';
import { decodeJsonPayload, frameKind, type RecordingFrame } from '../../../shared/recording/recording-frame.ts';
import { SecretSearch } from '../../e2e/secret-search.ts';
import { HeadlessClient, type HeadlessSession } from '../../fixtures/headless-client.ts';
import { HeadlessFiles } from '../../fixtures/headless-files.ts';
import { clipboardMessage, LoggedClient } from '../../fixtures/rdp-session.ts';
import { messages, RfbClient } from '../../fixtures/rfb-client.ts';
import { TestGatewayProcess, WireTap } from '../../fixtures/tunnel-gateways.ts';
import { provideTunnelResources, startTunnelTargets, type TunnelResources, type TunnelTargets } from '../../fixtures/tunnel-targets.ts';
import { startWholeSystem, type WholeSystem } from '../../fixtures/whole-system.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../../targets/temporary-folder.ts';
import { copyAgainOn, HELLO_KEYS, writtenOn } from '../../targets/typing-desktop.ts';

/**
 * Tunnel over the whole way: the service, four gateways in two segments and real servers as real processes, the client's own
 * parts. `entry1` is the default gateway; `office1` (of the embedded system), `closed1` and `closed2` reach targets.
 */
const PASSWORD = 'several unrelated words';
/** What the desktop of xrdp holds in its clipboard. */
const CLIPBOARD_OF_RDP = `rdp-out-${randomBytes(12).toString('hex')}`;
let system: WholeSystem;
let targets: TunnelTargets;
let resources: TunnelResources;
let client: HeadlessClient;
let vendor: HeadlessClient;
let entry: TestGatewayProcess;
let closed1: TestGatewayProcess;
let closed2: TestGatewayProcess;
let tagged: ResourceId;
let untagged: ResourceId;
let here: string;
/** On the target, where its account and the one of the test may both write: neither may remove what the other has at home. */
let there: TemporaryFolder;

beforeAll(async () => {
  [system, targets] = await Promise.all([startWholeSystem(), startTunnelTargets(CLIPBOARD_OF_RDP)]);
  const { admin, folder } = system;
  [entry, closed1, closed2] = await Promise.all([
    TestGatewayProcess.start(admin, folder, 'entry1', 'gateway-entry'),
    TestGatewayProcess.start(admin, folder, 'closed1', 'gateway-closed'),
    TestGatewayProcess.start(admin, folder, 'closed2', 'gateway-closed'),
  ]);
  resources = await provideTunnelResources(admin, targets, 'gateway-closed');
  ({ tagged, untagged } = resources);
  here = mkdtempSync(join(tmpdir(), 'mavis-tunnel-'));
  there = makeTemporaryFolder('tunnel-target', 0o777);
  await admin.call(accessRulesRoutes.accessRuleCreate, { body: { name: 'vendors', subject: { kind: 'role', role: 'vendor' }, filter: '', protocols: ['ssh', 'sftp', 'vnc', 'rdp'], policy: {} } });
  await system.addUser('tester', 'admin', PASSWORD);
  await system.addUser('supplier', 'vendor', PASSWORD);
  [client, vendor] = [new HeadlessClient(system.embedded.service), new HeadlessClient(system.embedded.service)];
  await client.signIn('tester', PASSWORD);
  await vendor.signIn('supplier', PASSWORD);
}, 300_000);

afterAll(async () => {
  client.close();
  vendor.close();
  await Promise.all([entry, closed1, closed2].map((gateway) => gateway.kill()));
  await system.stop();
  await targets.stop();
  rmSync(here, { recursive: true, force: true, maxRetries: 10 });
  there.remove();
});

const setTunnel = (fields: TunnelFields): Promise<unknown> => system.admin.call(tunnelRoutes.tunnelUpdate, { body: fields });
const throughEntry = { kind: 'gateway' as const, get gatewayId() { return entry.gateway.id; } };
const on = (): Promise<unknown> => setTunnel({ enabled: true, default: { kind: 'gateway', gatewayId: throughEntry.gatewayId } });
const off = (): Promise<unknown> => setTunnel({ enabled: false, default: { kind: 'gateway', gatewayId: throughEntry.gatewayId } });
const namesOf = (offer: ConnectionOffer): string[] => offer.hops.map(({ gatewayName }) => gatewayName);
const audit = async (reference: string): Promise<AuditEntry[]> => (await system.admin.call(auditRoutes.auditList, { query: { reference, limit: 100 } })).items;
const kinds = async (reference: string): Promise<string[]> => (await audit(reference)).map(({ kind }) => kind).toSorted();

/** Opens an offer, types a command and waits for what it prints; gives the session, still open. */
async function shell(opened: HeadlessClient, offer: ConnectionOffer): Promise<HeadlessSession> {
  const session = opened.open(offer);
  await session.report('connected', 60_000);
  session.type('echo through-$((40+2))\n');
  await session.until(({ text }) => text.includes('through-42'), 60_000);
  return session;
}

async function endOf(session: HeadlessSession): Promise<void> {
  session.type('exit\n');
  await session.report('ended', 60_000);
}

interface Desktop<C> {
  readonly session: HeadlessSession;
  readonly client: C;
  /** What the protocol's client was sent, byte for byte. */
  readonly seen: () => Buffer;
}

async function desktop<C>(offer: ConnectionOffer, begin: (stream: Duplex) => Promise<C>): Promise<Desktop<C>> {
  const session = client.open(offer);
  const stream = session.carry();
  const seen: Buffer[] = [];
  stream.on('data', (bytes: Buffer) => seen.push(bytes));
  const begun = await begin(stream);
  await session.report('connected', 60_000);
  return { session, client: begun, seen: () => Buffer.concat(seen) };
}

const vncDesktop = (offer: ConnectionOffer): Promise<Desktop<RfbClient>> => desktop(offer, (stream) => new RfbClient(stream).begin([0]));
const rdpDesktop = (offer: ConnectionOffer): Promise<Desktop<LoggedClient>> =>
  desktop(offer, async (stream) => {
    const logged = new LoggedClient(stream);
    expect(await logged.ask()).toBe(true);
    await logged.connect('xrdp');
    await logged.clipboardMessage(clipboardMessage.ready);
    return logged;
  });
const filesOf = ({ hops }: ConnectionOffer): Promise<HeadlessFiles> => HeadlessFiles.open({ hops, key: client.key, localFolder: here, journals: join(here, 'journals') });

const textOfVnc = (): Promise<string> => targets.vnc.run('timeout', '2', 'xclip', '-o', '-selection', 'clipboard').catch(() => '');
const copyOnVnc = (text: string): Promise<string> => targets.vnc.run('sh', '-c', `printf ${text} | xclip -i -selection clipboard >/dev/null 2>&1`);
const pasteToRdp = async ({ client: logged }: Desktop<LoggedClient>, text: string): Promise<void> => {
  logged.offerText();
  await logged.clipboardMessage(clipboardMessage.request);
  logged.giveText(text);
};

/** Asks for a resource, which is reached over both gateways; gives the offer. */
async function overTwo(resource: ResourceId, protocol: 'sftp' | 'vnc' | 'rdp'): Promise<ConnectionOffer> {
  const offer = await client.ask(resource, protocol);
  expect(namesOf(offer)[0]).toBe('entry1');
  expect(['closed1', 'closed2']).toContain(namesOf(offer)[1]);
  return offer;
}

/** Waits until a session that has ended is proven as S22 wants it: transit at the first gateway, session and recording at the last, one final entry. Gives what the recording plays. */
async function evidence(offer: ConnectionOffer, leastBytes: number): Promise<RecordingFrame[]> {
  await expect.poll(() => kinds(offer.reference), { timeout: 60_000, interval: 300 }).toEqual(expect.arrayContaining(['connection.connected', 'connection.ended', 'connection.forward-ended', 'connection.forwarded', 'connection.granted', 'recording.stored']));
  const entries = await audit(offer.reference);
  expect(entries.filter(({ kind }) => /^connection\.(?:ended|failed|not-used)$/.test(kind))).toHaveLength(1);
  const said = (kind: string): Record<string, unknown> => ({ ...entries.find((one) => one.kind === kind)?.facts });
  expect(said('connection.ended')).toMatchObject({ gateway: namesOf(offer)[1], firstGateway: 'entry1', tunnel: true });
  expect(said('connection.forwarded')).toMatchObject({ firstGateway: 'entry1', nextGateway: namesOf(offer)[1] });
  expect(Number(said('connection.forward-ended')['bytesOut'])).toBeGreaterThan(leastBytes);
  const { items } = await system.admin.call(recordingsRoutes.recordingList, { query: { search: offer.reference, limit: 10 } });
  expect(items.map(({ gatewayName, state, protocol }) => [gatewayName, state, protocol])).toEqual([[namesOf(offer)[1], 'sealed', offer.protocol]]);
  const [recording] = items;
  if (recording === undefined) throw new Error('the recording went');
  const playback = await buffer(await client.service.open(recordingsRoutes.recordingPlayback, { params: { recordingId: recording.id }, query: {}, body: {} }));
  return new PlaybackDecoder().push(playback).flatMap((part) => (part.part === 'frame' ? [part.frame] : []));
}

const outputOf = (frames: readonly RecordingFrame[]): Buffer => Buffer.concat(frames.filter(({ kind }) => kind === frameKind.output).map(({ payload }) => payload));

describe('Tunnel, with real gateways and a real OpenSSH server', () => {
  test('S22, S23, S26, S31: a tagged resource is reached through both gateways, of the last of which the client learns no address; transit at the first, session and recording at the last, one final entry', async () => {
    await on();
    const offer = await client.ask(tagged, 'ssh');
    expect(namesOf(offer)[0]).toBe('entry1');
    expect(['closed1', 'closed2']).toContain(namesOf(offer)[1]);
    expect(offer.hops[1]).toMatchObject({ host: null, ports: [] });
    await endOf(await shell(client, offer));
    expect(outputOf(await evidence(offer, 1000)).includes('through-42')).toBe(true);
  });

  test('S22, S41: an untagged resource is reached by the default gateway itself', async () => {
    await on();
    const offer = await client.ask(untagged, 'ssh');
    expect(namesOf(offer)).toEqual(['entry1']);
    await endOf(await shell(client, offer));
  });

  test('S21, S33: a third-party vendor goes through the default gateway with the switch off, with every protocol; those of the company do not', async () => {
    await off();
    const offer = await vendor.ask(tagged, 'ssh');
    expect(namesOf(offer)[0]).toBe('entry1');
    await endOf(await shell(vendor, offer));
    for (const [resource, protocol] of [[tagged, 'ssh'], [tagged, 'sftp'], [resources.vnc, 'vnc'], [resources.rdp, 'rdp']] as const) {
      const [fromOutside, fromInside] = [namesOf(await vendor.ask(resource, protocol)), namesOf(await client.ask(resource, protocol))];
      expect([fromOutside.length, fromOutside[0], fromInside.length]).toEqual([2, 'entry1', 1]);
    }
  });

  test('S11: where the last gateway dies between grant and dial, the first says so, and the other gateway of the segment is reached', async () => {
    await on();
    const offer = await client.ask(tagged, 'ssh');
    const dying = namesOf(offer)[1] === 'closed1' ? closed1 : closed2;
    await dying.kill();
    const failure = await client.open(offer).report('failed', 60_000);
    expect(failure).toMatchObject({ code: 'tunnel.next-unreachable', leg: 'L4', credentialSent: false, args: { gateway: dying.gateway.name } });
    const body = { gatewayId: dying.gateway.id, leg: 'L4' as const, code: failure.code, milliseconds: Math.round(failure.milliseconds) };
    const next = await client.service.call(connectionsRoutes.connectionRetry, { params: { connectionId: offer.connectionId }, query: {}, body });
    expect(namesOf(next)).toEqual(['entry1', dying === closed1 ? 'closed2' : 'closed1']);
    expect(next.tried).toMatchObject([{ gatewayName: dying.gateway.name, leg: 'L4', code: 'tunnel.next-unreachable' }]);
    await endOf(await shell(client, next));
    await dying.run();
    await dying.available();
  });

  test('S17, S31: with the default gateway gone there is no way, although the last gateway could be reached directly', async () => {
    await on();
    await system.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: entry.gateway.id }, body: { draining: true } });
    for (const resource of [tagged, untagged]) await expect(client.ask(resource, 'ssh')).rejects.toMatchObject({ code: 'tunnel.no-default-gateway' });
    await system.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: entry.gateway.id }, body: { draining: false } });
    await entry.available();
  });

  test('rule 11: ending the session tells the user why through both gateways', async () => {
    await on();
    const offer = await client.ask(tagged, 'ssh');
    const session = await shell(client, offer);
    await system.admin.call(connectionsRoutes.connectionTerminate, { params: { connectionId: offer.connectionId }, body: { reason: 'test' } });
    expect((await session.report('ended', 60_000)).code).toBe('session.terminated');
    await expect.poll(() => kinds(offer.reference), { timeout: 60_000, interval: 300 }).toEqual(expect.arrayContaining(['connection.ended', 'connection.forward-ended']));
  });
});

describe('Tunnel, with the other protocols over two gateways', () => {
  test('S20, S22, S24, S41: VNC: TigerVNC\'s picture comes point for point, keys and text go both ways, the recording is made at the last gateway, transit noted at the first', async () => {
    await on();
    const offer = await overTwo(resources.vnc, 'vnc');
    const typedFile = `${targets.vnc.folder}/typed`;
    await targets.vnc.drawScene(37);
    const opened = await vncDesktop(offer);
    expect((await opened.session.report('accepted')).targetEncrypted).toBe(true);
    await opened.client.refresh();
    expect(opened.client.picture.pixels.equals((await targets.vnc.picture()).pixels)).toBe(true);
    opened.client.send(messages.cutText('into VNC'));
    await expect.poll(textOfVnc, { timeout: 60_000 }).toBe('into VNC');
    await copyOnVnc('out-of-VNC');
    await opened.client.until(() => opened.client.cutTexts.includes('out-of-VNC'));
    targets.vnc.start('xterm', '-e', 'sh', '-c', `stty -echo -icanon; echo > ${typedFile}.ready; head -c 5 > ${typedFile}`);
    await expect.poll(() => targets.vnc.run('cat', `${typedFile}.ready`).then(() => true).catch(() => false), { timeout: 60_000 }).toBe(true);
    opened.client.send(Buffer.concat([messages.pointer(100, 100, 0), messages.press('hello')]));
    await expect.poll(() => targets.vnc.run('cat', typedFile).catch(() => ''), { timeout: 60_000 }).toBe('hello');
    opened.session.end();
    await opened.session.report('ended', 60_000);
    const [seen, recorded] = [opened.seen(), outputOf(await evidence(offer, 640 * 480 * 4))];
    // The whole of the first picture, as the client got it.
    expect(recorded.includes(seen.subarray(200_000, 200_000 + 640 * 480 * 2))).toBe(true);
  });

  test('S20, S22, S24, S41: RDP: xrdp draws, takes keys and gives and takes text, the recording is made at the last gateway, transit noted at the first', async () => {
    await on();
    const offer = await overTwo(resources.rdp, 'rdp');
    const opened = await rdpDesktop(offer);
    await expect
      .poll(() => (opened.client.type(...HELLO_KEYS), writtenOn(targets.rdp, 'typed')), { timeout: 60_000, interval: 500 })
      .toContain('hello');
    expect(await opened.client.takeText()).toContain(CLIPBOARD_OF_RDP);
    await pasteToRdp(opened, 'into RDP');
    await expect.poll(() => writtenOn(targets.rdp, 'pasted'), { timeout: 60_000 }).toContain('into RDP');
    opened.session.end();
    await opened.session.report('ended', 60_000);
    const [seen, recorded] = [opened.seen(), outputOf(await evidence(offer, 10_000))];
    expect(seen.length).toBeGreaterThan(10_000);
    expect(recorded.subarray(0, seen.length).equals(seen)).toBe(true);
  });

  test('S20, S22, S24, S41: SFTP: files go up and come down byte for byte, each stands in the recording of the last gateway with its SHA-256, transit is noted at the first', async () => {
    await on();
    const bytes = randomBytes(3_000_000);
    writeFileSync(join(here, 'over-two.bin'), bytes);
    const offer = await overTwo(tagged, 'sftp');
    const files = await filesOf(offer);
    try {
      await files.page.call({ do: 'upload', place: [], names: ['over-two.bin'], folder: there.path, conflict: 'overwrite', verify: true });
      expect(await files.page.finished()).toMatchObject([{ status: 'done', verified: true, totalBytes: bytes.length }]);
      expect(readFileSync(join(there.path, 'over-two.bin')).equals(bytes)).toBe(true);
      await files.page.call({ do: 'make-local-folder', place: [], name: 'down' });
      await files.page.call({ do: 'download', folder: there.path, names: ['over-two.bin'], place: ['down'], conflict: 'ask', verify: false });
      expect((await files.page.finished(2)).map(({ status }) => status)).toEqual(['done', 'done']);
      expect(readFileSync(join(here, 'down', 'over-two.bin')).equals(bytes)).toBe(true);
    } finally {
      await files.end();
    }
    const operations = (await evidence(offer, bytes.length)).filter(({ kind }) => kind === frameKind.fileOperation).map(({ payload }) => decodeJsonPayload(fileOperation, payload));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    for (const way of ['upload', 'download'] as const) expect(operations.some((one) => one.operation === 'transfer' && one.way === way && one.outcome === 'ok' && one.sha256 === sha256)).toBe(true);
  });
});

describe('rule 37: the first gateway sees ciphertext only', () => {
  test('S24, S32, S41: what is typed, printed, copied (VNC, RDP) and sent as a file, and the targets\' credentials are not on its wires, in its heap, its memory, its log or on its disk; at the last gateway they are found', async () => {
    await on();
    // Of the two, the one that a snapshot is asked of must be the one that is used.
    await system.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: closed2.gateway.id }, body: { draining: true } });
    // As the one gateway of an untagged resource it was given the same credential before: it begins without that past.
    await entry.kill();
    await entry.run();
    const taps = [await WireTap.before(entry.gateway, '127.0.0.4'), await WireTap.before(closed1.gateway, '127.0.0.5')];
    try {
      await Promise.all([entry.moveTo('127.0.0.4'), closed1.moveTo('127.0.0.5')]);
      const random = (): string => randomBytes(12).toString('hex');
      const half = random();
      const canaries = {
        typed: `typed-${random()}`,
        // Never stands on the command line as a whole.
        printed: `printed-${half}-${half}`,
        // The account of SSH, SFTP and RDP.
        credential: targets.ssh.password ?? '',
        'credential of VNC': targets.vnc.password,
        'copied into VNC': `vnc-in-${random()}`,
        'copied out of VNC': `vnc-out-${random()}`,
        'copied into RDP': `rdp-in-${random()}`,
        'copied out of RDP': CLIPBOARD_OF_RDP,
        file: `file-${random()}`,
      };
      for (const secret of Object.values(canaries)) expect(secret.length).toBeGreaterThan(7);
      const search = new SecretSearch(Object.entries(canaries).map(([name, secret]) => ({ name, secret })));
      const through = async (resource: ResourceId, protocol: 'ssh' | 'sftp' | 'vnc' | 'rdp'): Promise<ConnectionOffer> => {
        const offer = await client.ask(resource, protocol);
        expect(namesOf(offer)).toEqual(['entry1', 'closed1']);
        return offer;
      };
      const session = await shell(client, await through(tagged, 'ssh'));
      session.type(`true ${canaries.typed}; half=${half}; while sleep 0.2; do echo printed-$half-$half; done\n`);
      await session.until(({ text }) => text.includes(canaries.typed) && text.includes(canaries.printed), 60_000);
      const vnc = await vncDesktop(await through(resources.vnc, 'vnc'));
      const rdp = await rdpDesktop(await through(resources.rdp, 'rdp'));
      const files = await filesOf(await through(tagged, 'sftp'));
      writeFileSync(join(here, 'canary.txt'), `${canaries.file}\n`.repeat(100));

      const heapHits = async (gateway: TestGatewayProcess): Promise<string[]> => search.inBytes('heap', await gateway.heapSnapshot()).map(({ canary }) => canary);
      const memoryHits = (gateway: TestGatewayProcess): string[] => [...new Set([...gateway.memory()].flatMap((bytes) => search.inBytes('memory', bytes)).map(({ canary }) => canary))];
      const found = new Set<string>();
      let rounds = 0;
      // While the sessions run: at the last gateway the search finds them all, so it would find them at the first. What is copied and sent is soon written over: it goes again before each look.
      do {
        expect((rounds += 1), `found: ${[...found].join(', ')}`).toBeLessThan(10);
        vnc.client.send(messages.cutText(canaries['copied into VNC']));
        await expect.poll(textOfVnc, { timeout: 60_000 }).toBe(canaries['copied into VNC']);
        const texts = vnc.client.cutTexts.length;
        await copyOnVnc(canaries['copied out of VNC']);
        await vnc.client.until(() => vnc.client.cutTexts.slice(texts).includes(canaries['copied out of VNC']));
        copyAgainOn(targets.rdp);
        await rdp.client.clipboardMessage(clipboardMessage.formats);
        expect(await rdp.client.takeText()).toContain(canaries['copied out of RDP']);
        await pasteToRdp(rdp, canaries['copied into RDP']);
        await expect.poll(() => writtenOn(targets.rdp, 'pasted'), { timeout: 60_000 }).toContain(canaries['copied into RDP']);
        await files.page.call({ do: 'upload', place: [], names: ['canary.txt'], folder: there.path, conflict: 'overwrite', verify: false });
        expect((await files.page.finished(rounds)).at(-1)).toMatchObject({ status: 'done' });
        for (const canary of memoryHits(closed1)) found.add(canary);
        expect(memoryHits(entry)).toEqual([]);
      } while (found.size < Object.keys(canaries).length);
      // A snapshot halts a gateway for seconds: once each, when nothing is waited for any more.
      expect(await heapHits(closed1)).toContain('credential');
      expect(await heapHits(entry)).toEqual([]);

      for (const one of [session, vnc.session, rdp.session]) one.end();
      await files.end();
      for (const one of [session, vnc.session, rdp.session]) await one.report('ended', 60_000);
      for (const tap of taps) {
        expect(tap.seen().length).toBeGreaterThan(50_000);
        expect(search.inBytes('wire', tap.seen())).toEqual([]);
      }
      expect(entry.log).toContain('forward ended');
      expect(search.inBytes('log', Buffer.from(entry.log))).toEqual([]);
      const disk = search.inFolder(entry.folder);
      expect(disk.files).toBeGreaterThan(5);
      expect(disk.hits).toEqual([]);
    } finally {
      for (const tap of taps) tap.stop();
    }
  }, 360_000);
});
