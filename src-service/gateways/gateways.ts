import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import { isIP, isIPv6 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { gatewaysRoutes, SegmentsNow } from '../../shared/api/gateways.ts';
import type { Role } from '../../shared/api/roles.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { defaultPortPreference, type PortPreference, type SignedGatewayConfiguration } from '../../shared/gateway-configuration.ts';
import { protocol, type GatewayId } from '../../shared/ids.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import { changedFacts } from '../audit/changed-facts.ts';
import type { Clock } from '../clock.ts';
import type { Database, Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { gateways } from '../store/schema.ts';
import { configurationFile, type ServiceAnnouncement, type SigningKey } from './configuration-file.ts';
import { noteState } from './gateway-history.ts';
import { formerSigningKeys, keyFingerprint, presentKeysOf, readKeyLine } from './gateway-keys.ts';
import type { GatewayRow } from './gateway-record.ts';
import { KnownGateways, type GatewaysNow } from './known-gateways.ts';
import { appliesToAll, type TunnelSettings } from '../tunnel/tunnel-settings.ts';
import { segmentStates, type SegmentView } from './segment-states.ts';

type Registration = z.output<typeof gatewaysRoutes.gatewayRegister.body>;
type Update = z.output<typeof gatewaysRoutes.gatewayUpdate.body>;

export interface GatewaysParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Clock;
  readonly tunnel: Pick<TunnelSettings, 'read'>;
  readonly announcement: () => ServiceAnnouncement;
  readonly signing: SigningKey;
  readonly newId: () => GatewayId;
}

/** The register of gateways: what administrators enter of them. What is known of their state is `GatewayStates`. */
export class Gateways {
  readonly #parts: GatewaysParts;
  readonly #known: KnownGateways;

  constructor(parts: GatewaysParts) {
    this.#parts = parts;
    this.#known = new KnownGateways({ clock: parts.clock, list: () => this.list(), tunnel: () => parts.tunnel.read() });
  }

  /** All gateways that are not removed, by name. */
  list(): Promise<GatewayRow[]> {
    return this.#parts.database.select().from(gateways).where(isNull(gateways.removedAt)).orderBy(asc(gateways.name));
  }

  /** All gateways as the choice sees them now. */
  async choosable(): Promise<GatewaysNow['choosable']> {
    return (await this.#known.now()).choosable;
  }

  /** The states of the segments that a view shows (rule 26), and whether all of a role's connections go by the default gateway. */
  async segmentsNow(view: SegmentView | 'all', role: Role): Promise<SegmentsNow> {
    const { segments, tunnel } = await this.#known.now();
    return { items: segmentStates(segments, view), tunnel: { applies: appliesToAll(role, tunnel), available: tunnel.available } };
  }

  /** Something of a gateway or of Tunnel was written, here or by another instance: what is kept in memory is read again. */
  forget(): void {
    this.#known.forget();
  }

  /** One gateway; throws `request.not-found`. */
  async read(gatewayId: GatewayId): Promise<GatewayRow> {
    const [row] = await this.#parts.database.select().from(gateways).where(and(eq(gateways.id, gatewayId), isNull(gateways.removedAt)));
    if (row === undefined) throw new MavisError('request.not-found');
    return row;
  }

  /** The gateways with these ids, removed ones too. */
  async some(gatewayIds: readonly GatewayId[]): Promise<GatewayRow[]> {
    return gatewayIds.length === 0 ? [] : this.#parts.database.select().from(gateways).where(inArray(gateways.id, [...gatewayIds]));
  }

  /** Adds a gateway without keys (S35): it is pending until they are entered. Throws `request.conflict` for a name that is taken. */
  async register(registration: Registration, actor: AuditActor): Promise<GatewayRow> {
    const { audit, clock, newId } = this.#parts;
    const { name, segment, addresses, reachedThroughDefault = false } = registration;
    return this.#changing(async (transaction) => {
      await this.#refuseTakenName(transaction, name);
      const now = clock.now();
      const [row] = await transaction
        .insert(gateways)
        .values({ id: newId(), name, segment, host: addresses.host, linkPort: addresses.linkPort, proxyPorts: addresses.proxyPorts, portPreference: preferenceOf(addresses.proxyPorts), reachedThrough: reachedThroughDefault ? 'default' : 'direct', stateCode: 'gateway.no-key', stateChangedAt: now, createdAt: now, updatedAt: now })
        .returning();
      if (row === undefined) throw new MavisError('internal');
      await noteState(transaction, row.id, { at: now, state: row.state, code: row.stateCode });
      await audit.append(transaction, { kind: 'gateway.registered', actor, facts: factsOf(row) });
      await notify(transaction, 'gateways', row.id);
      return row;
    });
  }

  /** The signed file to install a gateway with (S36). */
  async configurationFile(row: GatewayRow): Promise<SignedGatewayConfiguration> {
    const { announcement, signing, clock } = this.#parts;
    return configurationFile(row, listenAddress(row.host), announcement(), signing, clock.now());
  }

  /**
   * Enters both public keys (S38), by which the link is pinned from now on. Keys that were there before are kept to verify
   * what they signed. Throws `gateway.key-invalid`.
   */
  async enterKey(gatewayId: GatewayId, line: string, actor: AuditActor): Promise<GatewayRow> {
    const { audit, clock } = this.#parts;
    const keys = readKeyLine(line);
    return this.#changing(async (transaction) => {
      const before = await this.#lock(transaction, gatewayId);
      if (before.tlsKey === keys.tls && before.signingKey === keys.signing) return before;
      const now = clock.now();
      const [row] = await transaction
        .update(gateways)
        .set({ tlsKey: keys.tls, signingKey: keys.signing, nextTlsKey: null, nextSigningKey: null, formerSigningKeys: formerSigningKeys(before), keysChangedAt: now, serviceKeysToldAt: null, state: before.disabled ? 'disabled' : 'pending', stateCode: null, stateDetail: '', stateChangedAt: now, confirmedAt: null, ejectedAt: null, updatedAt: now })
        .where(eq(gateways.id, gatewayId))
        .returning();
      if (row === undefined) throw new MavisError('internal');
      await noteState(transaction, gatewayId, { at: now, state: row.state, code: null });
      const present = presentKeysOf(before);
      const previous = present === null ? null : keyFingerprint(present);
      await audit.append(transaction, { kind: 'gateway.key-entered', actor, facts: { ...factsOf(row), fingerprint: keyFingerprint(keys), previousFingerprint: previous } });
      await notify(transaction, 'gateways', gatewayId);
      return row;
    });
  }

  /**
   * Changes, drains or disables a gateway. One whose addresses change needs its configuration file again; what its ports carry
   * goes to it over the link. Throws `request.invalid` for a preference that names a port which the gateway does not have.
   */
  async update(gatewayId: GatewayId, update: Update, actor: AuditActor): Promise<GatewayRow> {
    const { audit, clock } = this.#parts;
    return this.#changing(async (transaction) => {
      const before = await this.#lock(transaction, gatewayId);
      if (update.name !== undefined && update.name.toLowerCase() !== before.name.toLowerCase()) await this.#refuseTakenName(transaction, update.name);
      const proxyPorts = update.addresses?.proxyPorts ?? before.proxyPorts;
      const portPreference = update.portPreference ?? (isDeepStrictEqual(proxyPorts, before.proxyPorts) ? before.portPreference : preferenceOf(proxyPorts));
      if (update.portPreference !== undefined) refuseForeignPorts(update.portPreference, proxyPorts);
      const now = clock.now();
      const draining = update.draining ?? before.draining;
      const disabled = update.disabled ?? before.disabled;
      const state = adminState(before, draining, disabled);
      const [row] = await transaction
        .update(gateways)
        .set({
          name: update.name ?? before.name,
          segment: update.segment === undefined ? before.segment : update.segment,
          ...(update.addresses === undefined ? {} : { host: update.addresses.host, linkPort: update.addresses.linkPort, proxyPorts }),
          portPreference,
          over443: update.over443 ?? before.over443,
          ...(update.reachedThroughDefault === undefined ? {} : { reachedThrough: update.reachedThroughDefault ? ('default' as const) : ('direct' as const) }),
          draining,
          disabled,
          ...(state === before.state ? {} : { state, stateCode: null, stateDetail: '', stateChangedAt: now }),
          updatedAt: now,
        })
        .where(eq(gateways.id, gatewayId))
        .returning();
      if (row === undefined) throw new MavisError('internal');
      if (state !== before.state) await noteState(transaction, gatewayId, { at: now, state, code: null });
      await audit.append(transaction, { kind: 'gateway.changed', actor, facts: { ...factsOf(row), previousName: before.name, previousSegment: before.segment, previousHost: before.host, previousPortPreference: preferenceText(before.portPreference), previousOver443: before.over443, ...changedFacts(factsOf(before), factsOf(row)) } });
      await notify(transaction, 'gateways', gatewayId);
      return row;
    });
  }

  /** Takes a gateway out for good; its past stays. `alsoDo` runs in the same transaction. */
  async remove(gatewayId: GatewayId, actor: AuditActor, alsoDo: (transaction: Transaction, row: GatewayRow) => Promise<void>): Promise<void> {
    const { audit, clock } = this.#parts;
    await this.#changing(async (transaction) => {
      const row = await this.#lock(transaction, gatewayId);
      const now = clock.now();
      await transaction.update(gateways).set({ removedAt: now, updatedAt: now, state: 'disabled', stateChangedAt: now, leaseHolder: null }).where(eq(gateways.id, gatewayId));
      await alsoDo(transaction, row);
      await audit.append(transaction, { kind: 'gateway.removed', actor, facts: factsOf(row) });
      await notify(transaction, 'gateways', gatewayId);
    });
  }

  /** A transaction that changes gateways: whoever asks after it sees the change. */
  async #changing<T>(change: (transaction: Transaction) => Promise<T>): Promise<T> {
    try {
      return await this.#parts.database.transaction(change);
    } finally {
      this.#known.forget();
    }
  }

  async #lock(transaction: Transaction, gatewayId: GatewayId): Promise<GatewayRow> {
    const [row] = await transaction.select().from(gateways).where(and(eq(gateways.id, gatewayId), isNull(gateways.removedAt))).for('no key update');
    if (row === undefined) throw new MavisError('request.not-found');
    return row;
  }

  async #refuseTakenName(transaction: Transaction, name: string): Promise<void> {
    const taken = await transaction.select({ id: gateways.id }).from(gateways).where(and(sql`lower(${gateways.name}) = lower(${name})`, isNull(gateways.removedAt)));
    if (taken.length > 0) throw new MavisError('request.conflict', { what: 'name' });
  }
}

