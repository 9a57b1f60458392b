import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { manifestFileName, MOST_MANIFEST_DAYS, signedUpdateText, updateChannel, type UpdateChannel, type UpdateFile, type UpdateManifest, updateManifest, updateNotes, type UpdateTarget } from '../../shared/updates/update-manifest.ts';
import { SetUpError } from '../set-up/set-up-error.ts';

const DAY_MS = 86_400_000;

export interface SigningOptions {
  /** With the packages as `npm run package` writes them. */
  readonly folder: string;
  readonly channel: UpdateChannel;
  readonly days: number;
  readonly rolloutPercent: number;
  /** A file of plain text that says what is new. */
  readonly notesFile: string | undefined;
}

/** The packages, by the names that `electron-builder.yml` gives them. */
const PACKAGES: readonly (readonly [UpdateTarget, RegExp])[] = [
  ['nsis-x64', /^mavis-desktop-(?<version>.+)-setup-x64\.exe$/],
  ['nsis-arm64', /^mavis-desktop-(?<version>.+)-setup-arm64\.exe$/],
  ['msi-x64', /^mavis-desktop-(?<version>.+)-win-x64\.msi$/],
  ['dmg-universal', /^mavis-desktop-(?<version>.+)-mac-universal\.dmg$/],
  ['appimage-x64', /^mavis-desktop-(?<version>.+)-linux-x86_64\.AppImage$/],
  ['appimage-arm64', /^mavis-desktop-(?<version>.+)-linux-arm64\.AppImage$/],
  ['deb-x64', /^mavis-desktop-(?<version>.+)-linux-amd64\.deb$/],
  ['deb-arm64', /^mavis-desktop-(?<version>.+)-linux-arm64\.deb$/],
  ['rpm-x64', /^mavis-desktop-(?<version>.+)-linux-x86_64\.rpm$/],
  ['rpm-arm64', /^mavis-desktop-(?<version>.+)-linux-aarch64\.rpm$/],
];

/** Reads the words of the command line. Throws SetUpError. */
export function parseSigningOptions(words: readonly string[]): SigningOptions {
  try {
    const { values, positionals } = parseArgs({ args: [...words], allowPositionals: true, options: { channel: { type: 'string', default: 'stable' }, days: { type: 'string', default: '30' }, rollout: { type: 'string', default: '100' }, notes: { type: 'string' } } });
    const [folder, ...others] = positionals;
    const [days, rolloutPercent] = [Number(values.days), Number(values.rollout)];
    if (folder === undefined || others.length > 0) throw new Error('one folder is needed');
    if (!(days > 0 && days <= MOST_MANIFEST_DAYS)) throw new Error(`--days is from 1 to ${String(MOST_MANIFEST_DAYS)}`);
    if (!(rolloutPercent >= 0 && rolloutPercent <= 100)) throw new Error('--rollout is from 0 to 100');
    return { folder, channel: updateChannel.parse(values.channel), days, rolloutPercent, notesFile: values.notes };
  } catch (error) {
    throw new SetUpError(error instanceof Error && !('issues' in error) ? error.message : 'there is no such channel', 'npm run sign-update -- FOLDER [--channel stable|beta] [--days 30] [--rollout 100] [--notes FILE]');
  }
}

/** Writes the signed manifest of a channel beside the packages of one version. The key is read, used, and told nowhere. Throws SetUpError. */
export async function signUpdate({ folder, channel, days, rolloutPercent, notesFile }: SigningOptions, environment: Readonly<Record<string, string | undefined>>, nowMs: number): Promise<{ readonly file: string; readonly manifest: UpdateManifest }> {
  const key = await readKey(environment);
  const { version, files } = await readPackages(folder);
  const notes = notesFile === undefined ? '' : await readNotes(notesFile);
  const manifest = updateManifest.parse({ format: 'mavis-update-1', product: 'mavis-desktop', channel, version, issuedAt: new Date(nowMs).toISOString(), expiresAt: new Date(nowMs + days * DAY_MS).toISOString(), rolloutPercent, notes, files });
  const text = JSON.stringify(manifest);
  const file = join(folder, manifestFileName(channel));
  await writeFile(`${file}.new`, `${JSON.stringify({ manifest: text, signature: sign(null, Buffer.from(signedUpdateText(text), 'utf8'), key).toString('base64') })}\n`);
  await rename(`${file}.new`, file);
  return { file, manifest };
}

async function readKey(environment: Readonly<Record<string, string | undefined>>): Promise<KeyObject> {
  const remedy = 'set MAVIS_UPDATE_KEY_FILE to the file of an Ed25519 private key in PEM, or MAVIS_UPDATE_KEY to the PEM itself';
  const file = environment['MAVIS_UPDATE_KEY_FILE'] ?? '';
  let key: KeyObject;
  try {
    const pem = file === '' ? (environment['MAVIS_UPDATE_KEY'] ?? '') : await readFile(file, 'utf8');
    key = createPrivateKey(pem);
  } catch {
    // The cause may quote what it could not read.
    throw new SetUpError('there is no key to sign with, or it cannot be read', remedy);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new SetUpError('the key is not of Ed25519', remedy);
  return key;
}

async function readNotes(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new SetUpError(`${file} cannot be read`, 'give a file of plain text');
  });
  const notes = updateNotes.safeParse(text.replaceAll('\r\n', '\n').trim());
  if (!notes.success) throw new SetUpError(`${file} is no plain text of at most 4,000 letters`, 'leave out tabs, escape sequences and invisible characters');
  return notes.data;
}

async function readPackages(folder: string): Promise<{ readonly version: string; readonly files: readonly UpdateFile[] }> {
  const names = await readdir(folder).catch(() => {
    throw new SetUpError(`${folder} cannot be read`, 'give the folder with the packages');
  });
  const found = names.toSorted().flatMap((name) => PACKAGES.flatMap(([target, pattern]) => {
    const version = pattern.exec(name)?.groups?.['version'];
    return version === undefined ? [] : [{ target, name, version }];
  }));
  const [version, ...others] = new Set(found.map((one) => one.version));
  if (version === undefined) throw new SetUpError(`${folder} holds no package of the client`, 'build them first: npm run package -- --release');
  if (others.length > 0) throw new SetUpError(`${folder} holds packages of several versions: ${[version, ...others].join(', ')}`, 'leave one version in the folder');
  const files: UpdateFile[] = [];
  for (const { target, name } of found) {
    const path = join(folder, name);
    const hash = createHash('sha512');
    for await (const bytes of createReadStream(path)) hash.update(bytes);
    files.push({ target, name, sizeBytes: (await stat(path)).size, sha512: hash.digest('base64') });
  }
  return { version, files };
}
