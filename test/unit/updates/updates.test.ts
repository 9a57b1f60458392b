import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signedUpdateManifest, signedUpdateText, type UpdateManifest, updateFileName, updateManifest } from '../../../shared/updates/update-manifest.ts';
import { expiryOf, judgeUpdate, type UpdateSituation } from '../../../src-main/updates/judge-update.ts';
import { rolloutPlace } from '../../../src-main/updates/rollout.ts';
import { readSignedManifest } from '../../../src-main/updates/signed-manifest.ts';
import { compareVersions } from '../../../src-main/updates/version-order.ts';

const NOW = Date.parse('2026-11-26T12:00:00Z');
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const OUR_KEY = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
const foreign = generateKeyPairSync('ed25519');
const OTHER_KEY = foreign.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');

function manifest(changes: Partial<UpdateManifest> = {}): UpdateManifest {
  return {
    format: 'mavis-update-1', product: 'mavis-desktop', channel: 'stable', version: '1.2.0',
    issuedAt: '2026-11-26T10:00:00.000Z', expiresAt: '2026-12-20T10:00:00.000Z', rolloutPercent: 100, notes: '',
    files: [{ target: 'appimage-x64', name: 'mavis-desktop-1.2.0-linux-x86_64.AppImage', sizeBytes: 100, sha512: Buffer.alloc(64, 7).toString('base64') }],
    ...changes,
  };
}

function signed(made: unknown, key = privateKey, text = JSON.stringify(made)): Buffer {
  return Buffer.from(JSON.stringify({ manifest: text, signature: sign(null, Buffer.from(signedUpdateText(text)), key).toString('base64') }));
}

const situation = (changes: Partial<UpdateSituation> = {}): UpdateSituation => ({ nowMs: NOW, channel: 'stable', target: 'appimage-x64', version: '1.1.0', seen: undefined, installation: 'a', ...changes });
const judged = (made: UpdateManifest, changes: Partial<UpdateSituation> = {}) => judgeUpdate(readSignedManifest(signed(made), [OUR_KEY]), situation(changes));

describe('A22: the signature over a manifest', () => {
  test('is taken from any of our keys, and from no other', () => {
    expect(readSignedManifest(signed(manifest()), [OTHER_KEY, OUR_KEY]).manifest).toEqual(manifest());
    for (const keys of [[], [OTHER_KEY]]) expect(() => readSignedManifest(signed(manifest()), keys)).toThrow(expect.objectContaining({ code: 'update.manifest-untrusted' }));
  });

  test('covers every byte of the manifest: one changed letter is refused before anything is read', () => {
    const whole = signedUpdateManifest.parse(JSON.parse(signed(manifest()).toString('utf8')));
    for (let place = 0; place < whole.manifest.length; place += 7) {
      const changed = `${whole.manifest.slice(0, place)}${whole.manifest[place] === 'x' ? 'y' : 'x'}${whole.manifest.slice(place + 1)}`;
      expect(() => readSignedManifest(Buffer.from(JSON.stringify({ ...whole, manifest: changed })), [OUR_KEY])).toThrow(expect.objectContaining({ code: 'update.manifest-untrusted' }));
    }
  });

  test('of ours over something else is not one of a manifest', () => {
    const text = JSON.stringify(manifest());
    const bytes = Buffer.from(JSON.stringify({ manifest: text, signature: sign(null, Buffer.from(text), privateKey).toString('base64') }));
    expect(() => readSignedManifest(bytes, [OUR_KEY])).toThrow(expect.objectContaining({ code: 'update.manifest-untrusted' }));
  });

  test('whatever a feed sends is untrusted or understood, never another failure', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map((text) => Buffer.from(text)), fc.json().map((text) => Buffer.from(JSON.stringify({ manifest: text, signature: Buffer.alloc(64).toString('base64') })))), (bytes) => {
        expect(() => readSignedManifest(bytes, [OUR_KEY])).toThrow(expect.objectContaining({ code: 'update.manifest-untrusted' }));
      }),
    );
    expect(() => readSignedManifest(Buffer.alloc(300_000, 32), [OUR_KEY])).toThrow(expect.objectContaining({ code: 'update.manifest-untrusted' }));
  });

  test.each([
    ['of another product', { product: 'other' }], ['of an unknown form', { format: 'mavis-update-2' }], ['that never ends', { expiresAt: '2028-01-01T00:00:00.000Z' }], ['that ends before it begins', { expiresAt: '2026-11-26T09:00:00.000Z' }],
    ['with something more', { further: true }], ['without a file', { files: [] }], ['with two files for one system', { files: [...manifest().files, ...manifest().files] }], ['whose version is none', { version: '1.2' }],
  ])('makes no sense of a manifest %s', (_what, changes) => {
    expect(() => readSignedManifest(signed({ ...manifest(), ...changes }), [OUR_KEY])).toThrow(expect.objectContaining({ code: 'update.manifest-invalid' }));
  });
});