/** What an administrator's switch makes of the state at once; what only a sync can tell waits for it. */
function adminState(before: GatewayRow, draining: boolean, disabled: boolean): GatewayRow['state'] {
  if (disabled) return 'disabled';
  if (before.state === 'disabled') return 'pending';
  return draining && before.state !== 'pending' ? 'draining' : before.state;
}

function factsOf(row: GatewayRow): Record<string, string | number | boolean | null | string[]> {
  return { gatewayId: row.id, gateway: row.name, segment: row.segment, host: row.host, linkPort: row.linkPort, proxyPorts: row.proxyPorts.map(String), portPreference: preferenceText(row.portPreference), over443: row.over443, reachedThrough: row.reachedThrough, draining: row.draining, disabled: row.disabled };
}

/** `ssh=7993/7994,7995 …`: commas between equals, strokes between what is tried one after the other; so the command line takes it, too. */
export function preferenceText(preference: PortPreference): string {
  return protocol.options.map((one) => `${one}=${preference[one].map((equals) => equals.join(',')).join('/')}`).join(' ');
}

function refuseForeignPorts(preference: PortPreference, proxyPorts: readonly number[]): void {
  for (const one of protocol.options) {
    const named = preference[one].flat();
    if (named.some((port) => !proxyPorts.includes(port)) || new Set(named).size < named.length) throw new MavisError('request.invalid', { field: `portPreference.${one}` });
  }
}

/** The default order of rule 7 where there are three ports; with another number all are equal for every protocol. */
function preferenceOf(ports: readonly number[]): PortPreference {
  const [first, second, third] = ports;
  if (ports.length === 3 && first !== undefined && second !== undefined && third !== undefined) return defaultPortPreference([first, second, third]);
  const all = [[...ports]];
  return { ssh: all, sftp: all, rdp: all, vnc: all };
}

/** Where the gateway itself listens: on loopback where it is reached by loopback, else on every address of its machine. */
function listenAddress(host: string): string {
  if (host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))) return host;
  return isIPv6(host) ? '::' : '0.0.0.0';
}
