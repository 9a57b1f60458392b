import { X509Certificate } from 'node:crypto';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatewaysRoutes, type Gateway } from '../../../shared/api/gateways.ts';
import { recordingsRoutes } from '../../../shared/api/recordings.ts';
import type { ResourceId } from '../../../shared/ids.ts';
import { LINK_ALPN } from '../../../shared/link/framing.ts';
import { rotateKey } from '../../../src-gateway/commands/rotate-key.ts';
import { connect, echoes } from '../../fixtures/connecting.ts';
import { Fleet } from '../../fixtures/fleet.ts';
import type { HeadlessClient } from '../../fixtures/headless-client.ts';

/** A sync is awaited for so long: 15 s after the last, later on a busy machine. */
const SYNC_MS = 40_000;

let fleet: Fleet;
let person: HeadlessClient;
let inA: ResourceId;

beforeAll(async () => {
  fleet = await Fleet.start({ database: 'pglite', gateways: [{ name: 'a1', segment: 'gateway-a' }, { name: 'b1', segment: 'gateway-b', faults: true }] });
  inA = await fleet.resource(['gateway-a']);
  person = await fleet.person();
}, 300_000);
afterAll(() => fleet?.stop(), 60_000);

const call = (route: 'gatewayRotateKey', name: string): Promise<Gateway> => fleet.admin.call(gatewaysRoutes[route], { params: { gatewayId: fleet.gateway(name).id } });
const switchTo = (name: string, fingerprint: string): Promise<Gateway> => fleet.admin.call(gatewaysRoutes.gatewaySwitchKey, { params: { gatewayId: fleet.gateway(name).id }, body: { fingerprint } });
const folderOf = (name: string): string => join(fleet.folder, name);
/** What `mavis-gateway rotate-key` prints, or the code of its refusal. */
async function command(name: string, switching: boolean): Promise<string[]> {
  const lines: string[] = [];
  await rotateKey(folderOf(name), new Date(), switching, { line: (text) => lines.push(text), errorLine: (text) => lines.push(text) });
  return lines;
}
/** The public key that a port of a gateway shows in a handshake. */
function shownKey(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, ALPNProtocols: [LINK_ALPN, 'mavis-proxy/1'], rejectUnauthorized: false, servername: '' });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' }).toString('base64url') ?? '';
      socket.destroy();
      resolve(key);
    });
  });
}
const keyOnDisk = (name: string): string => new X509Certificate(readFileSync(join(folderOf(name), 'keys', 'tls-certificate.pem'))).publicKey.export({ type: 'spki', format: 'der' }).toString('base64url');
const keyEntries = async (name: string) => (await Promise.all(['gateway.key-announced', 'gateway.key-rotated', 'gateway.key-refused'].map((kind) => fleet.audit({ kind })))).flat().filter(({ facts }) => facts['gateway'] === name).map(({ kind, actor, facts }) => ({ kind, by: actor.kind, facts }));

