import { randomUUID } from 'node:crypto';
import { and, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import type { Resource, ResourceFields } from '../../shared/api/resources.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { resourceId, type ResourceId } from '../../shared/ids.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import { changedFacts } from '../audit/changed-facts.ts';
import type { Facts } from '../audit/canonical-json.ts';
import type { Clock } from '../clock.ts';
import type { Database, Queryable, Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { credentials, inventoryRevision, resources } from '../store/schema.ts';
import type { ResourceInFile } from './exchange-format.ts';
import type { Inventory } from './inventory.ts';

/** Fields that may be changed one by one: those that are absent stay as they are. */
export type ResourceChange = { readonly [Key in keyof ResourceFields]?: ResourceFields[Key] | undefined };

/** How many identities one resource may have (`shared/api/resources.ts`). */
const MAX_IDENTITIES = 8;

interface Dependencies {
  readonly database: Database;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly inventory: Pick<Inventory, 'refresh'>;
}

/** Resources in the database. Every change is an audit entry and raises the inventory's revision, in one transaction. */
export class Resources {
  readonly #with: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#with = dependencies;
  }

  /** One resource, whole. Throws `resource.unknown`. */
  async read(id: ResourceId, database: Pick<Queryable, 'select'> = this.#with.database): Promise<Resource> {
    const [row] = await database.select().from(resources).where(and(eq(resources.id, id), isNull(resources.removedAt)));
    if (row === undefined) throw new MavisError('resource.unknown');
    return toResource(row);
  }

  /** Throws `request.conflict` where the name is taken, `request.invalid` for a credential that is not there. */
  async create(actor: AuditActor, fields: ResourceFields): Promise<Resource> {
    const { clock, auditLog } = this.#with;
    return this.#changing(async (transaction, revision) => {
      await assertCredential(transaction, fields.credentialId);
      await assertNameFree(transaction, fields.name, undefined);
      const now = clock.now();
      const [row] = await transaction.insert(resources).values({ ...fields, tags: distinct(fields.tags), id: newResourceId(), createdAt: now, updatedAt: now, revision }).returning();
      if (row === undefined) throw new MavisError('request.conflict', { what: 'name' });
      await auditLog.append(transaction, { kind: 'resource.created', actor, facts: factsOf(row) });
      return toResource(row);
    });
  }

  async update(actor: AuditActor, id: ResourceId, change: ResourceChange): Promise<Resource> {
    const given = Object.entries(change).filter(([, value]) => value !== undefined);
    return this.#update(id, 'resource.changed', actor, { fields: given.map(([key]) => key).toSorted() }, (before) => ({ ...before, ...Object.fromEntries(given) }));
  }

  async remove(actor: AuditActor, id: ResourceId): Promise<void> {
    const { clock, auditLog } = this.#with;
    await this.#changing(async (transaction, revision) => {
      const [row] = await transaction.update(resources).set({ removedAt: clock.now(), credentialId: null, revision }).where(and(eq(resources.id, id), isNull(resources.removedAt))).returning();
      if (row === undefined) throw new MavisError('resource.unknown');
      await auditLog.append(transaction, { kind: 'resource.removed', actor, facts: { resourceId: id, name: row.name, ...changedFacts(changeableFacts(row), {}) } });
    });
  }

  /**
   * Takes a host key or certificate that a connection test read as the resource's own (rule 14): beside those known (a host
   * has several keys), or in place of them where `replace` says that the target got a new one. The entry holds both.
   */
  async confirmIdentity(actor: AuditActor, id: ResourceId, fingerprint: string, replace: boolean): Promise<Resource> {
    const before = await this.read(id);
    return this.#update(id, 'resource.identity-confirmed', actor, { before: before.identities, confirmed: fingerprint, replace }, (row) => {
      const identities = replace ? [fingerprint] : distinct([...row.identities, fingerprint]);
      if (identities.length > MAX_IDENTITIES) throw new MavisError('request.conflict', { what: 'identities' });
      return { ...row, identities };
    });
  }

  /**
   * Adds resources, or replaces those of these names but for what the file does not name, all in one transaction with one entry.
   * Gives how many were there before.
   */
  async importAll(actor: AuditActor, all: readonly ResourceInFile[]): Promise<{ created: number; updated: number }> {
    const { clock, auditLog } = this.#with;
    return this.#changing(async (transaction, revision) => {
      const now = clock.now();
      let updated = 0;
      const special: string[] = [];
      const unencrypted: string[] = [];
      for (const batch of batches(all, IMPORT_ROWS)) {
        const before = await rowsByName(transaction, batch.map(({ fields }) => fields.name));
        updated += before.size;
        const rows = batch.map(({ fields, unnamed }) => {
          const there = before.get(fields.name.toLowerCase());
          const kept = there === undefined ? {} : Object.fromEntries(unnamed.map((field) => [field, there[field]]));
          const row = { ...fields, ...kept };
          return { ...row, tags: distinct(row.tags), id: there?.id ?? newResourceId(), createdAt: now, updatedAt: now, revision };
        });
        special.push(...rows.filter((row) => row.allowSpecialAddress).map(({ name }) => name));
        unencrypted.push(...rows.filter((row) => row.allowUnencryptedTunnel).map(({ name }) => name));
        await insertRows(transaction, rows);
      }
      await auditLog.append(transaction, { kind: 'resource.imported', actor, facts: { created: all.length - updated, updated, specialAddresses: special.length, specialAddressNames: special.slice(0, 20), unencryptedTunnel: unencrypted.length, unencryptedTunnelNames: unencrypted.slice(0, 20) } });
      return { created: all.length - updated, updated };
    });
  }

  /** Which of these names exist, in lower case, with their ids. */
  async existing(names: readonly string[]): Promise<Map<string, ResourceId>> {
    const found = new Map<string, ResourceId>();
    for (const batch of batches(names, IMPORT_ROWS)) for (const [name, id] of await idsByName(this.#with.database, batch)) found.set(name, id);
    return found;
  }

  /** Ids of all credentials, for an import to check against. */
  async credentialIds(): Promise<Set<string>> {
    return new Set((await this.#with.database.select({ id: credentials.id }).from(credentials)).map(({ id }) => id));
  }

  /** Resources by their ids, in the order given; those that are gone are left out. */
  async readMany(ids: readonly ResourceId[]): Promise<Resource[]> {
    const rows = ids.length === 0 ? [] : await this.#with.database.select().from(resources).where(and(inArray(resources.id, [...ids]), isNull(resources.removedAt)));
    const byId = new Map(rows.map((row) => [row.id, toResource(row)]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  }

  async #update(id: ResourceId, kind: string, actor: AuditActor, facts: Facts, change: (before: ResourceRow) => ResourceRow): Promise<Resource> {
    const { clock, auditLog } = this.#with;
    return this.#changing(async (transaction, revision) => {
      const [before] = await transaction.select().from(resources).where(and(eq(resources.id, id), isNull(resources.removedAt))).for('update');
      if (before === undefined) throw new MavisError('resource.unknown');
      const after = change(before);
      await assertCredential(transaction, after.credentialId);
      await assertNameFree(transaction, after.name, id);
      const row = { ...after, tags: distinct(after.tags), updatedAt: clock.now(), revision };
      await transaction.update(resources).set(row).where(eq(resources.id, id));
      await auditLog.append(transaction, { kind, actor, facts: { ...factsOf(row), ...facts, ...changedFacts(changeableFacts(before), changeableFacts(row)) } });
      return toResource(row);
    });
  }

  /** Runs a change of several resources, perhaps with more than resources, as one: `revision` is what every changed row gets. */
  inOneChange<T>(change: (transaction: Transaction, revision: number) => Promise<T>): Promise<T> {
    return this.#changing(change);
  }

  /** Runs a change under the next revision, whose row lock makes revisions commit in order, then takes it over into memory. */
  async #changing<T>(change: (transaction: Transaction, revision: number) => Promise<T>): Promise<T> {
    const { database, inventory } = this.#with;
    const result = await database.transaction(async (transaction) => {
      const [row] = await transaction.update(inventoryRevision).set({ revision: sql`${inventoryRevision.revision} + 1` }).returning();
      if (row === undefined) throw new Error('the inventory has no revision');
      const changed = await change(transaction, row.revision);
      await notify(transaction, 'inventory', String(row.revision));
      return changed;
    });
    await inventory.refresh();
    return result;
  }
}

/** Rows a statement: some 500 KB of JSON, a fraction of a second in which nothing else runs on PGlite. */
const IMPORT_ROWS = 1_000;
const IMPORTED_COLUMNS = ['name', 'address', 'protocols', 'operatingSystem', 'description', 'identities', 'tags', 'credentialId', 'allowSpecialAddress', 'allowUnencryptedTunnel', 'updatedAt', 'revision'] as const;
const INSERTED_COLUMNS = ['id', ...IMPORTED_COLUMNS, 'createdAt'] as const;

type ResourceRow = typeof resources.$inferSelect;

/**
 * Adds rows, or replaces those whose id is there. The rows go as one parameter, which the database takes apart by itself: a
 * statement of some thousand parameters costs it three times as much (100,000 rows on PGlite: 17 s of processor time against 6).
 */
async function insertRows(transaction: Transaction, rows: readonly Omit<ResourceRow, 'removedAt'>[]): Promise<void> {
  const columns = (names: readonly (keyof ResourceRow)[]): SQL => sql.raw(names.map((name) => resources[name].name).join(', '));
  const typed = sql.raw(INSERTED_COLUMNS.map((name) => `${resources[name].name} ${resources[name].getSQLType()}`).join(', '));
  const values = JSON.stringify(rows.map((row) => Object.fromEntries(INSERTED_COLUMNS.map((name) => [resources[name].name, row[name]]))));
  const replaced = sql.raw(IMPORTED_COLUMNS.map((name) => `${resources[name].name} = excluded.${resources[name].name}`).join(', '));
  await transaction.execute(sql`INSERT INTO resources (${columns(INSERTED_COLUMNS)}) SELECT ${columns(INSERTED_COLUMNS)} FROM jsonb_to_recordset(${values}::jsonb) AS rows (${typed}) ON CONFLICT (id) DO UPDATE SET ${replaced}`);
}

function newResourceId(): ResourceId {
  return resourceId.parse(randomUUID());
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function* batches<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < all.length; start += size) yield all.slice(start, start + size);
}

