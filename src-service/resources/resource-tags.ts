import { and, inArray, isNull, sql } from 'drizzle-orm';
import { z } from 'zod';
import { MAX_TAGS } from '../../shared/api/resources.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { ResourceId } from '../../shared/ids.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import { rowsOf, type Transaction } from '../store/database.ts';
import { resources } from '../store/schema.ts';
import type { Resources } from './resources.ts';

interface Dependencies {
  readonly resources: Pick<Resources, 'inOneChange'>;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Tags of many resources at once (S37). */
export class ResourceTags {
  readonly #with: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#with = dependencies;
  }

  /**
   * Adds and removes tags of resources, all in one transaction, each change an entry with the tags before and after; gives how
   * many changed. Throws `resource.unknown` where one is gone and `request.invalid` where one would have too many tags: then none changed.
   */
  async change(actor: AuditActor, ids: readonly ResourceId[], add: readonly string[], remove: readonly string[]): Promise<{ changed: number; unchanged: number }> {
    const { resources: inventory, auditLog, clock } = this.#with;
    const distinct = [...new Set(ids)];
    return inventory.inOneChange(async (transaction, revision) => {
      const rows = await transaction.select().from(resources).where(and(inArray(resources.id, distinct), isNull(resources.removedAt))).for('update');
      if (rows.length !== distinct.length) throw new MavisError('resource.unknown');
      const changes = rows.flatMap(({ id, name, tags }) => {
        const after = [...new Set([...tags.filter((tag) => !remove.includes(tag)), ...add])];
        if (after.length > MAX_TAGS) throw new MavisError('request.invalid', { field: 'tags' });
        return after.join(' ') === tags.join(' ') ? [] : [{ id, name, before: tags, after }];
      });
      const written = JSON.stringify(changes.map(({ id, after }) => ({ id, tags: after })));
      await transaction.execute(sql`UPDATE resources SET tags = changed.tags, revision = ${revision}, updated_at = ${clock.now().toISOString()} FROM jsonb_to_recordset(${written}::jsonb) AS changed(id uuid, tags jsonb) WHERE resources.id = changed.id`);
      for (const { id, name, before, after } of changes) {
        await auditLog.append(transaction, { kind: 'resource.tags-changed', actor, facts: { resourceId: id, name, before, after } });
      }
      return { changed: changes.length, unchanged: rows.length - changes.length };
    });
  }
}

/** Puts one tag in place of another in every resource that has it; gives how many were changed. `revision` is that of the change that this is part of. */
export async function replaceTag(transaction: Transaction, from: string, to: string, revision: number, now: Date): Promise<number> {
  const changed = await rowsOf(
    transaction,
    sql`UPDATE resources SET revision = ${revision}, updated_at = ${now.toISOString()},
          tags = (SELECT jsonb_agg(tag ORDER BY place) FROM (
            SELECT CASE WHEN value = ${from} THEN ${to} ELSE value END AS tag, min(ordinality) AS place
            FROM jsonb_array_elements_text(tags) WITH ORDINALITY GROUP BY 1) AS renamed)
        WHERE tags @> ${JSON.stringify([from])}::jsonb AND removed_at IS NULL RETURNING id`,
    z.object({ id: z.string() }),
  );
  return changed.length;
}