test.each(['../../evil.exe', 'a/b.exe', 'a\\b.exe', '.hidden', 'a b.exe', "a';calc;'.exe", 'a&calc.exe', 'a|b', 'a`b`', '$(id).AppImage', 'a\n.exe', 'a..exe', '', '-rf', 'C:evil.exe', 'ａ.exe'])('A22: the file name %j is none', (name) => {
  expect(updateFileName.safeParse(name).success).toBe(false);
});

describe('A22: what a trusted manifest means here', () => {
  test('a newer version is offered with its file, the same is up to date, and so is one without a file for this system', () => {
    expect(judged(manifest())).toEqual({ kind: 'available', version: '1.2.0', file: manifest().files[0] });
    expect(judged(manifest(), { version: '1.2.0' })).toEqual({ kind: 'up-to-date' });
    expect(judged(manifest(), { target: 'nsis-arm64' })).toEqual({ kind: 'up-to-date' });
  });

  test('rollback: an older version is refused, a pre-release of the installed one too', () => {
    expect(() => judged(manifest(), { version: '1.2.1' })).toThrow(expect.objectContaining({ code: 'update.downgrade-refused', args: { offered: '1.2.0', installed: '1.2.1' } }));
    expect(() => judged(manifest({ version: '1.2.0-beta.1' }), { version: '1.2.0' })).toThrow(expect.objectContaining({ code: 'update.downgrade-refused' }));
  });

  test('replay: a manifest older than one that was seen is refused, though its version is newer than the installed one', () => {
    const digestOf = (made: UpdateManifest) => readSignedManifest(signed(made), [OUR_KEY]).digest;
    const seen = { issuedAt: '2026-11-26T10:00:00.001Z', digest: 'x' };
    expect(() => judged(manifest(), { seen })).toThrow(expect.objectContaining({ code: 'update.feed-replayed' }));
    expect(judged(manifest(), { seen: { issuedAt: manifest().issuedAt, digest: digestOf(manifest()) } })).toMatchObject({ kind: 'available' });
    expect(() => judged(manifest(), { seen: { issuedAt: manifest().issuedAt, digest: digestOf(manifest({ version: '1.3.0' })) } })).toThrow(expect.objectContaining({ code: 'update.feed-replayed' }));
  });

  test('freeze: a manifest whose time is over is refused, to the millisecond', () => {
    const expiresAt = Date.parse(manifest().expiresAt);
    expect(judged(manifest(), { nowMs: expiresAt - 1 })).toMatchObject({ kind: 'available' });
    expect(() => judged(manifest(), { nowMs: expiresAt })).toThrow(expect.objectContaining({ code: 'update.feed-expired', args: { date: '2026-12-20' } }));
  });

  test('freeze: the time of the newest that was seen ends the same, where no manifest comes at all', () => {
    const seen = { issuedAt: manifest().issuedAt, digest: 'x', expiresAt: manifest().expiresAt };
    const expiresAt = Date.parse(seen.expiresAt);
    expect(expiryOf(seen, expiresAt - 1)).toBeUndefined();
    expect(expiryOf(seen, expiresAt)).toMatchObject({ code: 'update.feed-expired', args: { date: '2026-12-20' } });
    for (const unknown of [undefined, { issuedAt: seen.issuedAt, digest: 'x' }]) expect(expiryOf(unknown, expiresAt + 1)).toBeUndefined();
  });

  test('another channel’s manifest is not taken for this one’s', () => {
    expect(() => judged(manifest({ channel: 'beta' }))).toThrow(expect.objectContaining({ code: 'update.manifest-invalid' }));
  });

  test('a roll-out comes to its share of computers, who keep it as the share rises', () => {
    const computers = Array.from({ length: 5000 }, (_, number) => `computer-${String(number)}`);
    const has = (rolloutPercent: number) => new Set(computers.filter((installation) => judged(manifest({ rolloutPercent }), { installation }).kind === 'available'));
    const [none, fifth, half, all] = [has(0), has(20), has(50), has(100)];
    expect([none.size, all.size]).toEqual([0, 5000]);
    // Five standard deviations of what chance alone gives.
    expect(Math.abs(fifth.size - 1000)).toBeLessThan(142);
    expect(Math.abs(half.size - 2500)).toBeLessThan(177);
    expect([...fifth].every((one) => half.has(one))).toBe(true);
    expect(judged(manifest({ rolloutPercent: 0 }))).toEqual({ kind: 'held-back', version: '1.2.0' });
    // Another version begins with other computers.
    expect(rolloutPlace('computer-1', '1.2.0')).not.toBe(rolloutPlace('computer-1', '1.3.0'));
  });
});

test('versions stand in the order of semver 2.0.0 section 11', () => {
  const ordered = ['0.9.10', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1', '1.2.0', '1.10.0', '2.0.0'];
  for (const [place, one] of ordered.entries()) for (const [other, against] of ordered.entries()) expect(Math.sign(compareVersions(one, against))).toBe(Math.sign(place - other));
});

test('the schema takes what the command signs, and no second of more than ninety days', () => {
  expect(updateManifest.safeParse(manifest({ expiresAt: '2027-02-24T10:00:00.000Z' })).success).toBe(true);
  expect(updateManifest.safeParse(manifest({ expiresAt: '2027-02-24T10:00:00.001Z' })).success).toBe(false);
});