function factsOf(row: ResourceRow): Facts {
  return { resourceId: row.id, name: row.name, address: row.address, tags: row.tags.slice(0, 64), allowSpecialAddress: row.allowSpecialAddress, allowUnencryptedTunnel: row.allowUnencryptedTunnel, credentialId: row.credentialId };
}

/** What can be changed of a resource, for entries that tell what it was and is. */
function changeableFacts(row: ResourceRow): Facts {
  const { name, address, operatingSystem, description, identities, tags, credentialId, allowSpecialAddress, allowUnencryptedTunnel } = row;
  return { name, address, protocols: row.protocols.map(({ protocol, port }) => `${protocol}:${String(port)}`), operatingSystem, description, identities, tags, credentialId, allowSpecialAddress, allowUnencryptedTunnel };
}

async function idsByName(database: Pick<Queryable, 'select'>, names: readonly string[]): Promise<Map<string, ResourceId>> {
  const rows = await database.select({ id: resources.id, name: resources.name }).from(resources).where(isNamed(names));
  return new Map(rows.map(({ id, name }) => [name.toLowerCase(), id]));
}

async function rowsByName(database: Pick<Queryable, 'select'>, names: readonly string[]): Promise<Map<string, ResourceRow>> {
  const rows = await database.select().from(resources).where(isNamed(names));
  return new Map(rows.map((row) => [row.name.toLowerCase(), row]));
}

