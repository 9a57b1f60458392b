import { open, readdir, rename, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordingId } from '../../shared/ids.ts';
import { recordingId } from '../../shared/ids.ts';
import { ContainerVerifier } from '../../shared/recording/container-verifier.ts';
import { ContainerWriter, type SignSeal } from '../../shared/recording/container-writer.ts';
import { RecordingFormatError } from '../../shared/recording/recording-frame.ts';
import type { RecordingHeader, RecordingSeal } from '../../shared/recording/recording-header.ts';
import { type Clock, instantOf } from '../clock/clock.ts';
import { nodeSha256 } from './recording-sealer.ts';

/** Bytes read at once: recovery of a large spool lets the event loop breathe between. */
const READ_BYTES = 256 * 1024;

/** The file by which a spool tries whether its disk can be written. */
export const PROBE_NAME = 'probe';

/** A closed recording of the spool: its parts on the disk, and what its seal says. */
export interface StoredRecording {
  readonly recordingId: RecordingId;
  readonly header: RecordingHeader;
  readonly seal: Pick<RecordingSeal, 'state' | 'code' | 'durationMicroseconds'>;
  /** The file, and where the disk was full the closing records in a file of their own. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** What recovery found and did. */
export interface SpoolFindings {
  readonly stored: readonly StoredRecording[];
  /** Recordings that a crash had cut off and that were sealed now. */
  readonly recovered: readonly StoredRecording[];
  /** Tries that never became a recording, deleted (S16, S19). */
  readonly discarded: number;
  /** Files that are no recording of this gateway: left where they are. */
  readonly unreadable: readonly string[];
}

export interface RecoveryParts {
  readonly directory: string;
  readonly sign: SignSeal;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Whether a seal is this gateway's own. */
  readonly verifySeal: (signed: Uint8Array, signature: Uint8Array) => boolean;
}

/**
 * Brings the spool in order after a stop of any kind: deletes what was provisional, cuts each live recording behind its last
 * whole record and seals it as `recovered`, and lists what is sealed. Nothing that was stored whole is ever dropped.
 */
export async function recoverSpool(parts: RecoveryParts): Promise<SpoolFindings> {
  const names = new Set(await readdir(parts.directory));
  const stored: StoredRecording[] = [];
  const recovered: StoredRecording[] = [];
  const unreadable: string[] = [];
  let discarded = 0;
  for (const name of names) {
    const { id, kind } = readName(name);
    if (name === PROBE_NAME) await unlink(join(parts.directory, name));
    else if (id === undefined) unreadable.push(name);
    else if (kind === 'provisional') discarded += await removeProvisional(parts.directory, id, names);
    else if (kind === 'live') {
      const found = await recoverLive(parts, id, names);
      if (found === undefined) unreadable.push(name);
      else recovered.push(found);
    } else if (kind === 'sealed') {
      const found = await readSealed(parts, id, names);
      if (found === undefined) unreadable.push(name);
      else stored.push(found);
      // A crash between the naming and the giving back of the closing room leaves it.
      if (names.has(`${id}.reserve`)) await unlink(join(parts.directory, `${id}.reserve`));
    }
  }
  for (const name of names) {
    const { id, kind } = readName(name);
    if (kind === 'reserve' && id !== undefined && !['live', 'sealed', 'provisional'].some((other) => names.has(`${id}.${other}`))) await unlink(join(parts.directory, name));
  }
  return { stored, recovered, discarded, unreadable };
}

function readName(name: string): { id: RecordingId | undefined; kind: string } {
  const [stem = '', kind = '', ...more] = name.split('.');
  const id = recordingId.safeParse(stem);
  const known = more.length === 0 && ['provisional', 'live', 'sealed', 'reserve', 'tail'].includes(kind);
  return { id: id.success && known ? id.data : undefined, kind };
}

async function removeProvisional(directory: string, id: RecordingId, names: ReadonlySet<string>): Promise<number> {
  await unlink(join(directory, `${id}.provisional`));
  if (names.has(`${id}.reserve`)) await unlink(join(directory, `${id}.reserve`));
  return 1;
}

async function recoverLive(parts: RecoveryParts, id: RecordingId, names: ReadonlySet<string>): Promise<StoredRecording | undefined> {
  const live = join(parts.directory, `${id}.live`);
  const tail = names.has(`${id}.tail`) ? [join(parts.directory, `${id}.tail`)] : [];
  const { verifier } = await verifyFiles([live, ...tail], parts);
  const { header, seal, resumePoint } = verifier;
  if (header === undefined || resumePoint === undefined || header.recordingId !== id) return undefined;
  const sealedPath = join(parts.directory, `${id}.sealed`);
  if (seal === undefined) await sealRecovered(parts, header, live, resumePoint);
  await rename(live, sealedPath);
  if (names.has(`${id}.reserve`)) await unlink(join(parts.directory, `${id}.reserve`));
  const kept = seal ?? { state: 'recovered' as const, code: 'recording.recovered', durationMicroseconds: resumePoint.durationMicroseconds };
  return { recordingId: id, header, seal: kept, files: await sized([sealedPath, ...(seal === undefined ? [] : tail)]) };
}

async function sealRecovered(parts: RecoveryParts, header: RecordingHeader, live: string, resume: NonNullable<ContainerVerifier['resumePoint']>): Promise<void> {
  await truncate(live, resume.bytes);
  const writer = new ContainerWriter({ header, sha256: nodeSha256, sealer: undefined, resume });
  const records = writer.seal({ state: 'recovered', code: 'recording.recovered', closedAt: instantOf(parts.clock), sign: parts.sign });
  await writeFile(live, Buffer.concat(records), { flag: 'a', flush: true });
}

async function readSealed(parts: RecoveryParts, id: RecordingId, names: ReadonlySet<string>): Promise<StoredRecording | undefined> {
  const tail = names.has(`${id}.tail`) ? [join(parts.directory, `${id}.tail`)] : [];
  const paths = [join(parts.directory, `${id}.sealed`), ...tail];
  const { verifier } = await verifyFiles(paths, parts);
  const { header, seal } = verifier;
  if (header === undefined || header.recordingId !== id) return undefined;
  // A sealed file that no longer verifies is kept and handed over as it is: the service says what is wrong with it.
  return { recordingId: id, header, seal: seal ?? { state: 'incomplete', code: 'recording.broken', durationMicroseconds: 0 }, files: await sized(paths) };
}

async function verifyFiles(paths: readonly string[], parts: RecoveryParts): Promise<{ verifier: ContainerVerifier }> {
  const verifier = new ContainerVerifier({ sha256: nodeSha256, verifySeal: parts.verifySeal });
  try {
    for (const path of paths) for await (const chunk of chunksOf(path)) verifier.push(chunk);
  } catch (thrown) {
    if (!(thrown instanceof RecordingFormatError)) throw thrown;
    // The verifier stands behind the last whole record: that is what recovery wants to know.
  }
  return { verifier };
}

/** A file's bytes, 256 KiB at a time. */
export async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function sized(paths: readonly string[]): Promise<{ path: string; bytes: number }[]> {
  const files: { path: string; bytes: number }[] = [];
  for (const path of paths) {
    const handle = await open(path, 'r');
    try {
      files.push({ path, bytes: (await handle.stat()).size });
    } finally {
      await handle.close();
    }
  }
  return files;
}
