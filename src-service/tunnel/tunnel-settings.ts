import { isDeepStrictEqual } from 'node:util';
import { and, eq, isNull } from 'drizzle-orm';
import type { Role } from '../../shared/api/roles.ts';
import type { TunnelDefault, TunnelFields } from '../../shared/api/tunnel.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import type { Database, Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { gateways, tunnelSettings } from '../store/schema.ts';

export interface TunnelSettingsParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** What is set, and since when. */
export type StoredTunnel = TunnelFields & { readonly changedAt: Date | null };

/** Tunnel as administrators set it: the switch and the default gateway or segment (S22, S31). One row, read with each connection that is asked. */
export class TunnelSettings {
  readonly #parts: TunnelSettingsParts;

  constructor(parts: TunnelSettingsParts) {
    this.#parts = parts;
  }

  async read(): Promise<StoredTunnel> {
    return stored((await this.#parts.database.select().from(tunnelSettings))[0]);
  }

  /**
   * Changes switch and default; what already runs keeps its way. Throws `request.invalid` for a default that names no gateway
   * or segment, and for switching on without one: nobody could connect any more.
   */
  async update(fields: TunnelFields, actor: AuditActor): Promise<StoredTunnel> {
    const { database, audit, clock } = this.#parts;
    if (fields.enabled && fields.default === null) throw new MavisError('request.invalid', { field: 'default' });
    return database.transaction(async (transaction) => {
      const before = stored((await transaction.select().from(tunnelSettings).for('update'))[0]);
      if (fields.default !== null && !(await named(transaction, fields.default))) throw new MavisError('request.invalid', { field: 'default' });
      if (before.enabled === fields.enabled && isDeepStrictEqual(before.default, fields.default)) return before;
      const now = clock.now();
      const row = {
        enabled: fields.enabled,
        defaultGatewayId: fields.default?.kind === 'gateway' ? fields.default.gatewayId : null,
        defaultSegment: fields.default?.kind === 'segment' ? fields.default.segment : null,
        changedAt: now,
      };
      await transaction.insert(tunnelSettings).values({ onlyRow: true, ...row }).onConflictDoUpdate({ target: tunnelSettings.onlyRow, set: row });
      await audit.append(transaction, { kind: 'tunnel.changed', actor, facts: { ...(await factsOf(transaction, 'before', before)), ...(await factsOf(transaction, 'after', fields)) } });
      await notify(transaction, 'tunnel', '');
      return { ...fields, changedAt: now };
    });
  }
}

/** Whether Tunnel has all connections of a role: third-party vendors' always (S33). Single access rules may want it beside. */
export function appliesToAll(role: Role, { enabled }: Pick<TunnelFields, 'enabled'>): boolean {
  return role === 'vendor' || enabled;
}

function stored(row: typeof tunnelSettings.$inferSelect | undefined): StoredTunnel {
  if (row === undefined) return { enabled: false, default: null, changedAt: null };
  const { enabled, defaultGatewayId, defaultSegment, changedAt } = row;
  const through: TunnelDefault | null = defaultGatewayId !== null ? { kind: 'gateway', gatewayId: defaultGatewayId } : defaultSegment !== null ? { kind: 'segment', segment: defaultSegment } : null;
  return { enabled, default: through, changedAt };
}

async function named(transaction: Transaction, through: TunnelDefault): Promise<boolean> {
  const is = through.kind === 'gateway' ? eq(gateways.id, through.gatewayId) : eq(gateways.segment, through.segment);
  return (await transaction.select({ id: gateways.id }).from(gateways).where(and(is, isNull(gateways.removedAt))).limit(1)).length > 0;
}

/** Names for people, who read the audit log long after: an id alone says nothing once its gateway is gone. */
async function factsOf(transaction: Transaction, when: 'before' | 'after', { enabled, default: through }: TunnelFields): Promise<Record<string, string | boolean | null>> {
  const [gateway] = through?.kind === 'gateway' ? await transaction.select({ name: gateways.name }).from(gateways).where(eq(gateways.id, through.gatewayId)) : [];
  return {
    [`${when}.enabled`]: enabled,
    [`${when}.defaultGatewayId`]: through?.kind === 'gateway' ? through.gatewayId : null,
    [`${when}.defaultGateway`]: gateway?.name ?? null,
    [`${when}.defaultSegment`]: through?.kind === 'segment' ? through.segment : null,
  };
}
