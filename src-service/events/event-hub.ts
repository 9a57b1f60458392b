import { Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { EVENT_STREAM_HEARTBEAT_MS, serviceEvent, type ChangedSubject, type ServiceEvent } from '../../shared/api/events.ts';
import { gatewaysRoutes, type Gateway, type SegmentsNow } from '../../shared/api/gateways.ts';
import { role as everyRole } from '../../shared/api/roles.ts';
import type { User } from '../../shared/api/users.ts';
import type { ErrorCode } from '../../shared/errors/catalogue.ts';
import type { GatewayId, UserId } from '../../shared/ids.ts';
import type { Clock } from '../clock.ts';
import type { ConnectionRow } from '../connections/connection-transitions.ts';
import { readersOfAll } from '../connections/connections.ts';
import type { Log } from '../logging/log.ts';

/** What a client has not taken yet; one that is further behind is cut off, comes back, and gets the whole state. */
const MAX_BEHIND_BYTES = 256 * 1024;
/** Streams of one user: windows and machines of a person; the oldest gives way. */
const MAX_STREAMS_PER_USER = 16;
/** Streams of this instance. */
const MAX_STREAMS = 20_000;
/** Changes that come within this after a telling are one telling: a thousand gateways that fall at once are a handful for each client, not a thousand. */
const GATHER_MS = 200;
/** Gateways told of in one event: about 40 KB, so that a stream stays far from its bound. */
const GATEWAYS_AN_EVENT = 50;
/** Segments are told again this often, so that the age of what clients show stays true (S10). */
const SEGMENTS_AGAIN_MS = 15_000;

/** A burst of entries is told of this often: clients ask for a page each time. */
const CHANGED_EVERY_MS = 250;
/** Whose role may read what changed: as the routes of these lists say. */
const READERS: Readonly<Record<ChangedSubject, readonly User['role'][]>> = {
  audit: ['admin', 'auditor'],
  'error-log': ['admin', 'operator', 'auditor'],
  recordings: ['admin', 'auditor'],
  users: ['admin', 'operator', 'auditor'],
  'access-rules': ['admin', 'operator', 'auditor'],
  credentials: ['admin'],
  // `tunnelApplies` is everybody's.
  tunnel: everyRole.options,
  // `servicePins` too.
  'service-keys': everyRole.options,
};

export interface EventHubParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** States of the segments that a user may see, now (rule 26). */
  readonly segmentsOf: (user: User) => Promise<SegmentsNow>;
  /** Those of these gateways that there are, as they are now. */
  readonly gatewaysNow: (ids: readonly GatewayId[]) => Promise<Gateway[]>;
  /** Another text whenever what the user sees of the inventory may be another. */
  readonly inventoryRevision: (user: User) => string;
  /** The user as he is now; undefined where there is none. */
  readonly readUser: (id: UserId) => Promise<User | undefined>;
  /** Why a session token is over; undefined while it is good. */
  readonly signInEnded: (tokenSha256: string) => Promise<ErrorCode | undefined>;
}

/** Who listens. */
export interface Listener {
  readonly user: User;
  readonly tokenSha256: string;
  readonly sessionExpiresAt: Date;
  readonly signal: AbortSignal;
}

interface Client {
  readonly listener: Listener;
  readonly stream: Readable;
  readonly timers: readonly ReturnType<typeof setTimeout>[];
  /** As the stream's opening found him, or as he was changed to since. */
  user: User;
  lastSegments: string;
  lastRevision: string;
}

/** Event streams of signed-in clients (`shared/api/events.ts`): each hears only of what its user may see (rule 26, B11). Owns its streams. */
export class EventHub {
  readonly #parts: EventHubParts;
  readonly #clients = new Set<Client>();
  readonly #again: ReturnType<typeof setInterval>;
  readonly #stopped = new AbortController();
  #telling: Promise<void> | undefined;
  /** Changes heard of so far, and whether what clients know is to be repeated. */
  #changes = 0;
  #repeat = false;
  #inventoryChanged = false;
  #changesOfUsers = 0;
  /** Subjects that were told of less than `CHANGED_EVERY_MS` ago, and whether they changed again since. */
  readonly #resting = new Map<ChangedSubject, { timer: ReturnType<typeof setTimeout>; again: boolean }>();
  /** Gateways that changed and were not told of yet; null: any may have. */
  #changedGateways: Set<GatewayId> | null = new Set();

