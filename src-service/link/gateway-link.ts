import type { MavisError } from '../../shared/errors/mavis-error.ts';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { RecordingId } from '../../shared/ids.ts';
import { type AddressAnnouncement, type AnnouncedKeys, linkMethods, type GatewayStatusReport, type Grant, type JournalEvent, MAX_RECORDINGS_A_PAGE, type ProbeResult, type ServicePinAnnouncement, type SpooledRecording } from '../../shared/link/messages.ts';
import type { z } from 'zod';
import { LinkConnection } from './link-connection.ts';
import { linkError } from './link-errors.ts';
import type { LinkAddress } from './link-forward.ts';
import type { LinkIdentity } from './link-identity.ts';
import type { AskOptions } from './pinned-tls.ts';

/** Time for a request that has no limit of its own. */
const REQUEST_LIMIT_MS = 5_000;
/** More than a gateway's spool takes: one that goes on giving is not listened to for ever. */
const MOST_RECORDINGS = 20_000;
/** Opening takes two round trips; who waits for it has a limit of his own, often shorter. */
const CONNECT_LIMIT_MS = 3_000;
/** A grant is answered within this or another gateway is tried (rule 4). */
export const GRANT_LIMIT_MS = 2_000;
/** A link that broke is opened again after a random time up to this, doubling with each failure up to the limit below. */
const RECONNECT_FIRST_MS = 1_000;
const RECONNECT_MAX_MS = 15_000;
/** What waits on a connection that another has replaced: longer than any request, a probe's included. */
const RETIRE_LIMIT_MS = 30_000;

export type TerminateTarget = z.input<typeof linkMethods.control.terminate.params>['target'];

export interface GatewayLinkOptions {
  readonly address: LinkAddress;
  readonly identity: LinkIdentity;
  /** A number from 0 below 1, for the jitter. */
  readonly random: () => number;
  /** The control connection stands (again): pending terminations go first (rule 11). */
  readonly onControlOpen: () => void;
  /** The control connection was lost, not closed by us (rule 5). */
  readonly onControlLost: (reason: MavisError) => void;
}

/** The value, or `gateway.link-time-out` after the limit, or `gateway.link-failed` where the caller gives up. */
function withinLimits<T>(promise: Promise<T>, limits: AskOptions, gatewayName: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(() => reject(linkError('time-out', gatewayName))), limits.timeLimitMs);
    const onAbort = (): void => settle(() => reject(linkError('failed', gatewayName, limits.signal?.reason)));
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      limits.signal?.removeEventListener('abort', onAbort);
      finish();
    };
    limits.signal?.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(asMavisError(error))),
    );
  });
}

