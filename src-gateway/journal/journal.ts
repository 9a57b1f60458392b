import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type ConnectionId, type ConnectionReference, sha256 } from '../../shared/ids.ts';
import { FIRST_PREVIOUS_HASH } from '../../shared/link/journal-hash.ts';
import type { JournalEvent, JournalKind } from '../../shared/link/messages.ts';
import { storableText } from '../../shared/storable-text.ts';
import { type Clock, instantOf, type Timer } from '../clock/clock.ts';
import type { Logger } from '../logging/logger.ts';
import type { JournalDisk, JournalFile } from './journal-disk.ts';
import { journalHash, type OpenConnection, openKey, readSegment, segmentName, type SequenceRange, widened } from './journal-segment.ts';

/** What is not awaited is on disk within this; well under the second that the architecture allows. */
export const BATCH_MS = 200;
/** A segment is read whole to answer a page, and is the smallest thing that a release frees. */
const SEGMENT_BYTES = 512 * 1024;
/** After a failed write the next try: soon enough that a freed disk is noticed at once, seldom enough to cost nothing. */
const RETRY_MS = 1000;
/** One page of the link: four of these fit in a link frame with all the quoting of JSON. */
const PAGE_BYTES = 1024 * 1024;
/** Room for the last entries when the disk is full: some three thousand. */
const RESERVE_BYTES = 1024 * 1024;
/** Events that wait for a disk that does not take them; new sessions are refused long before. */
const MAX_WAITING = 20_000;
/** Text in a fact; the schema of the link has the same bound. */
const MAX_FACT_TEXT = 2000;
/** Tickets used less than this ago are known again after a restart. */
const RECENT_TICKET_MS = 5 * 60_000;

export type JournalFacts = JournalEvent['facts'];

/** What is written; number, time and hash are the journal's. */
export interface JournalEntry {
  readonly kind: JournalKind;
  readonly connectionId?: ConnectionId;
  readonly reference?: ConnectionReference;
  readonly facts?: JournalFacts;
}

/** What was found when the journal was opened. */
export interface JournalRecovery {
  /** Bytes of a line that a crash cut short, taken away. */
  readonly cutBytes: number;
  /** Numbers between which the trail is damaged or missing (S69); null where it is whole. */
  readonly broken: SequenceRange | null;
  /** Whether the gateway had stopped in good order, or never ran. */
  readonly cleanStop: boolean;
  /** Connections whose end was never written: the caller writes it (rule 12). */
  readonly open: readonly OpenConnection[];
  /** SHA-256 of tickets used shortly before. */
  readonly recentTickets: readonly string[];
}

interface Segment {
  readonly name: string;
  readonly firstSequence: number;
  lastSequence: number;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: MavisError) => void;
}

export interface JournalParts {
  readonly disk: JournalDisk;
  readonly clock: Clock;
  readonly log: Logger;
  /** For the errors' text. */
  readonly gatewayName: string;
}

/**
 * The gateway's event journal: lines of JSON in append-only segments, numbered without gaps, each bound to the hash of the
 * one before. Number and hash are given at once and in order; the disk follows in batches, one sync for all that wait. A disk
 * that fails loses nothing: events wait in memory, whoever asked for durability is told, `healthy` is false, and it is tried
 * again every second.
 */
export class Journal {
  readonly #disk: JournalDisk;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #gatewayName: string;
  readonly #queue: { event: JournalEvent; line: Buffer }[] = [];
  readonly #waiting = new Map<number, Waiting>();
  readonly #segments: Segment[];
  /** Connections that are open as of the newest event on disk: what a new segment begins with. */
  readonly #open: Map<string, OpenConnection>;
  readonly recovery: JournalRecovery;
  #file: JournalFile;
  #fileBytes: number;
  /** The file may hold bytes beyond `#fileBytes` that were not confirmed. */
  #dirty = false;
  #next: { sequence: number; previousHash: string };
  #durable: { sequence: number; hash: string };
  #writing: Promise<void> | undefined;
  #timer: Timer | undefined;
  #healthy = true;
  #reserved = false;
  #closed = false;

