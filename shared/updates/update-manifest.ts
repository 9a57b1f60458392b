import { z } from 'zod';
import { instant } from '../ids.ts';

/** Streams of releases: `beta` gets what `stable` gets later. */
export const updateChannel = z.enum(['stable', 'beta']);
export type UpdateChannel = z.infer<typeof updateChannel>;

/** The packages by kind and processor. NSIS's and AppImage's replace themselves; the others are fetched, verified, and installed by whoever may. */
export const updateTarget = z.enum(['nsis-x64', 'nsis-arm64', 'msi-x64', 'dmg-universal', 'appimage-x64', 'appimage-arm64', 'deb-x64', 'deb-arm64', 'rpm-x64', 'rpm-arm64']);
export type UpdateTarget = z.infer<typeof updateTarget>;

/** A file's name, which becomes part of an address and of a path: no separator, no blank, nothing that a shell or an installer would read as more than a name (A22). */
export const updateFileName = z.string().max(100).regex(/^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.))*$/);
/** MAJOR.MINOR.PATCH, and a pre-release as semver 2.0.0 section 9 has it; no build metadata, which has no order. */
export const updateVersion = z.string().max(60).regex(/^(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/);

/** What is new, as plain text: lines, and nothing that could turn them about or hide in them. */
export const updateNotes = z.string().max(4000).refine((text) => !/[\p{Cc}\u200B-\u200F\u202A-\u202E\u2060-\u2069]/u.test(text.replaceAll('\n', '')));

/** An installer of us has some 100 MB; a gigabyte is another file. */
const MOST_FILE_BYTES = 1024 ** 3;
/** Nobody can hold computers at an old release for longer than this by keeping new manifests from them (freeze). */
export const MOST_MANIFEST_DAYS = 90;
const DAY_MS = 86_400_000;

export const updateFile = z.strictObject({ target: updateTarget, name: updateFileName, sizeBytes: z.number().int().min(1).max(MOST_FILE_BYTES), sha512: z.base64().length(88) });
export type UpdateFile = z.infer<typeof updateFile>;

/** What a channel offers. It stands in `CHANNEL.json` of a feed, signed; `issuedAt` orders the manifests of a channel. */
export const updateManifest = z
  .strictObject({
    format: z.literal('mavis-update-1'),
    product: z.literal('mavis-desktop'),
    channel: updateChannel,
    version: updateVersion,
    issuedAt: instant,
    expiresAt: instant,
    /** So many percent of the computers take it, each by a number of its own. */
    rolloutPercent: z.number().min(0).max(100),
    notes: updateNotes.default(''),
    files: z.array(updateFile).min(1).max(updateTarget.options.length),
  })
  .refine(({ issuedAt, expiresAt }) => Date.parse(expiresAt) > Date.parse(issuedAt) && Date.parse(expiresAt) - Date.parse(issuedAt) <= MOST_MANIFEST_DAYS * DAY_MS, 'expires too late')
  .refine(({ files }) => new Set(files.map(({ target }) => target)).size === files.length, 'two files for one system');
export type UpdateManifest = z.infer<typeof updateManifest>;

/** Larger ones are not ours. */
export const MOST_MANIFEST_BYTES = 64 * 1024;
/** The file that it stands in: text of JSON in text of JSON, where a quote is two letters. */
export const MOST_ENVELOPE_BYTES = MOST_MANIFEST_BYTES * 2;
/** The file itself: the manifest as text, and Ed25519 over `signedUpdateText` of exactly this text, base64. */
export const signedUpdateManifest = z.strictObject({ manifest: z.string().max(MOST_MANIFEST_BYTES), signature: z.base64().length(88) });

/** What is signed: the first line keeps a signature of ours for another purpose from being taken for one of a manifest. */
export function signedUpdateText(manifest: string): string {
  return `mavis-update-manifest-1\n${manifest}`;
}

/** The file of a channel in a feed. */
export function manifestFileName(channel: UpdateChannel): string {
  return `${channel}.json`;
}

const MANIFESTS: ReadonlySet<string> = new Set(updateChannel.options.map(manifestFileName));
/** Whether a file of a feed is a channel's manifest. */
export function isManifestFileName(name: string): boolean {
  return MANIFESTS.has(name);
}

/** What a feed holds: manifests of the channels, and packages. Whatever else lies in its folder is not given out. */
export const feedFileName = updateFileName.refine((name) => MANIFESTS.has(name) || /\.(?:exe|msi|dmg|AppImage|deb|rpm)$/.test(name));