describe('rule 15: rotation of a gateway\'s keys, with real processes', () => {
  test('from the page: announced with both fingerprints in the audit log, both good meanwhile, switched on the administrator\'s word, a session and the sync going on throughout; then the old key is refused', async () => {
    const { session, offer } = await connect(person, inA);
    await echoes(session);
    const before = await fleet.shown('a1');
    cpSync(join(folderOf('a1'), 'keys'), join(fleet.folder, 'stolen'), { recursive: true });
    const announced = await call('gatewayRotateKey', 'a1');
    const next = announced.nextKeyFingerprint ?? '';
    expect(announced.keyFingerprint).toBe(before.keyFingerprint);
    expect(next).toMatch(/^SHA256:/);
    expect(next).not.toBe(before.keyFingerprint);
    // A client that asks now takes either key.
    const between = await person.ask(inA, 'ssh');
    expect(between.hops[0]?.pins).toHaveLength(2);
    await expect(switchTo('a1', before.keyFingerprint ?? '')).rejects.toMatchObject({ code: 'gateway.no-next-key' });
    const old = keyOnDisk('a1');
    const switched = await switchTo('a1', next);
    expect(switched).toMatchObject({ keyFingerprint: next, nextKeyFingerprint: null });
    const { linkPort, proxyPorts } = fleet.gateway('a1');
    for (const port of [linkPort, ...proxyPorts]) expect(await shownKey(port)).not.toBe(old);
    // What was offered before the switch can still be used, and so can what is offered after it.
    const opened = person.open(between);
    await opened.report('connected');
    opened.end();
    const after = await connect(person, inA);
    expect(after.offer.hops[0]?.pins).toHaveLength(1);
    await echoes(after.session);
    after.session.end();
    await echoes(session);
    session.end();
    const syncedAt = (await fleet.shown('a1')).status.confirmedAt ?? '';
    await fleet.until(async () => ((await fleet.shown('a1')).status.confirmedAt ?? '') > syncedAt || undefined, 'a sync by the new key', SYNC_MS);
    expect((await fleet.shown('a1')).status).toMatchObject({ state: 'available' });
    expect(await keyEntries('a1')).toMatchObject([
      { kind: 'gateway.key-announced', by: 'user', facts: { fingerprint: before.keyFingerprint, nextFingerprint: next } },
      { kind: 'gateway.key-rotated', by: 'user', facts: { 'before.fingerprint': before.keyFingerprint, 'after.fingerprint': next } },
    ]);
    // Recordings sealed by the old key and by the new one are whole.
    for (const { reference } of [offer, after.offer]) {
      const [recording] = await fleet.until(async () => {
        const found = await fleet.recordings(reference);
        return found.length > 0 && found.every(({ stored }) => stored) ? found : undefined;
      }, `the recording of ${reference}`, 40_000);
      expect(recording?.state).toBe('sealed');
      expect(await fleet.admin.call(recordingsRoutes.recordingVerify, { params: { recordingId: recording?.id ?? ('' as never) } })).toMatchObject({ ok: true });
    }
  });

  test('a thief of the old keys is refused, and can announce none', async () => {
    const a1 = fleet.gateway('a1');
    await a1.process.stop();
    cpSync(join(folderOf('a1'), 'keys'), join(fleet.folder, 'own'), { recursive: true });
    rmSync(join(folderOf('a1'), 'keys'), { recursive: true });
    cpSync(join(fleet.folder, 'stolen'), join(folderOf('a1'), 'keys'), { recursive: true });
    await command('a1', false);
    await a1.process.start();
    await fleet.until(async () => (await fleet.shown('a1')).status.code === 'gateway.link-pin-mismatch' || undefined, 'the old key refused', 40_000);
    expect(await fleet.shown('a1')).toMatchObject({ nextKeyFingerprint: null, status: { state: 'unavailable' } });
    await expect(call('gatewayRotateKey', 'a1')).rejects.toMatchObject({ code: 'gateway.link-pin-mismatch' });
    expect(await keyEntries('a1')).toHaveLength(2);
    await a1.process.stop();
    rmSync(join(folderOf('a1'), 'keys'), { recursive: true });
    cpSync(join(fleet.folder, 'own'), join(folderOf('a1'), 'keys'), { recursive: true });
    await a1.process.start();
    await fleet.untilState('a1', ['available'], SYNC_MS);
  });

  test('by command at a gateway whose link is cut: it cannot switch before it was heard, announces its key when the link is back, and switches', async () => {
    const b1 = fleet.gateway('b1');
    const before = await fleet.shown('b1');
    await b1.link?.setDown(true);
    const printed = await command('b1', false);
    const next = /SHA256:[A-Za-z0-9+/]{43}/.exec(printed.join('\n'))?.[0] ?? '';
    await expect(command('b1', true)).rejects.toMatchObject({ code: 'gateway.key-not-announced' });
    await b1.link?.setDown(false);
    await fleet.until(async () => (await fleet.shown('b1')).nextKeyFingerprint === next || undefined, 'the announcement', 40_000);
    await fleet.until(async () => {
      try {
        return (await command('b1', true)).length > 0 || undefined;
      } catch {
        return undefined;
      }
    }, 'the switch asked for', SYNC_MS);
    await fleet.until(async () => (await fleet.shown('b1')).keyFingerprint === next || undefined, 'the new key', 40_000);
    expect(await fleet.shown('b1')).toMatchObject({ nextKeyFingerprint: null, status: { state: 'available' } });
    expect(await keyEntries('b1')).toMatchObject([
      { kind: 'gateway.key-announced', by: 'gateway', facts: { fingerprint: before.keyFingerprint, nextFingerprint: next } },
      { kind: 'gateway.key-rotated', by: 'service', facts: { 'before.fingerprint': before.keyFingerprint, 'after.fingerprint': next } },
    ]);
  }, 150_000);
});
