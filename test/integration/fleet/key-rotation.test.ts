import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rotateKey } from '../../../src-gateway/commands/rotate-key.ts';
import { Fleet } from '../../fixtures/fleet.ts';

const SYNC_MS = 20_000;

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start({ database: 'pglite', gateways: [{ name: 'b1', segment: 'gateway-b', faults: true }] });
}, 300_000);
afterAll(() => fleet?.stop(), 60_000);

const folderOf = (name: string): string => join(fleet.folder, name);
/** What `mavis-gateway rotate-key` prints, or the code of its refusal. */
async function command(name: string, switching: boolean): Promise<string[]> {
  const lines: string[] = [];
  await rotateKey(folderOf(name), new Date(), switching, { line: (text) => lines.push(text), errorLine: (text) => lines.push(text) });
  return lines;
}
const keyEntries = async (name: string) => (await Promise.all(['gateway.key-announced', 'gateway.key-rotated', 'gateway.key-refused'].map((kind) => fleet.audit({ kind })))).flat().filter(({ facts }) => facts['gateway'] === name).map(({ kind, actor, facts }) => ({ kind, by: actor.kind, facts }));

describe('rule 15: rotation of a gateway\'s keys, with real processes', () => {
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
