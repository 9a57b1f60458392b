import type { KeyObject } from 'node:crypto';
import { Readable } from 'node:stream';
import { and, desc, eq, ilike, lt, or, sql } from 'drizzle-orm';
import type { RecordingSummary, RecordingVerification } from '../../shared/api/recordings.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { instant, recordingId as recordingIdSchema, type RecordingId } from '../../shared/ids.ts';
import { AsciicastWriter, type AsciicastVersion } from '../../shared/recording/asciicast.ts';
import { LINK_BYTES, RECORD_HEADER_BYTES, TAG_BYTES } from '../../shared/recording/container.ts';
import { RecordingOpener } from '../../shared/recording/opened-recording.ts';
import { encodePlaybackEnd, encodePlaybackFrames, encodePlaybackHeader, type PlaybackEnd, type PlaybackHeader } from '../../shared/recording/playback.ts';
import { RecordingFormatError, type RecordingFrame } from '../../shared/recording/recording-frame.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import { sealingKeysOf } from '../gateways/gateway-keys.ts';
import { InputError } from '../http/bound-route.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import type { Database } from '../store/database.ts';
import { gateways, recordings } from '../store/schema.ts';
import { checkRecording, isOf, verifierParts, type RecordingRow } from './recording-check.ts';
import { blockOpenerOf } from './recording-cipher.ts';
import type { RecordingFiles } from './recording-files.ts';

export interface RecordingArchiveParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly files: Pick<RecordingFiles, 'read' | 'exists'>;
  /** The service's X25519 keys: the present one and those before it. */
  readonly recordingKeys: readonly KeyObject[];
}

interface ListQuery {
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly reference?: string | undefined;
  readonly search?: string | undefined;
}

/** No record is shorter (its header, a tag, a link): a piece of this size completes one at most. */
const LEAST_RECORD_BYTES = RECORD_HEADER_BYTES + TAG_BYTES + LINK_BYTES;

/** What an opening gives, piece by piece. */
type OpenedPiece = { readonly header: PlaybackHeader } | { readonly frames: readonly RecordingFrame[] } | { readonly end: PlaybackEnd; readonly microseconds: number };

/** The stored recordings: list, description, playback, export, verification (S58). Each reading of content is an audit entry. */
export class RecordingArchive {
  readonly #parts: RecordingArchiveParts;

  constructor(parts: RecordingArchiveParts) {
    this.#parts = parts;
  }

