import { Readable } from 'node:stream';
import { routes } from '../../shared/api/index.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { resourceId } from '../../shared/ids.ts';
import { parseFilter, type Filter } from '../../shared/resources/filter.ts';
import { PositionSet } from '../../shared/resources/position-set.ts';
import type { Access } from '../access-rules/access.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { BytesAnswer, handle } from '../http/bound-route.ts';
import { decodeCursor, encodeCursor } from '../http/cursor.ts';
import type { Database } from '../store/database.ts';
import { writeLines } from './exchange-format.ts';
import type { Inventory } from './inventory.ts';
import { importResources } from './resource-import.ts';
import type { ResourceTags } from './resource-tags.ts';
import type { Resources } from './resources.ts';

const CURSOR = 'resources';

interface Dependencies {
  readonly inventory: Pick<Inventory, 'index' | 'page' | 'tags'>;
  readonly access: Pick<Access, 'visible' | 'seenBy' | 'revisionFor'>;
  readonly resources: Resources;
  readonly tags: Pick<ResourceTags, 'change'>;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly database: Database;
}

/** The inventory as each user sees it, and its management. The connection test is of `gateways/`. */
export function resourceRoutes({ inventory, access, resources, tags, auditLog, database }: Dependencies) {
  return {
    resourceList: handle(routes.resourceList, async ({ query }, { user }) => {
      const { visible, protocolsOf } = access.seenBy(user);
      const { nextCursor, items, total } = inventory.page(visible, filterOf(query.filter), query.cursor === undefined ? undefined : decodeCursor(CURSOR, query.cursor), query.limit);
      return { items: items.map((item) => ({ ...item, allowedProtocols: protocolsOf(item) })), total, revision: access.revisionFor(user), ...(nextCursor === undefined ? {} : { nextCursor: encodeCursor(CURSOR, nextCursor) }) };
    }),
    resourceTags: handle(routes.resourceTags, async ({ query }, { user }) => inventory.tags(access.visible(user), filterOf(query.filter), query.limit)),
    resourceRead: handle(routes.resourceRead, ({ params }) => resources.read(params.resourceId)),
    resourceCreate: handle(routes.resourceCreate, ({ body }, { actor }) => resources.create(actor, body)),
    resourceUpdate: handle(routes.resourceUpdate, ({ params, body }, { actor }) => resources.update(actor, params.resourceId, body)),
    resourceTagsChange: handle(routes.resourceTagsChange, ({ body }, { actor }) => tags.change(actor, body.resourceIds, body.add, body.remove)),
    resourceRemove: handle(routes.resourceRemove, async ({ params }, { actor }) => {
      await resources.remove(actor, params.resourceId);
      return {};
    }),
    resourceImport: handle(routes.resourceImport, ({ body }, { actor }) => importResources(resources, actor, body)),
    resourceExport: handle(routes.resourceExport, async ({ query: { format, filter } }, { actor }) => {
      const text = await exportResources(inventory, resources, format, filterOf(filter));
      await database.transaction((transaction) => auditLog.append(transaction, { kind: 'resource.exported', actor, facts: { format, filter } }));
      return new BytesAnswer(Readable.from([text], { objectMode: false }), `resources.${format}`);
    }),
    resourceConfirmIdentity: handle(routes.resourceConfirmIdentity, ({ params, body }, { actor }) => resources.confirmIdentity(actor, params.resourceId, body.fingerprint, body.replace)),
  };
}

/** Every resource that matches, as a file, in the order of names. */
export async function exportResources(inventory: Pick<Inventory, 'index'>, resources: Pick<Resources, 'readMany'>, format: 'csv' | 'json', filter: Filter): Promise<string> {
  const { index } = inventory;
  const matching = filter.kind === 'all' ? PositionSet.all(index.size) : index.match(filter);
  const ids = index.page(matching, 0, index.size).map(({ id }) => resourceId.parse(id));
  const all = [];
  for (let start = 0; start < ids.length; start += 5_000) all.push(...(await resources.readMany(ids.slice(start, start + 5_000))));
  return writeLines(format, all);
}

function filterOf(text: string): Filter {
  const parsed = parseFilter(text);
  if (!parsed.ok) throw new MavisError('request.invalid', { field: 'filter' });
  return parsed.filter;
}