  private constructor(parts: JournalParts, state: OpenedState) {
    this.#disk = parts.disk;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#gatewayName = parts.gatewayName;
    this.#segments = state.segments;
    this.#file = state.file;
    this.#fileBytes = state.fileBytes;
    this.#next = { sequence: state.head.sequence + 1, previousHash: state.head.hash };
    this.#durable = state.head;
    this.#open = new Map(state.recovery.open.map((one) => [openKey(one), one]));
    this.recovery = state.recovery;
  }

  /** Opens or makes the journal, takes away a line that a crash cut short, and says what it found. Rejects where the disk cannot be read or written at all. */
  static async open(parts: JournalParts): Promise<Journal> {
    const journal = new Journal(parts, await openSegments(parts));
    await journal.#takeReserve();
    return journal;
  }

  /** The newest event that is safe on disk. */
  get head(): { readonly sequence: number; readonly hash: string } {
    return this.#durable;
  }

  /** False while the disk does not take what is written, and where nothing more can be appended: no new session begins then. */
  get healthy(): boolean {
    return this.#healthy && this.#reserved && !this.#closed && this.#queue.length < MAX_WAITING;
  }

  /** Number of events that wait for the disk. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Writes an event; it is on disk within a fraction of a second. Throws `gateway.cannot-record` where far too much waits already. */
  append(entry: JournalEntry): JournalEvent {
    const event = this.#add(entry);
    if (this.#writing === undefined) this.#timer ??= this.#clock.setTimer(() => this.#pump(), BATCH_MS);
    return event;
  }

  /** Writes an event and resolves when it would survive a power cut; rejects with `gateway.cannot-record` where it cannot be written now. */
  async appendDurably(entry: JournalEntry): Promise<JournalEvent> {
    const event = this.#add(entry);
    const written = new Promise<void>((resolve, reject) => this.#waiting.set(event.sequence, { resolve, reject }));
    this.#pump();
    await written;
    return event;
  }

  /** Events after a number, oldest first, at most `limit` and at most what fits a page; only what is safe on disk. */
  async read(after: number, limit: number): Promise<JournalEvent[]> {
    const found: JournalEvent[] = [];
    let bytes = 0;
    for (const segment of [...this.#segments]) {
      if (segment.lastSequence <= after) continue;
      const { events } = readSegment(await this.#disk.read(segment.name));
      for (const event of events) {
        if (event.sequence <= after) continue;
        if (event.sequence > this.#durable.sequence || found.length >= limit || bytes > PAGE_BYTES) return found;
        found.push(event);
        bytes += JSON.stringify(event).length;
      }
    }
    return found;
  }

  /** The service has everything up to this number: whole segments of it are removed. */
  async release(upTo: number): Promise<void> {
    const bound = Math.min(upTo, this.#durable.sequence);
    while (this.#segments.length > 1) {
      const oldest = this.#segments[0];
      if (oldest === undefined || oldest.lastSequence > bound) return;
      this.#segments.shift();
      await this.#disk.remove(oldest.name);
    }
  }

  /** Resolves when everything written so far is on disk; rejects where it cannot be. */
  async flush(): Promise<void> {
    this.#pump();
    await this.#writing;
    if (this.#queue.length > 0) throw new MavisError('gateway.cannot-record', { gateway: this.#gatewayName });
  }

  /** Writes what waits and closes; nothing can be written after. */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.flush();
    } catch (error) {
      this.#log.error('journal closed with events that could not be written', { count: this.#queue.length, error });
    }
    this.#closed = true;
    this.#timer?.cancel();
    await this.#file.close();
  }

  #add(entry: JournalEntry): JournalEvent {
    if (this.#closed || this.#queue.length >= MAX_WAITING) throw new MavisError('gateway.cannot-record', { gateway: this.#gatewayName });
    const said = {
      sequence: this.#next.sequence,
      at: instantOf(this.#clock),
      kind: entry.kind,
      connectionId: entry.connectionId ?? null,
      reference: entry.reference ?? null,
      facts: boundedFacts(entry.facts ?? {}),
    };
    const event: JournalEvent = { ...said, hash: journalHash(this.#next.previousHash, said) };
    this.#next = { sequence: event.sequence + 1, previousHash: event.hash };
    this.#queue.push({ event, line: Buffer.from(`${JSON.stringify(event)}\n`) });
    return event;
  }

  #pump(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  /** Never rejects: a failure is kept in `healthy`, told to those who wait, and tried again later. */
  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, 1000);
      try {
        await this.#writeBatch(batch.map(({ line }) => line), batch[0]?.event.sequence ?? 0);
      } catch (error) {
        if (await this.#giveBackReserve(error)) continue;
        this.#fail(error);
        return;
      }
      this.#queue.splice(0, batch.length);
      this.#settle(batch.map(({ event }) => event));
    }
    if (!this.#reserved) await this.#takeReserve();
  }

  async #writeBatch(lines: readonly Buffer[], firstSequence: number): Promise<void> {
    // After a failed write or sync nobody knows what is on disk: all of it is taken away and written again.
    if (this.#dirty) await this.#file.truncate(this.#fileBytes);
    this.#dirty = false;
    if (this.#fileBytes >= SEGMENT_BYTES) await this.#beginSegment(firstSequence);
    const bytes = Buffer.concat(lines);
    this.#dirty = true;
    await this.#file.append(bytes);
    await this.#file.sync();
    this.#dirty = false;
    this.#fileBytes += bytes.length;
  }

  async #beginSegment(firstSequence: number): Promise<void> {
    const name = segmentName(firstSequence);
    // A try before this one may have made the file and failed then.
    await this.#disk.remove(name);
    const { file, bytes } = await createSegment(this.#disk, firstSequence, this.#durable.hash, [...this.#open.values()]);
    const before = this.#file;
    this.#file = file;
    this.#fileBytes = bytes;
    this.#segments.push({ name, firstSequence, lastSequence: firstSequence - 1 });
    await before.close();
  }

  #settle(events: readonly JournalEvent[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    const segment = this.#segments.at(-1);
    if (segment !== undefined) segment.lastSequence = last.sequence;
    this.#durable = { sequence: last.sequence, hash: last.hash };
    if (!this.#healthy) this.#log.info('journal can be written again', { sequence: last.sequence });
    this.#healthy = true;
    for (const event of events) trackOpen(this.#open, event);
    for (const { sequence } of events) {
      this.#waiting.get(sequence)?.resolve();
      this.#waiting.delete(sequence);
    }
  }

  #fail(error: unknown): void {
    if (this.#healthy) this.#log.error('journal cannot be written', { error, count: this.#queue.length });
    this.#healthy = false;
    for (const waiting of this.#waiting.values()) waiting.reject(new MavisError('gateway.cannot-record', { gateway: this.#gatewayName }, { cause: error }));
    this.#waiting.clear();
    if (!this.#closed) this.#timer ??= this.#clock.setTimer(() => this.#pump(), RETRY_MS);
  }

  async #giveBackReserve(error: unknown): Promise<boolean> {
    if (!this.#reserved || !isDiskFull(error)) return false;
    this.#reserved = false;
    this.#log.error('disk is full: the journal uses its reserve', { error });
    try {
      await this.#disk.freeReserve();
    } catch (failure) {
      this.#log.error('journal reserve cannot be given back', { error: failure });
      return false;
    }
    return true;
  }

  async #takeReserve(): Promise<void> {
    try {
      await this.#disk.takeReserve(RESERVE_BYTES);
      this.#reserved = true;
    } catch (error) {
      this.#log.warn('no room for the journal reserve', { error });
      try {
        await this.#disk.freeReserve();
      } catch (failure) {
        this.#log.warn('journal reserve cannot be removed', { error: failure });
      }
      if (!this.#closed) this.#timer ??= this.#clock.setTimer(() => this.#pump(), RETRY_MS);
    }
  }
}

interface OpenedState {
  readonly segments: Segment[];
  readonly file: JournalFile;
  readonly fileBytes: number;
  readonly head: { readonly sequence: number; readonly hash: string };
  readonly recovery: JournalRecovery;
}

async function openSegments({ disk, clock }: JournalParts): Promise<OpenedState> {
  const segments: Segment[] = [];
  const open = new Map<string, OpenConnection>();
  const recentTickets: string[] = [];
  let head = { sequence: 0, hash: FIRST_PREVIOUS_HASH };
  let broken: SequenceRange | null = null;
  let lastKind: JournalEvent['kind'] | undefined;
  let cutBytes = 0;
  let last: { name: string; wholeBytes: number; bytes: number } | undefined;
  for (const name of await disk.list()) {
    const bytes = await disk.read(name);
    const segment = readSegment(bytes);
    if (segment.header === null) {
      // Made and not yet begun when the crash came: it holds no event.
      cutBytes += bytes.length;
      await disk.remove(name);
      continue;
    }
    const { firstSequence, previousHash } = segment.header;
    const follows = segments.length === 0 || (firstSequence === head.sequence + 1 && previousHash === head.hash);
    if (!follows) broken = widened(broken, Math.min(head.sequence + 1, firstSequence), firstSequence);
    if (segment.broken !== null) broken = widened(broken, segment.broken.from, segment.broken.to);
    if (segments.length === 0) for (const one of segment.header.open) open.set(openKey(one), one);
    for (const event of segment.events) {
      trackOpen(open, event);
      lastKind = event.kind;
      const ticket = event.facts['ticketSha256'];
      if (event.kind === 'ticket-used' && typeof ticket === 'string' && clock.wallMs() - Date.parse(event.at) < RECENT_TICKET_MS) recentTickets.push(ticket);
    }
    const end = segment.events.at(-1);
    head = end === undefined ? { sequence: firstSequence - 1, hash: previousHash } : { sequence: end.sequence, hash: end.hash };
    segments.push({ name, firstSequence, lastSequence: head.sequence });
    last = { name, wholeBytes: segment.wholeBytes, bytes: bytes.length };
  }
  const recovery = (): JournalRecovery => ({ cutBytes, broken, cleanStop: lastKind === undefined || lastKind === 'gateway-stopped', open: [...open.values()], recentTickets });
  if (last === undefined) {
    const { file, bytes } = await createSegment(disk, 1, FIRST_PREVIOUS_HASH, []);
    segments.push({ name: segmentName(1), firstSequence: 1, lastSequence: 0 });
    return { segments, file, fileBytes: bytes, head, recovery: recovery() };
  }
  const file = await disk.openAppend(last.name);
  if (last.bytes > last.wholeBytes) {
    cutBytes += last.bytes - last.wholeBytes;
    await file.truncate(last.wholeBytes);
    await file.sync();
  }
  return { segments, file, fileBytes: last.wholeBytes, head, recovery: recovery() };
}

async function createSegment(disk: JournalDisk, firstSequence: number, previousHash: string, open: OpenConnection[]): Promise<{ file: JournalFile; bytes: number }> {
  const line = Buffer.from(`${JSON.stringify({ journal: 1, firstSequence, previousHash, open })}\n`);
  const file = await disk.create(segmentName(firstSequence));
  try {
    await file.append(line);
    await file.sync();
  } catch (error) {
    await file.close();
    throw error;
  }
  return { file, bytes: line.length };
}

function trackOpen(open: Map<string, OpenConnection>, event: JournalEvent): void {
  const { connectionId, reference } = event;
  if (connectionId === null) return;
  const forward = forwardOf(event);
  const key = openKey({ connectionId, forward });
  if (event.kind === 'ticket-used') open.set(key, { connectionId, reference, connected: false, ...(forward === undefined ? {} : { forward }) });
  else if (event.kind === 'connected' || event.kind === 'forwarded') open.set(key, { connectionId, reference, connected: true, ...(forward === undefined ? {} : { forward }) });
  else if (event.kind === 'ended' || event.kind === 'failed' || event.kind === 'forward-ended') open.delete(key);
}

/** The hash of the ticket of which an event of a forward speaks; undefined for an event of a session. */
function forwardOf({ kind, facts }: JournalEvent): string | undefined {
  const ofForward = kind === 'forwarded' || kind === 'forward-ended' || (kind === 'ticket-used' && facts['forward'] === true);
  const ticket = ofForward ? sha256.safeParse(facts['ticketSha256']) : undefined;
  return ticket?.data;
}

/** Facts as the service can keep them: a text that its database does not take would hold up the whole journal. */
function boundedFacts(facts: JournalFacts): JournalFacts {
  return Object.fromEntries(
    Object.entries(facts)
      .slice(0, 40)
      .map(([name, value]) => [name, typeof value === 'string' ? storableText(value, MAX_FACT_TEXT) : value]),
  );
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