function isNamed(names: readonly string[]): SQL | undefined {
  // One parameter, as in `insertRows`; as an array, so that the index of names is used.
  const lower = JSON.stringify(names.map((name) => name.toLowerCase()));
  return and(sql`lower(${resources.name}) = ANY (ARRAY(SELECT jsonb_array_elements_text(${lower}::jsonb)))`, isNull(resources.removedAt));
}

async function assertNameFree(transaction: Transaction, name: string, own: ResourceId | undefined): Promise<void> {
  const holder = (await idsByName(transaction, [name])).get(name.toLowerCase());
  if (holder !== undefined && holder !== own) throw new MavisError('request.conflict', { what: 'name' });
}

async function assertCredential(transaction: Transaction, id: ResourceFields['credentialId']): Promise<void> {
  if (id === null) return;
  const [found] = await transaction.select({ id: credentials.id }).from(credentials).where(eq(credentials.id, id)).for('share');
  if (found === undefined) throw new MavisError('request.invalid', { field: 'credentialId' });
}

function toResource(row: ResourceRow): Resource {
  return {
    id: row.id,
    name: row.name,
    address: row.address,
    protocols: row.protocols,
    operatingSystem: row.operatingSystem,
    description: row.description,
    identities: row.identities,
    tags: row.tags,
    credentialId: row.credentialId,
    allowSpecialAddress: row.allowSpecialAddress,
    allowUnencryptedTunnel: row.allowUnencryptedTunnel,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