  constructor(parts: EventHubParts) {
    this.#parts = parts;
    this.#again = setInterval(() => {
      // Rules begin and end by their dates, of which nothing else tells.
      this.#inventoryChanged = true;
      this.segmentsChanged(true);
    }, SEGMENTS_AGAIN_MS);
    this.#again.unref();
  }

  /** Number of streams open now. */
  get streams(): number {
    return this.#clients.size;
  }

  /** A stream for one client: hello and its segments first. Ends with its session token, at `signed-out`, or when the client falls behind. */
  async open(listener: Listener): Promise<Readable> {
    const { clock, segmentsOf, inventoryRevision } = this.#parts;
    const { user } = listener;
    const [changes, changesOfUsers] = [this.#changes, this.#changesOfUsers];
    const revision = inventoryRevision(user);
    const segments = await segmentsOf(user);
    // Nothing is read on demand: what happens is pushed, within the bound of `#send`.
    const stream = new Readable({ read: () => undefined, highWaterMark: MAX_BEHIND_BYTES });
    const beat = setInterval(() => this.#write(client, ':\n\n'), EVENT_STREAM_HEARTBEAT_MS);
    const expiry = setTimeout(() => this.#signOut(client, 'sign-in.required'), Math.min(0x7fff_ffff, Math.max(0, listener.sessionExpiresAt.getTime() - clock.now().getTime())));
    const client: Client = { listener, stream, timers: [beat, expiry], user, lastSegments: '', lastRevision: revision };
    stream.once('close', () => this.#remove(client));
    if (listener.signal.aborted) stream.destroy();
    listener.signal.addEventListener('abort', () => stream.destroy(), { once: true });
    this.#makeRoom(user.id);
    this.#clients.add(client);
    this.#send(client, { kind: 'hello', serverTime: clock.now().toISOString(), inventoryRevision: revision });
    this.#sendSegments(client, segments, true);
    // What changed between the reading and now was told to those who listened then.
    if (changes !== this.#changes) this.inventoryChanged();
    try {
      // A sign-out that came before the client stood in the list closed no stream of his.
      const ended = await this.#parts.signInEnded(listener.tokenSha256);
      if (ended !== undefined) this.#signOut(client, ended);
      else if (changesOfUsers !== this.#changesOfUsers) await this.userChanged(user.id);
    } catch (error) {
      stream.destroy();
      this.#remove(client);
      throw error;
    }
    return stream;
  }

  /** Gateways changed: every client hears of its own segments, where they are not as it knows them. `again` repeats what it knows. */
  segmentsChanged(again = false): void {
    this.#repeat ||= again;
    this.#changed();
  }

  /** A gateway was added, changed or removed: those who may list gateways hear of it (rule 26). Null: any may have. Changes that come together are one event. */
  gatewayChanged(gatewayId: GatewayId | null): void {
    if (gatewayId === null) this.#changedGateways = null;
    else this.#changedGateways?.add(gatewayId);
    this.#changed();
  }

  /** A connection changed: its user hears of it, and those who see everybody's. */
  connectionChanged(row: Pick<ConnectionRow, 'id' | 'reference' | 'userId' | 'state' | 'code'>): void {
    for (const client of this.#clients) {
      const { id, role } = client.user;
      if (id === row.userId || readersOfAll.includes(role)) this.#send(client, { kind: 'connection', connectionId: row.id, reference: row.reference, state: row.state, code: row.code });
    }
  }

  /** The inventory changed, or what some users may see of it: who sees another one than he was told of hears it. */
  inventoryChanged(): void {
    this.#inventoryChanged = true;
    this.segmentsChanged();
  }

  /** A list changed: those who may read it hear that it did, not what (rule 26). */
  changed(what: ChangedSubject): void {
    const resting = this.#resting.get(what);
    if (resting !== undefined) {
      resting.again = true;
      return;
    }
    for (const client of this.#clients) if (READERS[what].includes(client.user.role)) this.#send(client, { kind: 'changed', what });
    const timer = setTimeout(() => {
      const again = this.#resting.get(what)?.again === true;
      this.#resting.delete(what);
      if (again) this.changed(what);
    }, CHANGED_EVERY_MS);
    timer.unref();
    this.#resting.set(what, { timer, again: false });
  }

  /** A user was changed, here or by another instance: what his streams tell goes by what he is now (rule 26). */
  async userChanged(userId: UserId): Promise<void> {
    this.#changesOfUsers += 1;
    const clients = [...this.#clients].filter(({ user }) => user.id === userId);
    const user = clients.length === 0 ? undefined : await this.#parts.readUser(userId);
    if (user === undefined) return;
    for (const client of clients) client.user = user;
    this.inventoryChanged();
  }

  /** Session tokens ended: all of the user where `tokens` is null. */
  signedOut(userId: UserId, tokens: readonly string[] | null, code: ErrorCode): void {
    for (const client of this.#clients) {
      const { listener: { tokenSha256 }, user } = client;
      if (user.id === userId && (tokens === null || tokens.includes(tokenSha256))) this.#signOut(client, code);
    }
  }

  /** Ends all streams. */
  async stop(): Promise<void> {
    clearInterval(this.#again);
    this.#stopped.abort();
    for (const { timer } of this.#resting.values()) clearTimeout(timer);
    for (const client of this.#clients) client.stream.push(null);
    await this.#telling;
    for (const client of this.#clients) client.stream.destroy();
  }

  #changed(): void {
    this.#changes += 1;
    this.#telling ??= this.#tellWhileChanged().finally(() => (this.#telling = undefined));
  }

  /** Never rejects. */
  async #tellWhileChanged(): Promise<void> {
    for (let told = -1; told !== this.#changes && !this.#stopped.signal.aborted; ) {
      told = this.#changes;
      const again = this.#repeat;
      this.#repeat = false;
      await this.#tellInventory().catch((error: unknown) => this.#parts.log.error('the inventory could not be told of', { error }));
      await this.#tellSegments(again).catch((error: unknown) => this.#parts.log.error('segments could not be told', { error }));
      await this.#tellGateways().catch((error: unknown) => this.#parts.log.error('gateways could not be told of', { error }));
      // Ends early with the hub alone.
      await delay(GATHER_MS, undefined, { signal: this.#stopped.signal, ref: false }).catch(() => undefined);
    }
  }

  /** Many rules and clients are thousands of comparisons: others have their turn between two clients. */
  async #tellInventory(): Promise<void> {
    if (!this.#inventoryChanged) return;
    this.#inventoryChanged = false;
    for (const client of this.#clients) {
      await nextTurn();
      const revision = this.#parts.inventoryRevision(client.user);
      if (revision === client.lastRevision) continue;
      client.lastRevision = revision;
      this.#send(client, { kind: 'inventory', revision });
    }
  }

  async #tellSegments(again: boolean): Promise<void> {
    const byUser = new Map<User, Promise<SegmentsNow>>();
    for (const client of this.#clients) {
      const { user } = client;
      const states = byUser.get(user) ?? this.#parts.segmentsOf(user);
      byUser.set(user, states);
      const segments = await states;
      // Whose role changed meanwhile is told by what he is now, in the telling that follows.
      if (client.user === user) this.#sendSegments(client, segments, again);
    }
  }

  async #tellGateways(): Promise<void> {
    const ids = this.#changedGateways;
    if (ids?.size === 0) return;
    this.#changedGateways = new Set();
    if (![...this.#clients].some(({ user }) => seesGateways(user))) return;
    const told = [...(ids ?? [])].slice(0, GATEWAYS_AN_EVENT);
    const changed = await this.#parts.gatewaysNow(told);
    const removed = told.filter((id) => !changed.some((gateway) => gateway.id === id));
    const askAgain = ids === null || ids.size > told.length;
    for (const client of this.#clients) if (seesGateways(client.user)) this.#send(client, { kind: 'gateways', changed, removed, askAgain });
  }

  #sendSegments(client: Client, { items, tunnel }: SegmentsNow, again: boolean): void {
    // The moment of confirmation moves with every sync; alone it is no news.
    const known = JSON.stringify([tunnel, ...items.map((item) => ({ ...item, confirmedAt: null }))]);
    if (!again && known === client.lastSegments) return;
    client.lastSegments = known;
    this.#send(client, { kind: 'segments', items, tunnel });
  }

  #signOut(client: Client, code: ErrorCode): void {
    this.#send(client, { kind: 'signed-out', code });
    client.stream.push(null);
    this.#remove(client);
  }

  #send(client: Client, event: ServiceEvent): void {
    const parsed = serviceEvent.parse(event);
    this.#write(client, `event: ${parsed.kind}\ndata: ${JSON.stringify(parsed)}\n\n`);
  }

  #write(client: Client, text: string): void {
    const { stream, listener } = client;
    if (stream.destroyed || stream.readableEnded || !this.#clients.has(client)) return;
    if (stream.readableLength + text.length > MAX_BEHIND_BYTES) {
      this.#parts.log.warn('an event stream fell behind and was closed', { userId: listener.user.id });
      stream.destroy();
      this.#remove(client);
      return;
    }
    stream.push(text);
  }

  #makeRoom(userId: UserId): void {
    const own = [...this.#clients].filter(({ listener }) => listener.user.id === userId);
    const oldest = own.length >= MAX_STREAMS_PER_USER ? own[0] : this.#clients.size >= MAX_STREAMS ? [...this.#clients][0] : undefined;
    if (oldest === undefined) return;
    oldest.stream.push(null);
    this.#remove(oldest);
  }

  #remove(client: Client): void {
    for (const timer of client.timers) clearTimeout(timer);
    this.#clients.delete(client);
  }
}

/** Whether a user may list gateways: the same as who may ask for the list. */
function seesGateways({ role }: User): boolean {
  const { access } = gatewaysRoutes.gatewayList;
  return typeof access !== 'string' && access.includes(role);
}
