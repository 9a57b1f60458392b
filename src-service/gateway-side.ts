import { randomBytes, randomInt, randomUUID, type KeyObject } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { and, eq, isNull, or } from 'drizzle-orm';
import type { Registry } from 'prom-client';
import type { User } from '../shared/api/users.ts';
import type { ErrorCode } from '../shared/errors/catalogue.ts';
import { connectionId, gatewayId as gatewayIdSchema, userId as userIdSchema, type GatewayId, type UserId } from '../shared/ids.ts';
import { serviceActor, type AuditActor, type AuditLog } from './audit/audit-log.ts';
import type { ErrorLog } from './audit/error-log.ts';
import type { Clock } from './clock.ts';
import { BackgroundWork } from './connections/background-work.ts';
import { ConnectionAsks, type ConnectionAsksParts } from './connections/connection-asks.ts';
import { ConnectionClosings } from './connections/connection-closings.ts';
import { ConnectionMetrics } from './connections/connection-metrics.ts';
import { ConnectionWatches } from './connections/connection-watches.ts';
import { ForeignClients } from './connections/foreign-clients.ts';
import { connectionRoutes } from './connections/connection-routes.ts';
import { ConnectionTests } from './connections/connection-test.ts';
import { ConnectionTransitions } from './connections/connection-transitions.ts';
import { Connections } from './connections/connections.ts';
import { JournalApplication } from './connections/journal-application.ts';
import { JournalIntake } from './connections/journal-intake.ts';
import { Terminations } from './connections/terminations.ts';
import { Diagnosis } from './diagnostics/diagnosis.ts';
import { diagnosticsRoutes } from './diagnostics/diagnostics-routes.ts';
import { EventHub } from './events/event-hub.ts';
import { eventRoutes } from './events/event-routes.ts';
import type { ServiceAnnouncement, SigningKey } from './gateways/configuration-file.ts';
import { GatewayHistories } from './gateways/gateway-history.ts';
import { GatewayLease } from './gateways/gateway-lease.ts';
import { asGateway, linkAddressOf, type GatewayRow } from './gateways/gateway-record.ts';
import { tunnelRoutes } from './tunnel/tunnel-routes.ts';
import { TunnelSettings } from './tunnel/tunnel-settings.ts';
import { gatewayRoutes } from './gateways/gateway-routes.ts';
import { AddressAnnouncer } from './gateways/address-announcement.ts';
import { PinAnnouncer } from './gateways/pin-announcement.ts';
import { Gateways } from './gateways/gateways.ts';
import { GatewayStates } from './gateways/gateway-states.ts';
import { GatewayWatch } from './gateways/gateway-watch.ts';
import type { SegmentView } from './gateways/segment-states.ts';
import { StatusSync } from './gateways/status-sync.ts';
import { Turns } from './gateways/turns.ts';
import type { GatewayLink } from './link/gateway-link.ts';
import type { KeysInForce } from './keys/keys-in-force.ts';
import { KeyRotation } from './gateways/key-rotation.ts';
import { LinkHops } from './gateways/link-hops.ts';
import { LinkConnection } from './link/link-connection.ts';
import type { LinkAddress } from './link/link-forward.ts';
import { LinkPool } from './link/link-pool.ts';
import type { PinnedAddress } from './link/pinned-tls.ts';
import type { Log } from './logging/log.ts';
import { RecordingArchive } from './recordings/recording-archive.ts';
import { RecordingFiles } from './recordings/recording-files.ts';
import { PULL_BYTES_PER_SECOND, type RecordingLimits, RecordingPull } from './recordings/recording-pull.ts';
import { recordingRoutes } from './recordings/recording-routes.ts';
import type { Store, Transaction } from './store/database.ts';
import { connections } from './store/schema.ts';

/** A signed head of the audit chain, of which every gateway keeps a copy. */
export interface PublishedHead {
  readonly sequence: number;
  readonly hash: string;
  readonly signedAt: string;
  readonly signature: string;
}

