import { verify } from 'node:crypto';
import { and, eq, isNull } from 'drizzle-orm';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayId } from '../../shared/ids.ts';
import type { AnnouncedKeys, GatewayStatusReport } from '../../shared/link/messages.ts';
import { nextGatewayKeysText } from '../../shared/link/signed-texts.ts';
import { serviceActor, type AuditActor, type AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import type { GatewayLink } from '../link/gateway-link.ts';
import type { Log } from '../logging/log.ts';
import type { Database, Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { gateways as gatewaysTable } from '../store/schema.ts';
import { checkedKeys, formerSigningKeys, keyFingerprint, nextKeysOf, pinsOf, presentKeysOf, publicKeyOf } from './gateway-keys.ts';
import type { GatewayRow } from './gateway-record.ts';
import type { Gateways } from './gateways.ts';

type KeyLink = Pick<GatewayLink, 'nextKeys' | 'nextKeysKnown' | 'switchKeys'>;

export interface KeyRotationParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly gateways: Pick<Gateways, 'read' | 'forget'>;
  readonly linkTo: (row: GatewayRow) => KeyLink;
  /** Opens a link to the gateway by these pins alone, and closes it; rejects where it does not show that key. */
  readonly prove: (row: GatewayRow, pins: readonly string[]) => Promise<void>;
}

/**
 * The rotation of gateways' keys (rule 15). A gateway announces its next keys over the link, signed by the present ones; from
 * then on both are pinned, here and by clients. When it goes by the next ones, by an administrator's word here or there, and
 * has shown so in a handshake, the old ones are pinned no more.
 */
export class KeyRotation {
  readonly #parts: KeyRotationParts;
  /** The announcement that was refused last, of each gateway: each is told of once. */
  readonly #refused = new Map<GatewayId, string>();

  constructor(parts: KeyRotationParts) {
    this.#parts = parts;
  }

  /** Has a gateway make its next keys, or tell those that it has made. Rejects with the link's error, or `gateway.no-key`. */
  async begin(gatewayId: GatewayId, actor: AuditActor): Promise<GatewayRow> {
    const { gateways, linkTo } = this.#parts;
    const row = await gateways.read(gatewayId);
    if (presentKeysOf(row) === null) throw new MavisError('gateway.no-key', { gateway: row.name });
    const link = linkTo(row);
    const announced = await link.nextKeys();
    const stored = await this.#store(gatewayId, announced, actor);
    await link.nextKeysKnown({ fingerprint: keyFingerprint(announced) });
    return stored;
  }

  /** Has a gateway go by its next keys, whose fingerprint the administrator has seen, and pins the old ones no more. Throws `gateway.no-next-key`, or the link's error. */
  async switchTo(gatewayId: GatewayId, fingerprint: string, actor: AuditActor): Promise<GatewayRow> {
    const { gateways, linkTo } = this.#parts;
    const row = await gateways.read(gatewayId);
    const next = nextKeysOf(row);
    if (next === null || keyFingerprint(next) !== fingerprint) throw new MavisError('gateway.no-next-key', { gateway: row.name });
    await linkTo(row).switchKeys({ fingerprint });
    return this.#complete(row, actor);
  }

  /** Follows what a gateway says of its keys with each status: new ones announced there, and a switch that was made there. Never rejects. */
  async follow(row: GatewayRow, link: KeyLink, { keys }: Pick<GatewayStatusReport, 'keys'>): Promise<void> {
    if (keys === undefined) return;
    try {
      const next = nextKeysOf(row);
      if (keys.next !== null) {
        if (next?.tls !== keys.next.tls || next.signing !== keys.next.signing) await this.#store(row.id, keys.next, actorOf(row));
        if (!keys.next.known) await link.nextKeysKnown({ fingerprint: keyFingerprint(keys.next) });
      } else if (next !== null && keys.fingerprint === keyFingerprint(next)) await this.#complete(row, serviceActor);
    } catch (thrown) {
      const { code } = asMavisError(thrown);
      this.#parts.log.warn('the keys of a gateway could not be followed', { gatewayId: row.id, gatewayName: row.name, code, error: thrown });
      if (keys.next !== null && (code === 'request.signature-invalid' || code === 'gateway.key-invalid')) await this.#noteRefused(row, keys.next, code);
    }
  }

  /** Keeps the keys to come, once their announcement is verified. Throws `request.signature-invalid`, `gateway.key-invalid`. */
  async #store(gatewayId: GatewayId, { tls, signing, signature }: AnnouncedKeys, actor: AuditActor): Promise<GatewayRow> {
    const { audit, clock } = this.#parts;
    const next = checkedKeys({ tls, signing });
    return this.#changing(async (transaction) => {
      const before = await lock(transaction, gatewayId);
      const present = presentKeysOf(before);
      if (present === null || !verify(null, Buffer.from(nextGatewayKeysText(gatewayId, next)), publicKeyOf(present.signing), Buffer.from(signature, 'base64url'))) throw new MavisError('request.signature-invalid');
      if (before.nextTlsKey === next.tls && before.nextSigningKey === next.signing) return before;
      const [row] = await transaction.update(gatewaysTable).set({ nextTlsKey: next.tls, nextSigningKey: next.signing, updatedAt: clock.now() }).where(eq(gatewaysTable.id, gatewayId)).returning();
      if (row === undefined) throw new MavisError('internal');
      await audit.append(transaction, { kind: 'gateway.key-announced', actor, facts: { gatewayId, gateway: row.name, segment: row.segment, fingerprint: keyFingerprint(present), nextFingerprint: keyFingerprint(next) } });
      await notify(transaction, 'gateways', gatewayId);
      return row;
    });
  }

  /** Pins the next keys alone, once the gateway has shown the TLS key of them. */
  async #complete(seen: GatewayRow, actor: AuditActor): Promise<GatewayRow> {
    const { audit, clock, prove } = this.#parts;
    await prove(seen, pinsOf([seen.nextTlsKey]));
    return this.#changing(async (transaction) => {
      const before = await lock(transaction, seen.id);
      const [present, next] = [presentKeysOf(before), nextKeysOf(before)];
      // Another instance may have been first.
      if (next === null || before.nextTlsKey !== seen.nextTlsKey) return before;
      const now = clock.now();
      const [row] = await transaction
        .update(gatewaysTable)
        .set({ tlsKey: next.tls, signingKey: next.signing, nextTlsKey: null, nextSigningKey: null, formerSigningKeys: formerSigningKeys(before), keysChangedAt: now, updatedAt: now })
        .where(eq(gatewaysTable.id, seen.id))
        .returning();
      if (row === undefined) throw new MavisError('internal');
      const facts = { gatewayId: row.id, gateway: row.name, segment: row.segment, 'before.fingerprint': present === null ? null : keyFingerprint(present), 'after.fingerprint': keyFingerprint(next) };
      await audit.append(transaction, { kind: 'gateway.key-rotated', actor, facts });
      await notify(transaction, 'gateways', row.id);
      return row;
    });
  }

  async #noteRefused(row: GatewayRow, announced: AnnouncedKeys, code: string): Promise<void> {
    const { database, audit } = this.#parts;
    const told = `${announced.tls} ${announced.signing} ${announced.signature}`;
    if (this.#refused.get(row.id) === told) return;
    this.#refused.set(row.id, told);
    await database.transaction((transaction) => audit.append(transaction, { kind: 'gateway.key-refused', actor: serviceActor, facts: { gatewayId: row.id, gateway: row.name, code, nextFingerprint: keyFingerprint(announced) } }));
  }

  async #changing(change: (transaction: Transaction) => Promise<GatewayRow>): Promise<GatewayRow> {
    const { database, gateways } = this.#parts;
    try {
      return await database.transaction(change);
    } finally {
      gateways.forget();
    }
  }
}

async function lock(transaction: Transaction, gatewayId: GatewayId): Promise<GatewayRow> {
  const [row] = await transaction.select().from(gatewaysTable).where(and(eq(gatewaysTable.id, gatewayId), isNull(gatewaysTable.removedAt))).for('no key update');
  if (row === undefined) throw new MavisError('request.not-found');
  return row;
}

function actorOf({ id, name }: GatewayRow): AuditActor {
  return { kind: 'gateway', id, name };
}