  /** Newest first. */
  async list({ cursor, limit, reference, search }: ListQuery): Promise<{ items: RecordingSummary[]; nextCursor?: string }> {
    const before = cursor === undefined ? undefined : readCursor(cursor);
    const pattern = search === undefined || search === '' ? undefined : `%${search.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
    const rows = await this.#parts.database
      .select()
      .from(recordings)
      .where(
        and(
          reference === undefined ? undefined : sql`${recordings.reference} = ${reference}`,
          pattern === undefined ? undefined : or(ilike(recordings.userName, pattern), ilike(recordings.resourceName, pattern), ilike(recordings.reference, pattern)),
          before === undefined ? undefined : or(lt(recordings.startedAt, before.startedAt), and(eq(recordings.startedAt, before.startedAt), lt(recordings.id, before.id))),
        ),
      )
      .orderBy(desc(recordings.startedAt), desc(recordings.id))
      .limit(limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return { items: items.map(asSummary), ...(rows.length > limit && last !== undefined ? { nextCursor: encodeCursor('recordings', [last.startedAt.toISOString(), last.id]) } : {}) };
  }

  /** One recording's description; throws `request.not-found`. */
  async read(recordingId: RecordingId): Promise<RecordingSummary> {
    return asSummary(await this.#row(recordingId));
  }

  /** The opened frames as `shared/recording/playback.ts` reads them. Throws `recording.not-stored` where it is still at its gateway. */
  async playback(recordingId: RecordingId, actor: AuditActor): Promise<Readable> {
    const { row, path } = await this.#stored(recordingId);
    await this.#note(row, actor, 'recording.played', {});
    return Readable.from(this.#playbackBytes(row, path), { objectMode: false });
  }

  /** The recording as asciicast. Only what a terminal showed has one. */
  async asciicast(recordingId: RecordingId, version: AsciicastVersion, actor: AuditActor): Promise<Readable> {
    const { row, path } = await this.#stored(recordingId);
    if (row.protocol !== 'ssh') throw new MavisError('request.conflict', { what: 'protocol' });
    await this.#note(row, actor, 'recording.exported', { format: `asciicast-v${version}` });
    return Readable.from(this.#asciicastLines(row, path, version), { objectMode: false });
  }

  /** Checks chain, seal, signature and the last head known, over the bytes as they lie. */
  async verify(recordingId: RecordingId, actor: AuditActor): Promise<RecordingVerification> {
    const { row, path } = await this.#stored(recordingId);
    const { verification, sha256 } = await checkRecording(await this.#parts.files.read(path), row, await this.#signingKeys(row));
    const { frames, headHash, signed, detail } = verification;
    const changed = row.sha256 !== null && row.sha256 !== sha256;
    const code = changed && verification.ok ? 'recording.broken' : verification.code;
    const found = { ok: verification.ok && !changed, frames, headHash, signed, code, detail: changed && detail === '' ? 'the bytes are not those that were stored' : detail };
    await this.#note(row, actor, 'recording.verified', { ok: found.ok, code: found.code });
    return found;
  }

  /** Ids of all stored recordings, oldest first, for a verification of everything. */
  async storedIds(): Promise<RecordingId[]> {
    const rows = await this.#parts.database.select({ id: recordings.id, storedAt: recordings.storedAt }).from(recordings).orderBy(recordings.startedAt);
    return rows.filter(({ storedAt }) => storedAt !== null).map(({ id }) => id);
  }

  async *#playbackBytes(row: RecordingRow, path: string): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#opened(row, path)) {
      if ('header' in piece) yield encodePlaybackHeader(piece.header);
      else if ('frames' in piece) yield encodePlaybackFrames(piece.frames);
      else yield encodePlaybackEnd(piece.end, piece.microseconds);
    }
  }

  async *#asciicastLines(row: RecordingRow, path: string, version: AsciicastVersion): AsyncGenerator<string> {
    const writer = new AsciicastWriter(version);
    for await (const piece of this.#opened(row, path)) {
      const text = 'header' in piece ? writer.header(piece.header) : 'frames' in piece ? piece.frames.map((frame) => writer.frame(frame)).join('') : writer.end();
      if (text !== '') yield text;
    }
  }

  /** Verifies and opens as it goes: what is given was proven up to there, and what is not proven ends it as `broken`. */
  async *#opened(row: RecordingRow, path: string): AsyncGenerator<OpenedPiece> {
    const opener = await this.#opener(row);
    let headed = false;
    let microseconds = 0;
    let offset = 0;
    try {
      for await (const chunk of await this.#parts.files.read(path)) {
        const { frames } = opener.push(bytesOf(chunk));
        if (!headed) yield { header: headerOf(opener, row) };
        headed = true;
        microseconds = frames.at(-1)?.microseconds ?? microseconds;
        if (frames.length > 0) yield { frames };
        offset += bytesOf(chunk).length;
      }
      if (!headed) throw new RecordingFormatError('no recording');
    } catch (error) {
      if (!(error instanceof RecordingFormatError)) throw error;
      for await (const piece of this.#upToTheBreak(row, path, offset)) {
        if ('frames' in piece) microseconds = piece.frames.at(-1)?.microseconds ?? microseconds;
        if (!('header' in piece) || !headed) yield piece;
        headed ||= 'header' in piece;
      }
      if (!headed) throw new MavisError('recording.broken', { frame: 0 }, { cause: error });
      yield { end: { state: 'broken', code: 'recording.broken' }, microseconds };
      return;
    }
    const { ok, state, code } = opener.finish();
    yield { end: { state: ok ? state : 'broken', code }, microseconds };
  }

  /** What a piece that begins at `offset` and is not proven as a whole still holds before the break: it is opened record by record. */
  async *#upToTheBreak(row: RecordingRow, path: string, offset: number): AsyncGenerator<OpenedPiece> {
    const opener = await this.#opener(row);
    let at = 0;
    let headed = false;
    try {
      for await (const chunk of await this.#parts.files.read(path)) {
        const bytes = bytesOf(chunk);
        for (let start = 0; start < bytes.length; ) {
          const known = at < offset;
          const length = known ? Math.min(bytes.length - start, offset - at) : Math.min(bytes.length - start, LEAST_RECORD_BYTES);
          const { frames } = opener.push(bytes.subarray(start, start + length));
          start += length;
          at += length;
          if (!headed && opener.header !== undefined) yield { header: headerOf(opener, row) };
          headed = opener.header !== undefined;
          if (!known && frames.length > 0) yield { frames };
        }
      }
    } catch (error) {
      if (!(error instanceof RecordingFormatError)) throw error;
    }
  }

  async #opener(row: RecordingRow): Promise<RecordingOpener> {
    return new RecordingOpener({ ...verifierParts(row, await this.#signingKeys(row)), openerOf: (header) => blockOpenerOf(header, this.#parts.recordingKeys) });
  }

  async #row(recordingId: RecordingId): Promise<RecordingRow> {
    const [row] = await this.#parts.database.select().from(recordings).where(eq(recordings.id, recordingId));
    if (row === undefined) throw new MavisError('request.not-found');
    return row;
  }

  async #stored(recordingId: RecordingId): Promise<{ row: RecordingRow; path: string }> {
    const row = await this.#row(recordingId);
    if (row.storedPath === null || !(await this.#parts.files.exists(row.storedPath))) throw new MavisError('recording.not-stored', {}, { reference: row.reference });
    return { row, path: row.storedPath };
  }

  async #signingKeys(row: RecordingRow): Promise<string[]> {
    const [gateway] = await this.#parts.database.select().from(gateways).where(eq(gateways.id, row.gatewayId));
    return gateway === undefined ? [] : sealingKeysOf(gateway);
  }

  async #note(row: RecordingRow, actor: AuditActor, kind: string, facts: Record<string, string | boolean | null>): Promise<void> {
    await this.#parts.database.transaction((transaction) =>
      this.#parts.audit.append(transaction, { kind, actor, reference: row.reference, facts: { recordingId: row.id, connectionId: row.connectionId, user: row.userName, resource: row.resourceName, ...facts } }),
    );
  }
}

function bytesOf(chunk: unknown): Uint8Array {
  if (!(chunk instanceof Uint8Array)) throw new TypeError('a stream of bytes was expected');
  return chunk;
}

/** The header of a playback; throws RecordingFormatError where the container has none yet, or is of another recording. */
function headerOf(opener: RecordingOpener, row: RecordingRow): PlaybackHeader {
  if (opener.header === undefined || !isOf(opener.header, row)) throw new RecordingFormatError('the header is missing, or of another recording');
  const { key: _key, ...header } = opener.header;
  return { ...header, state: row.state, code: row.code, durationMs: row.durationMs, closedAt: row.endedAt?.toISOString() ?? null };
}

function readCursor(cursor: string): { startedAt: Date; id: RecordingId } {
  const [startedAt = '', id = ''] = decodeCursor('recordings', cursor);
  const at = instant.safeParse(startedAt);
  const recording = recordingIdSchema.safeParse(id);
  if (!at.success || !recording.success) throw new InputError('cursor');
  return { startedAt: new Date(at.data), id: recording.data };
}

function asSummary(row: RecordingRow): RecordingSummary {
  const { id, connectionId, reference, userName, resourceName, protocol, gatewayId, gatewayName, durationMs, sizeBytes, state, code } = row;
  return { id, connectionId, reference, userName, resourceName, protocol, gatewayId, gatewayName, startedAt: row.startedAt.toISOString(), endedAt: row.endedAt?.toISOString() ?? null, durationMs, sizeBytes, state, code, stored: row.storedAt !== null };
}