export interface GatewaySideParts {
  readonly store: Store;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly errorLog: Pick<ErrorLog, 'append'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  readonly keysInForce: Pick<KeysInForce, 'link' | 'linkFor' | 'refresh' | 'statement'>;
  readonly announcement: () => ServiceAnnouncement;
  /** Names this instance of the service over its restarts, for gateways; 43 letters of base64url. */
  readonly instance: string;
  readonly signing: SigningKey;
  /** Of the signing key, `SHA256:` and base64: what `mavis-gateway init` prints too. */
  readonly serviceFingerprint: string;
  readonly recordingKeys: readonly KeyObject[];
  readonly recordingsFolder: string;
  readonly recordingLimits: RecordingLimits;
  readonly decide: ConnectionAsksParts['decide'];
  readonly openCredential: ConnectionAsksParts['openCredential'];
  /** The user, whoever he is; undefined where there is none. */
  readonly readUser: (id: UserId) => Promise<User | undefined>;
  /** Why a session token is over; undefined while it is good. */
  readonly signInEnded: (tokenSha256: string) => Promise<ErrorCode | undefined>;
  /** The segments of resources that a user may use (rule 26). */
  readonly segmentsSeen: (user: User) => SegmentView;
  /** Of what a user sees of the inventory. */
  readonly inventoryRevision: (user: User) => string;
}

/** Who sees the state of every segment: those who manage gateways or watch over them. */
const seesAllSegments: readonly User['role'][] = ['admin', 'operator', 'auditor'];
/** Changes of gateways' states that are written at once: half of the connections to the database, the other half is for all else. */
const CHANGES_AT_ONCE = 8;
/** Gateways that are told of the service's keys at once: a thousand are told within seconds, and statuses are asked meanwhile. */
const TELLINGS_AT_ONCE = 16;
/** A handshake that shows a gateway's new key. */
const PROOF_LIMIT_MS = 3_000;
/** A head that a gateway does not take now is followed by the next one; nobody waits for it. */
const AUDIT_HEAD_LIMIT_MS = 3_000;

/**
 * Makes everything that has to do with gateways and what goes through them: links, states, choice, connections, recordings,
 * events. `main.ts` starts it after the store and stops it before.
 */
