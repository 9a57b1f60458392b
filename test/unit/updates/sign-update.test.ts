import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseSigningOptions, signUpdate } from '../../../scripts/updates/sign-update.ts';
import { readSignedManifest } from '../../../src-main/updates/signed-manifest.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const PEM = String(privateKey.export({ format: 'pem', type: 'pkcs8' }));
const OUR_KEY = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
const NOW = Date.parse('2026-11-26T12:00:00Z');

describe('A22: npm run sign-update', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mavis-sign-update-'));
    for (const name of ['mavis-desktop-1.2.0-setup-x64.exe', 'mavis-desktop-1.2.0-linux-x86_64.AppImage', 'mavis-desktop-1.2.0-mac-universal.dmg', 'mavis-desktop-1.2.0-mac-universal.zip', 'mavis-desktop-1.2.0-linux-amd64.deb', 'mavis-desktop-1.2.0-win-x64.msi']) writeFileSync(join(folder, name), name);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const options = (...words: string[]) => parseSigningOptions([folder, ...words]);

  test('signs what the client takes: each package, with size and SHA-512', async () => {
    const { file } = await signUpdate(options('--channel', 'beta', '--days', '14', '--rollout', '10'), { MAVIS_UPDATE_KEY: PEM }, NOW);
    expect(file).toBe(join(folder, 'beta.json'));
    const { manifest } = readSignedManifest(readFileSync(file), [OUR_KEY]);
    expect(manifest).toMatchObject({ channel: 'beta', version: '1.2.0', rolloutPercent: 10, issuedAt: '2026-11-26T12:00:00.000Z', expiresAt: '2026-12-10T12:00:00.000Z' });
    expect(manifest.files.map(({ target, name, sizeBytes }) => [target, name, sizeBytes])).toEqual([
      ['deb-x64', 'mavis-desktop-1.2.0-linux-amd64.deb', 35], ['appimage-x64', 'mavis-desktop-1.2.0-linux-x86_64.AppImage', 41], ['dmg-universal', 'mavis-desktop-1.2.0-mac-universal.dmg', 37],
      ['nsis-x64', 'mavis-desktop-1.2.0-setup-x64.exe', 33], ['msi-x64', 'mavis-desktop-1.2.0-win-x64.msi', 31],
    ]);
    const sum = execFileSync('sha512sum', [join(folder, 'mavis-desktop-1.2.0-setup-x64.exe')], { encoding: 'utf8' }).slice(0, 128);
    expect(Buffer.from(manifest.files[3]?.sha512 ?? '', 'base64').toString('hex')).toBe(sum);
  });

  test('prints neither key nor what it could not read of one', async () => {
    const keyFile = join(folder, 'key.pem');
    writeFileSync(keyFile, PEM);
    const printed = execFileSync(process.execPath, ['scripts/updates/main.ts', folder], { env: { ...process.env, MAVIS_UPDATE_KEY_FILE: keyFile }, encoding: 'utf8', stdio: 'pipe' });
    expect(printed).toContain('stable.json: 1.2.0 on stable for 100 %');
    expect(printed).not.toContain(PEM.split('\n')[1]);
    for (const broken of ['not a key but a secret', '']) {
      const failed = await signUpdate(options(), { MAVIS_UPDATE_KEY: broken }, NOW).catch((error: unknown) => error);
      expect(failed).toMatchObject({ name: 'SetUpError', message: 'there is no key to sign with, or it cannot be read' });
      expect(JSON.stringify(failed)).not.toContain('a secret');
    }
    const wrong = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' });
    await expect(signUpdate(options(), { MAVIS_UPDATE_KEY: String(wrong) }, NOW)).rejects.toThrow('the key is not of Ed25519');
  });

  test('refuses packages of two versions, a folder without any, and words that it does not know', async () => {
    writeFileSync(join(folder, 'mavis-desktop-1.3.0-setup-x64.exe'), 'x');
    await expect(signUpdate(options(), { MAVIS_UPDATE_KEY: PEM }, NOW)).rejects.toThrow('packages of several versions: 1.2.0, 1.3.0');
    await expect(signUpdate({ ...options(), folder: join(folder, 'gone') }, { MAVIS_UPDATE_KEY: PEM }, NOW)).rejects.toThrow('cannot be read');
    for (const words of [['--days', '91'], ['--days', '0'], ['--rollout', '101'], ['--rollout', 'all'], ['--channel', 'nightly'], ['--force'], ['another']]) expect(() => options(...words)).toThrow(expect.objectContaining({ name: 'SetUpError' }));
  });
});
