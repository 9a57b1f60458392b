import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { ClientSettings } from '../../shared/ipc/settings.ts';
import type { OfferedUpdate, UpdatePhase, UpdatesOff } from '../../shared/ipc/stores.ts';
import type { UpdateChannel, UpdateFile, UpdateManifest } from '../../shared/updates/update-manifest.ts';
import { shown } from '../ipc/shown-error.ts';
import type { Log } from '../logging/log.ts';
import type { OwnedStore } from '../stores/owned-store.ts';
import type { InstalledPackage } from './installed-package.ts';
import { expiryOf, judgeUpdate } from './judge-update.ts';
import { readSignedManifest } from './signed-manifest.ts';
import type { UpdateFeed } from './update-feed.ts';
import { installPlan, installsItself, prepareInstall, type StartedProgram } from './update-installer.ts';
import type { UpdateRecord } from './update-record.ts';
import { isVerified } from './verified-file.ts';

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
/** Often enough that a withdrawn release is gone the same day; with the spread, computers that start together do not ask together. */
const CHECK_EVERY_MS = 6 * HOUR_MS;
const CHECK_SPREAD_MS = HOUR_MS;
/** The first of a start leaves the start alone. */
const FIRST_CHECK_MS = 10_000;
const FIRST_SPREAD_MS = 110_000;
/** After a failure: the network of a morning is there an hour later. */
const RETRY_MS = HOUR_MS;
/** A gigabyte at 50 kB/s; what is slower begins again. */
const LONGEST_DOWNLOAD_MS = 6 * HOUR_MS;
/** The page is told of a download in so many steps. */
const PROGRESS_STEPS = 100;

/** Whether this app takes updates, and what for. */
export type UpdateAbility = { readonly kind: 'off'; readonly why: UpdatesOff } | { readonly kind: 'on'; readonly installed: InstalledPackage; readonly keys: readonly string[] };

/** Where updates come from now. */
export interface UpdateSource {
  readonly kind: 'service' | 'address';
  readonly open: () => Pick<UpdateFeed, 'manifest' | 'download' | 'close'>;
}

/** What `Updates` works with: where it tells and remembers, whom it asks, and the clock and chance of its plan. */
export interface UpdatesParts {
  readonly store: OwnedStore<'updates'>;
  readonly ability: UpdateAbility;
  /** The version that runs. */
  readonly version: string;
  readonly settings: () => Pick<ClientSettings, 'updateChannel' | 'downloadUpdates'>;
  readonly source: () => UpdateSource | undefined;
  readonly record: Pick<UpdateRecord, 'installation' | 'seen' | 'take'>;
  /** This app's alone: what is in it that is not the update that is wanted is removed. */
  readonly folder: string;
  /** Words that the app was started with and needs again. */
  readonly appWords: readonly string[];
  readonly clock: () => number;
  readonly random: () => number;
  /** Calls back later; gives the function that forgets it. */
  readonly later: (milliseconds: number, run: () => void) => () => void;
  readonly log: Log;
}

interface Ready {
  readonly channel: UpdateChannel;
  readonly offer: OfferedUpdate;
  readonly file: UpdateFile;
  readonly path: string;
}

/** An offer that was found, and what is left to fetch of it. */
interface Found {
  readonly channel: UpdateChannel;
  readonly offer: OfferedUpdate;
  readonly file: UpdateFile;
}

/** Looks for updates, fetches and verifies them, and prepares their installing (A22). The store tells where it stands; nothing is used that the publisher did not sign. */
export class Updates {
  readonly #parts: UpdatesParts;
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;
  #forget: (() => void) | undefined;
  #found: Found | undefined;
  #ready: Ready | undefined;
  /** What was told before the work that runs: it holds on where nothing new is learned. */
  #before: UpdatePhase = { status: 'unchecked' };

  constructor(parts: UpdatesParts) {
    this.#parts = parts;
    const { ability, version } = parts;
    parts.store.replace({ version, source: null, checkedAt: null, phase: ability.kind === 'off' ? { status: 'off', why: ability.why } : { status: 'unchecked' } });
  }

  /** Looks soon, and then every six hours. */
  start(): void {
    this.#plan(FIRST_CHECK_MS, FIRST_SPREAD_MS);
  }

  /** Ends what runs; what was being fetched goes. */
  async stop(): Promise<void> {
    this.#forget?.();
    this.#stopped.abort();
    await this.#running;
  }

  /** Whether an update is there that the app can install by itself. */
  get installable(): boolean {
    return this.#ready !== undefined && this.#parts.ability.kind === 'on' && installsItself(this.#parts.ability.installed);
  }

  /** The path of the file that is ready. Throws `request.conflict` where none is. */
  get readyFile(): string {
    return this.#requireReady().path;
  }