export function createGatewaySide(parts: GatewaySideParts) {
  const { store, clock, log, auditLog: audit, errorLog: errors } = parts;
  const { database } = store;
  const { keysInForce } = parts;
  const background = new BackgroundWork(log);
  const wait = async (milliseconds: number, signal: AbortSignal): Promise<void> => void (await delay(milliseconds, undefined, { signal }));

  const tunnel = new TunnelSettings({ database, audit, clock });
  const gateways = new Gateways({ database, audit, clock, tunnel, announcement: parts.announcement, signing: parts.signing, newId: () => gatewayIdSchema.parse(randomUUID()) });
  const segmentView = (user: User): SegmentView | 'all' => (seesAllSegments.includes(user.role) ? 'all' : parts.segmentsSeen(user));
  const hub = new EventHub({ clock, log, segmentsOf: (user) => gateways.segmentsNow(segmentView(user), user.role), gatewaysNow: async (ids) => (await gateways.some(ids)).filter(({ removedAt }) => removedAt === null).map(asGateway), inventoryRevision: parts.inventoryRevision, readUser: parts.readUser, signInEnded: parts.signInEnded });
  const histories = new GatewayHistories(database, clock);
  const metrics = new ConnectionMetrics(parts.registry, async () => (await gateways.list()).map(({ state }) => state), () => hub.streams);

  const states = new GatewayStates({ database, audit, errors, clock, log, turns: new Turns(CHANGES_AT_ONCE), changed: () => gateways.forget() });
  const pool = new LinkPool({
    identity: keysInForce.link,
    random: () => randomInt(2 ** 32) / 2 ** 32,
    onOpen: (gatewayId) => {
      announcer.forget(gatewayId);
      pinAnnouncer.forget(gatewayId);
      if (!watch.linkOpened(gatewayId)) background.begin('terminations could not be sent', () => terminations.flush(gatewayId));
      askBehind(() => hops.behind(gatewayId));
    },
    onLost: (gatewayId, reason) => {
      watch.linkLost(gatewayId);
      background.begin('a lost link could not be noted', async () => {
        await states.eject(gatewayId, reason.code, null);
        watch.changed(gatewayId);
      });
    },
  });
  const directAddress = (row: GatewayRow): PinnedAddress => ({ ...linkAddressOf(row), openedBy: keysInForce.linkFor(row.serviceKeysToldAt) });
  const hops = new LinkHops({ gateways, tunnel, addressOf: directAddress, randomInt: (bound) => randomInt(bound) });
  const addressOf = (row: GatewayRow): LinkAddress => ({ ...directAddress(row), behind: row.reachedThrough === 'direct' ? undefined : hops.to(row) });
  const linkTo = (row: GatewayRow): GatewayLink => pool.linkTo(row.id, addressOf(row));
  const rotation = new KeyRotation({
    database, audit, clock, log, gateways, linkTo,
    prove: async (row, pins) => (await LinkConnection.open({ ...addressOf(row), pins }, keysInForce.link, 'bulk', () => undefined, { timeLimitMs: PROOF_LIMIT_MS })).close(),
  });

  /** Gateways behind the default gateway are asked again where the way to them may stand again. */
  const askBehind = (which: () => Promise<readonly GatewayId[]>): void => background.begin('gateways behind the default gateway could not be asked again', async () => watch.askSilent(await which()));

  const announcer = new AddressAnnouncer({ addresses: () => parts.announcement().addresses, signing: parts.signing, instance: parts.instance, now: () => clock.now() });
  /** A gateway of an older version does not know the method: it goes by its configuration file. */
  const announceAddresses = async (row: GatewayRow, link: GatewayLink): Promise<void> => {
    try {
      await announcer.tell(row.id, link);
    } catch (error) {
      log.warn('a gateway was not told where the service is', { gatewayId: row.id, gatewayName: row.name, error });
    }
  };

  const pinAnnouncer = new PinAnnouncer({ database, log, keys: keysInForce, signing: parts.signing });
  /** One that does not take it now is told with its next sync. */
  const announceKeys = async (row: GatewayRow, link: GatewayLink): Promise<void> => {
    try {
      await pinAnnouncer.tell(row, link);
    } catch (error) {
      log.warn('a gateway was not told by which keys the service comes', { gatewayId: row.id, gatewayName: row.name, error });
    }
  };
  /** A step of the rotation of the service's keys was taken, or a gateway has kept what it was told: links go by it, and the gateways of this instance are told. Null: all. */
  const followServiceKeys = async (gatewayId: GatewayId | null): Promise<void> => {
    if (gatewayId === null) await keysInForce.refresh();
    gateways.forget();
    const turns = new Turns(TELLINGS_AT_ONCE);
    const rows = (await gateways.list()).filter(({ id, tlsKey, disabled }) => (gatewayId === null || id === gatewayId) && tlsKey !== null && !disabled);
    await Promise.all(
      rows.map((row) => turns.take(async () => {
        const link = linkTo(row);
        await link.renew().catch((error: unknown) => log.warn('a link was not opened anew', { gatewayId: row.id, gatewayName: row.name, error }));
        if (watch.holds(row.id)) await announceKeys(row, link);
      })),
    );
  };

  const transitions = new ConnectionTransitions({ audit, errors, clock });
  const terminations = new Terminations({ database, clock, log, linkTo });
  const closings = new ConnectionClosings({ database, clock, transitions });
  const journal = new JournalIntake({ database, audit, errors, clock, log, application: new JournalApplication({ audit, errors, clock, transitions, terminations }) });
  const files = new RecordingFiles(parts.recordingsFolder);
  const pull = new RecordingPull({ database, audit, errors, clock, delay: wait, log, files, transitions, bytesPerSecond: PULL_BYTES_PER_SECOND, limits: parts.recordingLimits, stored: (bytes, state) => metrics.recordingStored(bytes, state) });
  const archive = new RecordingArchive({ database, audit, files, recordingKeys: parts.recordingKeys });
  // With machine and process, so that an operator who looks into the database sees who it is.
  const lease = new GatewayLease(database, `${hostname()}/${process.pid}/${randomUUID()}`, store.kind === 'pglite');

  const readJournalNow = (gatewayId: GatewayId): Promise<boolean> => watch.readJournalNow(gatewayId);
  const activeUser = async (id: UserId): Promise<User | undefined> => {
    const user = await parts.readUser(id);
    const active = user !== undefined && user.disabledAt === null && (user.expiresAt === null || Date.parse(user.expiresAt) > clock.now().getTime());
    return active ? user : undefined;
  };
  const connectionList = new Connections({ database, audit, clock, log, terminations, closings, decide: parts.decide, activeUser, readJournalNow });
  const asks = new ConnectionAsks({
    database, audit, errors, clock, log, gateways, states, tunnel, transitions, terminations, linkTo, readJournalNow, delay: wait,
    decide: parts.decide,
    openCredential: parts.openCredential,
    activeUser,
    signInEnded: parts.signInEnded,
    newConnectionId: () => connectionId.parse(randomUUID()),
    randomBytes: (bytes) => randomBytes(bytes),
    randomInt: (bound) => randomInt(bound),
    outcome: (outcome) => metrics.connectionAsked(outcome),
  });
  const foreign = new ForeignClients({ database, audit, clock, decide: parts.decide });
  const watches = new ConnectionWatches({ database, audit, clock, gateways, tunnel, linkTo, activeUser, signInEnded: parts.signInEnded, newId: randomUUID, randomBytes: (bytes) => randomBytes(bytes), randomInt: (bound) => randomInt(bound) });
  const tests = new ConnectionTests({ database, audit, clock, gateways, tunnel, linkTo, randomInt: (bound) => randomInt(bound) });

  const diagnosis = new Diagnosis({ database, clock, gateways, histories, tunnel, tests, segmentView, decide: parts.decide });

  const watch = new GatewayWatch({
    clock, delay: wait, log, gateways, lease, journal, linkTo, announceAddresses, announceKeys,
    sync: new StatusSync({ clock, delay: wait, states, measured: (milliseconds) => metrics.statusAnswered(milliseconds) }),
    forget: (gatewayId) => pool.remove(gatewayId),
    flushTerminations: (gatewayId) => terminations.flush(gatewayId),
    busyGateways: () => connectionList.busyGateways(),
    drained: async (gatewayId, { completeAt }) => {
      if (completeAt !== null) await closings.closeUnused(gatewayId, completeAt);
    },
    followKeys: (row, link, report) => rotation.follow(row, link, report),
    pullRecordings: (row, link, epoch, signal) => pull.pull(row, link, epoch, signal),
    closeOverdue: async () => {
      await connectionList.endOverdue();
      return closings.closeOverdue();
    },
  });

  /** Ends what runs through a gateway, as far as it answers, before it is taken out. */
  const beforeRemoval = async (gatewayId: GatewayId): Promise<void> => {
    await database.transaction(async (transaction) => {
      const open = await transaction.select({ id: connections.id }).from(connections).where(and(or(eq(connections.gatewayId, gatewayId), eq(connections.firstGatewayId, gatewayId)), isNull(connections.finalAt)));
      for (const { id } of open) await terminations.ask(transaction, [gatewayId], { kind: 'connection', id }, 'session.terminated');
    });
    if (await terminations.flush(gatewayId)) await watch.readJournalNow(gatewayId);
  };

  /** Closes what a gateway that is taken out will never report. */
  const closeLost = async (transaction: Transaction, row: GatewayRow): Promise<void> => {
    const open = await transaction.select().from(connections).where(and(eq(connections.gatewayId, row.id), isNull(connections.finalAt)));
    for (const { id, state } of open) await transitions.finish(transaction, id, { state: state === 'connected' ? 'ended' : 'failed', code: 'session.gateway-lost', at: clock.now(), actor: serviceActor, facts: { removed: true } });
  };

  /** Changes of the inventory that come while live connections are judged are one more judgement, not one each. */
  let judging: 'no' | 'once' | 'again' = 'no';
  const judgeAll = (): void => {
    if (judging !== 'no') {
      judging = 'again';
      return;
    }
    judging = 'once';
    background.begin('live connections could not be judged again', async () => {
      try {
        await connectionList.judgeAgain(null);
      } finally {
        const again = judging === 'again';
        judging = 'no';
        if (again) judgeAll();
      }
    });
  };

  const stopListening: (() => Promise<void>)[] = [];
  const tellConnection = async (id: string): Promise<void> => {
    const row = await connectionList.find(id);
    if (row !== undefined) hub.connectionChanged(row);
  };

  return {
    routes: {
      ...gatewayRoutes({
        gateways,
        histories,
        rotation,
        segmentView: async (user) => segmentView(user),
        serviceFingerprint: parts.serviceFingerprint,
        beforeRemoval,
        closeLost,
      }),
      ...tunnelRoutes({ tunnel, gateways, changed: () => askBehind(() => hops.behindAny()) }),
      ...connectionRoutes({ asks, foreign, connections: connectionList, watches, tests }),
      ...recordingRoutes(archive),
      ...eventRoutes(hub),
      ...diagnosticsRoutes(diagnosis),
    },
    gateways,
    /** Takes a gateway out for good: what runs through it ends first, as far as it answers. */
    async removeGateway(gatewayId: GatewayId, actor: AuditActor): Promise<void> {
      await beforeRemoval(gatewayId);
      await gateways.remove(gatewayId, actor, closeLost);
    },
    histories,
    rotation,
    tests,
    tunnel,
    archive,
    /** Whether recordings can be stored now. */
    recordingsWritable: () => files.writable(),

    /** Listens for what other instances do and begins to watch the gateways. */
    async start(): Promise<void> {
      stopListening.push(
        await store.listen('gateways', (id) => {
          gateways.forget();
          const changed = gatewayIdSchema.safeParse(id).data ?? null;
          watch.changed(changed);
          hub.gatewayChanged(changed);
          hub.segmentsChanged();
        }),
        await store.listen('gateway_states', (id) => {
          gateways.forget();
          hub.gatewayChanged(gatewayIdSchema.safeParse(id).data ?? null);
          hub.segmentsChanged();
        }),
        await store.listen('users', (id) => {
          const changed = userIdSchema.safeParse(id).data;
          hub.changed('users');
          if (changed !== undefined) background.begin('a changed user could not be told of', () => hub.userChanged(changed));
        }),
        await store.listen('connections', (id) => {
          if (id !== null) background.begin('a connection could not be told of', () => tellConnection(id));
        }),
        await store.listen('audit', () => hub.changed('audit')),
        await store.listen('error_log', () => hub.changed('error-log')),
        await store.listen('recordings', () => hub.changed('recordings')),
        await store.listen('access_rules', () => hub.changed('access-rules')),
        await store.listen('credentials', () => hub.changed('credentials')),
        await store.listen('tunnel', () => {
          gateways.forget();
          hub.changed('tunnel');
          hub.segmentsChanged();
        }),
        await store.listen('service_keys', (payload) => {
          hub.changed('service-keys');
          background.begin('the rotation of the service’s keys could not be followed', () => followServiceKeys(gatewayIdSchema.safeParse(payload).data ?? null));
        }),
      );
      await watch.start();
    },

    /** Ends streams, watching and links, in this order; what was begun is waited for. */
    async stop(): Promise<void> {
      for (const stop of stopListening.splice(0)) await stop();
      await hub.stop();
      await watch.stop();
      await background.settled();
      await terminations.settled();
      pool.stop();
    },

    /** Sends what was written to end; what a gateway does not confirm stays pending (rule 11). */
    sendEndings: (): Promise<void> => terminations.flushAll(),
    /** Session tokens ended: their event streams end with the reason. */
    sessionsEnded: ({ userId, tokenSha256s, code }: { readonly userId: UserId; readonly tokenSha256s: readonly string[] | null; readonly code: ErrorCode }): void => hub.signedOut(userId, tokenSha256s, code),
    /** A role or a rule changed: live sessions are judged again, and clients hear of the resources and segments that they see now. */
    async accessChanged({ userId }: { readonly userId: UserId | null }): Promise<void> {
      hub.inventoryChanged();
      await connectionList.judgeAgain(userId);
    },
    /** Resources changed: clients ask again, and live sessions are judged again, since rules go by tags. */
    inventoryChanged(): void {
      hub.inventoryChanged();
      judgeAll();
    },
    /** Gives every gateway a copy of a signed head. Never rejects: one that does not answer gets the next. */
    async publishHead(head: PublishedHead): Promise<void> {
      const rows = (await gateways.list()).filter(({ tlsKey, disabled }) => tlsKey !== null && !disabled);
      await Promise.all(
        rows.map(async (row) => {
          try {
            await linkTo(row).auditHead({ ...head }, { timeLimitMs: AUDIT_HEAD_LIMIT_MS });
          } catch (error) {
            log.warn('a gateway did not take the audit head', { gatewayId: row.id, gatewayName: row.name, error });
          }
        }),
      );
    },
  };
}

/** What `createGatewaySide` gives. */
export type GatewaySide = ReturnType<typeof createGatewaySide>;