/** One of the two connections: opened when first asked, shared by all who ask meanwhile, opened again after a loss. */
class Channel {
  readonly #options: GatewayLinkOptions;
  readonly #address: () => LinkAddress;
  readonly #name: 'control' | 'bulk';
  readonly #stopped = new AbortController();
  #connection: LinkConnection | undefined;
  /** The service's key by which it was opened. */
  #openedBy = '';
  #opening: Promise<LinkConnection> | undefined;
  #reconnect: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(name: 'control' | 'bulk', options: GatewayLinkOptions, address: () => LinkAddress) {
    this.#name = name;
    this.#options = options;
    this.#address = address;
  }

  /** The connection, opened where there is none; waits no longer than the caller's own limit, whoever began to open it. */
  ready(limits: AskOptions): Promise<LinkConnection> {
    const current = this.#connection;
    if (current !== undefined && !current.closed && this.#openedBy === this.#identity().keyPem) return Promise.resolve(current);
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return withinLimits(this.#opening, limits, this.#address().gatewayName);
  }

  /** Opens a connection by the service's present key beside one that stands by another, and goes by it. Nothing where none stands. */
  renew(limits: AskOptions): Promise<unknown> {
    return this.#connection === undefined ? Promise.resolve() : this.ready(limits);
  }

  #identity(): LinkIdentity {
    return this.#address().openedBy ?? this.#options.identity;
  }

  /** Ends a connection that no longer answers, so that the next request opens a new one. */
  drop(): void {
    this.#connection?.close();
  }

  stop(): void {
    this.#stopped.abort(new Error('the link is stopped'));
    clearTimeout(this.#reconnect);
    this.#connection?.close();
  }

  async #open(): Promise<LinkConnection> {
    clearTimeout(this.#reconnect);
    const { keyPem } = this.#identity();
    let connection: LinkConnection | undefined;
    const ended = (reason: MavisError | null): void => {
      // One that another has replaced is missed by nobody.
      if (connection === undefined || connection === this.#connection) this.#lost(reason);
    };
    connection = await LinkConnection.open(this.#address(), this.#options.identity, this.#name, ended, { timeLimitMs: CONNECT_LIMIT_MS, signal: this.#stopped.signal });
    this.#connection?.retire(RETIRE_LIMIT_MS);
    this.#connection = connection;
    this.#openedBy = keyPem;
    this.#failures = 0;
    if (this.#name === 'control') this.#options.onControlOpen();
    return connection;
  }

  #lost(reason: MavisError | null): void {
    this.#connection = undefined;
    if (this.#stopped.signal.aborted || this.#name === 'bulk') return;
    if (reason !== null) this.#options.onControlLost(reason);
    this.#scheduleReconnect();
  }

  #scheduleReconnect(): void {
    const boundMs = Math.min(RECONNECT_MAX_MS, RECONNECT_FIRST_MS * 2 ** this.#failures);
    clearTimeout(this.#reconnect);
    this.#reconnect = setTimeout(() => {
      this.ready({ timeLimitMs: CONNECT_LIMIT_MS }).catch((error: unknown) => this.#reconnectFailed(error));
    }, boundMs * (0.2 + 0.8 * this.#options.random()));
    this.#reconnect.unref();
  }

  #reconnectFailed(error: unknown): void {
    if (this.#stopped.signal.aborted) return;
    this.#failures += 1;
    // Status sync judges and reports the gateway; here only the next attempt is planned. A mismatched pin is not hammered.
    if (asMavisError(error).code === 'gateway.link-pin-mismatch') this.#failures = Math.max(this.#failures, 4);
    this.#scheduleReconnect();
  }
}

/**
 * The link to one gateway: the control connection for status, grants, terminations, probes and the journal, and the bulk
 * connection for recordings (rule 16), so that pulling never delays a grant. Every method rejects with a MavisError.
 */
export class GatewayLink {
  #address: LinkAddress;
  readonly #control: Channel;
  readonly #bulk: Channel;

  constructor(options: GatewayLinkOptions) {
    this.#address = options.address;
    const address = (): LinkAddress => this.#address;
    this.#control = new Channel('control', options, address);
    this.#bulk = new Channel('bulk', options, address);
  }

  get address(): LinkAddress {
    return this.#address;
  }

  /** Takes further pins, or another key of the service: connections that stand go on, those that are opened from now on go by them. */
  useKeys({ pins, openedBy }: Pick<LinkAddress, 'pins' | 'openedBy'>): void {
    this.#address = { ...this.#address, pins, openedBy };
  }

  /** Goes by the service's present key from now on: what waits on a connection by another is answered there. Rejects as the link does. */
  async renew(): Promise<void> {
    await this.#control.renew({ timeLimitMs: CONNECT_LIMIT_MS });
  }

  status(epoch: number, options: AskOptions): Promise<GatewayStatusReport> {
    return this.#askControl('status', linkMethods.control.status, { epoch }, options);
  }

  /** Pushes a grant; it was taken when this resolves. Never push the same ticket twice (rule 2). */
  async grant(grant: Grant, options: Partial<AskOptions> = {}): Promise<void> {
    await this.#askControl('grant', linkMethods.control.grant, { grant }, { timeLimitMs: GRANT_LIMIT_MS, ...options });
  }

  /** Ends a connection, or all of a user; resolves when the gateway confirms it. `by`: who asked for it. */
  terminate(target: TerminateTarget, code: string, { by, ...options }: Partial<AskOptions> & { readonly by?: string } = {}): Promise<{ ended: number; grantsDropped: number }> {
    return this.#askControl('terminate', linkMethods.control.terminate, { target, code, ...(by === undefined ? {} : { by }) }, { timeLimitMs: REQUEST_LIMIT_MS, ...options });
  }

  probe(params: z.input<typeof linkMethods.control.probe.params>, options: Pick<AskOptions, 'signal'> = {}): Promise<ProbeResult> {
    return this.#askControl('probe', linkMethods.control.probe, params, { timeLimitMs: params.timeLimitMs + 2_000, ...options });
  }

  async journalRead(params: z.input<typeof linkMethods.control.journalRead.params>, options: Partial<AskOptions> = {}): Promise<JournalEvent[]> {
    const { events } = await this.#askControl('journalRead', linkMethods.control.journalRead, params, { timeLimitMs: REQUEST_LIMIT_MS, ...options });
    return events;
  }

  async journalRelease(params: z.input<typeof linkMethods.control.journalRelease.params>, options: Partial<AskOptions> = {}): Promise<void> {
    await this.#askControl('journalRelease', linkMethods.control.journalRelease, params, { timeLimitMs: REQUEST_LIMIT_MS, ...options });
  }

  /** Sends what an administrator set of the gateway's ports; it is in force there when this resolves. */
  async setPortMap(params: z.input<typeof linkMethods.control.setPortMap.params>, options: Partial<AskOptions> = {}): Promise<void> {
    await this.#askControl('setPortMap', linkMethods.control.setPortMap, params, { timeLimitMs: REQUEST_LIMIT_MS, ...options });
  }

  /** Has the gateway make its next keys, or tell those that it has made (rule 15). */
  nextKeys(options: Partial<AskOptions> = {}): Promise<AnnouncedKeys> {
    return this.#askControl('nextKeys', linkMethods.control.nextKeys, {}, { timeLimitMs: REQUEST_LIMIT_MS, ...options });
  }

  /** The next keys of that fingerprint are pinned here: the gateway may switch to them. */
  async nextKeysKnown(params: z.input<typeof linkMethods.control.nextKeysKnown.params>, options: Partial<AskOptions> = {}): Promise<void> {
    await this.#askControl('nextKeysKnown', linkMethods.control.nextKeysKnown, params, { timeLimitMs: REQUEST_LIMIT_MS, ...options });
  }

  /** Has the gateway go by its next keys from the next handshake on. */
  async switchKeys(params: z.input<typeof linkMethods.control.switchKeys.params>, options: Partial<AskOptions> = {}): Promise<void> {
    await this.#askControl('switchKeys', linkMethods.control.switchKeys, params, { timeLimitMs: REQUEST_LIMIT_MS, ...options });
  }

  async auditHead(params: z.input<typeof linkMethods.control.auditHead.params>, options: Partial<AskOptions> = {}): Promise<void> {
    await this.#askControl('auditHead', linkMethods.control.auditHead, params, { timeLimitMs: REQUEST_LIMIT_MS, ...options });
  }

  /** Says by which keys the service opens its links from now on (rule 15); gives those that are in force there then. */
  async announceServicePins(announcement: ServicePinAnnouncement): Promise<readonly string[]> {
    return (await this.#askControl('announceServicePins', linkMethods.control.announceServicePins, announcement, { timeLimitMs: REQUEST_LIMIT_MS })).pins;
  }

  /** Says where this instance of the service is. */
  async announceAddresses(announcement: AddressAnnouncement): Promise<void> {
    await this.#askControl('announceAddresses', linkMethods.control.announceAddresses, announcement, { timeLimitMs: REQUEST_LIMIT_MS });
  }

  /** All that the gateway has and the service has not taken, read in pages. */
  async recordingList(options: Partial<AskOptions> = {}): Promise<SpooledRecording[]> {
    const limits = { timeLimitMs: REQUEST_LIMIT_MS, ...options };
    const found = new Map<RecordingId, SpooledRecording>();
    for (let after: RecordingId | undefined; ; ) {
      const connection = await this.#bulk.ready(limits);
      const { recordings } = await connection.ask('recordingList', linkMethods.bulk.recordingList, { limit: MAX_RECORDINGS_A_PAGE, ...(after === undefined ? {} : { after }) }, limits);
      const before = found.size;
      for (const recording of recordings) found.set(recording.recordingId, recording);
      after = recordings.at(-1)?.recordingId;
      // A gateway that gives what it gave before, or more than it was asked for, knows no pages.
      if (recordings.length !== MAX_RECORDINGS_A_PAGE || found.size === before || found.size > MOST_RECORDINGS) return [...found.values()];
    }
  }

  /** At most `length` bytes from `offset`; fewer mean the end of what is there now. */
  async recordingRead(params: { recordingId: RecordingId; offset: number; length: number }, options: Partial<AskOptions> = {}): Promise<Uint8Array> {
    const limits = { timeLimitMs: REQUEST_LIMIT_MS, ...options };
    const connection = await this.#bulk.ready(limits);
    return connection.askBytes('recordingRead', linkMethods.bulk.recordingRead, params, params.length, limits);
  }

  async recordingRelease(params: z.input<typeof linkMethods.bulk.recordingRelease.params>, options: Partial<AskOptions> = {}): Promise<void> {
    const limits = { timeLimitMs: REQUEST_LIMIT_MS, ...options };
    const connection = await this.#bulk.ready(limits);
    await connection.ask('recordingRelease', linkMethods.bulk.recordingRelease, params, limits);
  }

  /** Gives up a control connection that does not answer: the next request opens a new one. */
  dropControl(): void {
    this.#control.drop();
  }

  /** Closes both connections for good. */
  stop(): void {
    this.#control.stop();
    this.#bulk.stop();
  }

  async #askControl<P extends z.ZodType, R extends z.ZodType>(name: string, method: { readonly params: P; readonly result: R }, params: z.input<P>, options: AskOptions): Promise<z.output<R>> {
    const begun = performance.now();
    const connection = await this.#control.ready(options);
    return connection.ask(name, method, params, { ...options, timeLimitMs: options.timeLimitMs - (performance.now() - begun) });
  }
}