  /** Asks the feed now, or waits for the asking that runs. What goes wrong stands in the store; throws where this app takes no updates. */
  check(): Promise<void> {
    const { ability } = this.#parts;
    if (ability.kind === 'off') throw new MavisError(ability.why === 'managed' ? 'client.managed' : 'request.conflict', ability.why === 'managed' ? {} : { what: ability.why });
    return this.#run(() => this.#check(ability.installed, ability.keys));
  }

  /** Fetches what was found. Throws `request.conflict` where there is nothing. */
  download(): Promise<void> {
    const source = this.#parts.source();
    const found = this.#found;
    if (found === undefined || source === undefined) throw new MavisError('request.conflict', { what: 'update' });
    return this.#run(async () => {
      const feed = source.open();
      try {
        await this.#fetch(feed, found);
      } finally {
        feed.close();
      }
    });
  }

  /** Does what goes before the app's end; gives the program that is to be started last, where there is one. Throws as `prepareInstall`, and `request.conflict` where nothing is ready. */
  async prepareInstall(restart: boolean): Promise<StartedProgram | undefined> {
    const { ability, appWords, log } = this.#parts;
    const ready = this.#requireReady();
    if (ability.kind === 'off') throw new MavisError('client.managed');
    try {
      const last = await prepareInstall(installPlan(ability.installed, ready.path, appWords), ready.path, ready.file, restart);
      log.info('update installed', { version: ready.offer.version });
      this.#ready = undefined;
      return last;
    } catch (thrown) {
      const error = asMavisError(thrown);
      // What is on the disk is not what was verified: it is fetched again.
      if (error.code === 'update.file-wrong') {
        this.#ready = undefined;
        await rm(ready.path, { force: true });
        this.#tell({ status: 'failed', error: shown(error) });
      }
      throw error;
    }
  }

  #requireReady(): Ready {
    if (this.#ready === undefined) throw new MavisError('request.conflict', { what: 'update' });
    return this.#ready;
  }

  /** One thing at a time: who asks meanwhile waits for the one that runs. */
  #run(work: () => Promise<void>): Promise<void> {
    if (this.#running !== undefined) return this.#running;
    this.#before = this.#parts.store.state.phase;
    this.#running = work()
      .then(() => this.#plan(CHECK_EVERY_MS, CHECK_SPREAD_MS), (error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async #check(installed: InstalledPackage, keys: readonly string[]): Promise<void> {
    const { source: sourceNow, settings, record, clock, version } = this.#parts;
    const source = sourceNow();
    this.#parts.store.update((draft) => {
      draft.source = source?.kind ?? null;
    });
    if (source === undefined) return this.#tell({ status: 'no-source' });
    this.#tell({ status: 'checking' });
    const channel = settings().updateChannel;
    // Who has changed the channel does not want what the other one offered.
    if (this.#found?.channel !== channel) this.#found = undefined;
    if (this.#ready?.channel !== channel) this.#ready = undefined;
    const feed = source.open();
    try {
      const bytes = await this.#manifest(feed, channel);
      if (bytes === undefined) return this.#unsaid({ status: 'none-offered' });
      const trusted = readSignedManifest(bytes, keys);
      const verdict = judgeUpdate(trusted, { nowMs: clock(), channel, target: installed.target, version, seen: record.seen(channel), installation: record.installation });
      await record.take(channel, { issuedAt: trusted.manifest.issuedAt, digest: trusted.digest, expiresAt: trusted.manifest.expiresAt });
      if (verdict.kind === 'up-to-date') return await this.#nothing({ status: 'up-to-date' });
      if (verdict.kind === 'held-back') return await this.#nothing({ status: 'held-back', version: verdict.version });
      await this.#offered(feed, { channel, file: verdict.file, offer: offerOf(trusted.manifest, verdict.file) });
    } finally {
      feed.close();
    }
  }

  /** The manifest as it came, or undefined. No manifest and no answer are signed by nobody: once the time of the last that was signed is over, either is `update.feed-expired`. */
  async #manifest(feed: Pick<UpdateFeed, 'manifest'>, channel: UpdateChannel): Promise<Uint8Array | undefined> {
    const { record, clock } = this.#parts;
    const expiry = (): MavisError | undefined => expiryOf(record.seen(channel), clock());
    const bytes = await feed.manifest(channel, this.#stopped.signal).catch((error: unknown) => {
      throw expiry() ?? error;
    });
    const over = bytes === undefined ? expiry() : undefined;
    if (over !== undefined) throw over;
    return bytes;
  }

  /** Nothing signed came: no manifest, or no time for us. Whoever stands in the way can say so as well: what a signed one has offered stays, on the disk too. */
  #unsaid(otherwise: UpdatePhase): void {
    if (this.#ready !== undefined) this.#isReady(this.#ready, this.#ready.path);
    else if (this.#found !== undefined) this.#tell({ status: 'available', offer: this.#found.offer });
    else this.#tell(otherwise);
  }

  /** A signed manifest has nothing to install, also of what was fetched before: it may have been withdrawn. */
  async #nothing(phase: UpdatePhase): Promise<void> {
    this.#found = undefined;
    this.#ready = undefined;
    await this.#sweep(undefined);
    this.#answered();
    this.#tell(phase);
  }

  async #offered(feed: Pick<UpdateFeed, 'download'>, found: Found): Promise<void> {
    const { folder, settings } = this.#parts;
    this.#found = found;
    this.#ready = undefined;
    this.#answered();
    await this.#sweep(found.file.name);
    const path = join(folder, found.file.name);
    if (await isVerified(path, found.file)) return this.#isReady(found, path);
    await onDisk(rm(path, { recursive: true, force: true }));
    if (!settings().downloadUpdates) return this.#tell({ status: 'available', offer: found.offer });
    await this.#fetch(feed, found);
  }

  async #fetch(feed: Pick<UpdateFeed, 'download'>, found: Found): Promise<void> {
    const { folder } = this.#parts;
    const { offer, file } = found;
    this.#tell({ status: 'downloading', offer, receivedBytes: 0 });
    await onDisk(mkdir(folder, { recursive: true, mode: 0o700 }));
    let toldBytes = 0;
    const path = await feed.download(file, folder, (bytes) => {
      if (bytes - toldBytes < file.sizeBytes / PROGRESS_STEPS) return;
      toldBytes = bytes;
      this.#tell({ status: 'downloading', offer, receivedBytes: bytes });
    }, AbortSignal.any([this.#stopped.signal, AbortSignal.timeout(LONGEST_DOWNLOAD_MS)]));
    this.#isReady(found, path);
  }

  #isReady({ channel, offer, file }: Found, path: string): void {
    const { ability, log } = this.#parts;
    this.#ready = { channel, offer, file, path };
    log.info('update ready', { version: offer.version, file: file.name });
    this.#tell({ status: 'ready', offer, fileName: file.name, install: ability.kind === 'on' && installsItself(ability.installed) ? 'restart' : 'by-hand' });
  }

  #fail(thrown: unknown): void {
    if (this.#stopped.signal.aborted) return;
    const error = asMavisError(thrown);
    if (error.code === 'request.too-many') return this.#later(Number(error.args['seconds']) * SECOND_MS);
    this.#parts.log.warn('no update', { code: error.code }, thrown);
    this.#plan(RETRY_MS, CHECK_SPREAD_MS);
    // What was verified before stays good where the feed is not reached now.
    if (this.#ready !== undefined) this.#isReady(this.#ready, this.#ready.path);
    else this.#tell({ status: 'failed', error: shown(error) });
  }

  /** The feed has other readers now, which is nobody's fault: it is asked again when it said, those that were sent away together apart. */
  #later(afterMs: number): void {
    this.#parts.log.info('update feed busy', { milliseconds: afterMs });
    this.#plan(afterMs, afterMs);
    // An offer that is no longer there was of another channel.
    const gone = this.#before.status === 'ready' || this.#before.status === 'available';
    this.#unsaid(gone ? { status: 'unchecked' } : this.#before);
  }

  #plan(afterMs: number, spreadMs: number): void {
    const { ability, later, random, log } = this.#parts;
    this.#forget?.();
    if (ability.kind === 'off' || this.#stopped.signal.aborted) return;
    this.#forget = later(afterMs + random() * spreadMs, () => void this.check().catch((error: unknown) => log.error('update not checked for', {}, error)));
  }

  #answered(): void {
    const at = new Date(this.#parts.clock()).toISOString();
    this.#parts.store.update((draft) => {
      draft.checkedAt = at;
    });
  }

  #tell(phase: UpdatePhase): void {
    this.#parts.store.update((draft) => {
      draft.phase = phase;
    });
  }

  /** Removes older packages, and what a download left that the app did not see the end of. */
  async #sweep(kept: string | undefined): Promise<void> {
    const { folder } = this.#parts;
    const names = await readdir(folder).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    });
    for (const name of names) if (name !== kept) await onDisk(rm(join(folder, name), { recursive: true, force: true }));
  }
}

/** What goes wrong with our own folder. */
async function onDisk<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new MavisError('update.not-stored', { reason: error instanceof Error && 'code' in error ? String(error.code) : '' }, { cause: error });
  }
}

function offerOf({ version, notes }: UpdateManifest, { sizeBytes }: UpdateFile): OfferedUpdate {
  return { version, notes, sizeBytes };
}
