import { and, eq, isNull } from 'drizzle-orm';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import { replaceTag } from '../resources/resource-tags.ts';
import type { Resources } from '../resources/resources.ts';
import { notify } from '../store/notify.ts';
import { accessRules, gateways, tunnelSettings } from '../store/schema.ts';

interface Dependencies {
  readonly resources: Pick<Resources, 'inOneChange'>;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** What a renaming did. `rules` are the names of access rules whose filter speaks of the old name: they are left as they are. */
export interface SegmentRenamed {
  readonly gateways: number;
  readonly resources: number;
  readonly rules: string[];
}

/** Names of access rules that are told of; a system with more has them in the list of rules. */
const MAX_RULES_TOLD = 100;

/** Renames segments. */
export class SegmentRenaming {
  readonly #with: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#with = dependencies;
  }

  /**
   * Gives a segment another name: its gateways, the tags of its resources and Tunnel's default, in one transaction with one entry (rule 6), so that
   * no connection ever finds a tag without its segment. Throws `request.not-found` where no gateway is in it, and
   * `request.conflict` where there is a segment of the new name: two would become one.
   */
  async rename(actor: AuditActor, from: string, to: string): Promise<SegmentRenamed> {
    const { resources, auditLog, clock } = this.#with;
    return resources.inOneChange(async (transaction, revision) => {
      const now = clock.now();
      const own = await transaction.select({ id: gateways.id }).from(gateways).where(and(eq(gateways.segment, from), isNull(gateways.removedAt))).for('update');
      if (own.length === 0) throw new MavisError('request.not-found');
      const [other] = await transaction.select({ id: gateways.id }).from(gateways).where(and(eq(gateways.segment, to), isNull(gateways.removedAt))).limit(1);
      if (other !== undefined) throw new MavisError('request.conflict', { what: 'segment' });
      await transaction.update(gateways).set({ segment: to, updatedAt: now }).where(and(eq(gateways.segment, from), isNull(gateways.removedAt)));
      const retagged = await replaceTag(transaction, from, to, revision, now);
      await transaction.update(tunnelSettings).set({ defaultSegment: to }).where(eq(tunnelSettings.defaultSegment, from));
      const rules = (await transaction.select({ name: accessRules.name, filter: accessRules.filter }).from(accessRules)).filter(({ filter }) => filter.toLowerCase().includes(from)).map(({ name }) => name);
      await auditLog.append(transaction, { kind: 'gateway.segment-renamed', actor, facts: { from, to, gateways: own.length, resources: retagged, rules: rules.slice(0, MAX_RULES_TOLD) } });
      for (const { id } of own) await notify(transaction, 'gateways', id);
      return { gateways: own.length, resources: retagged, rules: rules.slice(0, MAX_RULES_TOLD) };
    });
  }
}
