import { randomUUID } from 'node:crypto';
import { and, asc, count, eq, isNull } from 'drizzle-orm';
import ssh2 from 'ssh2';
import { z } from 'zod';
import type { Credential, CredentialChange, CredentialFields } from '../../shared/api/credentials.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { credentialId, type CredentialId } from '../../shared/ids.ts';
import { grantedCredential, type GrantedCredential } from '../../shared/link/messages.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import { changedFacts } from '../audit/changed-facts.ts';
import type { Clock } from '../clock.ts';
import type { Database, Queryable } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { credentials, resources } from '../store/schema.ts';
import type { CredentialSeal } from './credential-seal.ts';
import { openedPrivateKey } from './opened-private-key.ts';

type StoredCredential = Exclude<GrantedCredential, { kind: 'ask-user' }>;

interface Dependencies {
  readonly database: Database;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly seal: Pick<CredentialSeal, 'seal' | 'open' | 'keyVersion'>;
}

/** Of the resources that keep a credential from being removed, so many are named: enough to go on with, and one answer stays short. */
const MOST_NAMED = 5;

/** Credentials of targets: they go in, and come out only for a grant. */
export class TargetCredentials {
  readonly #with: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#with = dependencies;
  }

  async list(): Promise<Credential[]> {
    const { database } = this.#with;
    const rows = await database.select().from(credentials).orderBy(asc(credentials.name), asc(credentials.id));
    const uses = await database.select({ id: resources.credentialId, count: count() }).from(resources).where(isNull(resources.removedAt)).groupBy(resources.credentialId);
    const usedBy = new Map(uses.map((one) => [one.id, one.count]));
    return rows.map((row) => toCredential(row, usedBy.get(row.id) ?? 0));
  }

  /** A private key under a passphrase is opened once, here, and kept sealed without it. Throws `credential.key-unreadable` for a private key that cannot be read, with the passphrase where there is one. */
  async create(actor: AuditActor, given: CredentialFields): Promise<Credential> {
    const fields = await readable(given);
    const { database, auditLog, clock } = this.#with;
    const id = credentialId.parse(randomUUID());
    const now = clock.now();
    return database.transaction(async (transaction) => {
      const [row] = await transaction.insert(credentials).values({ id, ...this.#columns(id, fields), createdAt: now, updatedAt: now }).returning();
      if (row === undefined) throw new Error('the credential was not stored');
      await auditLog.append(transaction, { kind: 'credential.created', actor, facts: factsOf(row) });
      await notify(transaction, 'credentials', id);
      return toCredential(row, 0);
    });
  }

  /** Another name or user name; the secret stays as it is, unread. */
  async update(actor: AuditActor, id: CredentialId, { name, userName }: CredentialChange): Promise<Credential> {
    const { database, auditLog, clock } = this.#with;
    return database.transaction(async (transaction) => {
      const [before] = await transaction.select().from(credentials).where(eq(credentials.id, id)).for('update');
      if (before === undefined) throw new MavisError('request.not-found');
      const [row] = await transaction.update(credentials).set({ name: name ?? before.name, userName: userName ?? before.userName, updatedAt: clock.now() }).where(eq(credentials.id, id)).returning();
      if (row === undefined) throw new Error('the credential was not changed');
      await auditLog.append(transaction, { kind: 'credential.changed', actor, facts: { ...factsOf(row), ...changedFacts(factsOf(before), factsOf(row)) } });
      await notify(transaction, 'credentials', id);
      return toCredential(row, await usesOf(transaction, id));
    });
  }

  async replace(actor: AuditActor, id: CredentialId, given: CredentialFields): Promise<Credential> {
    const fields = await readable(given);
    const { database, auditLog, clock } = this.#with;
    return database.transaction(async (transaction) => {
      const [before] = await transaction.select().from(credentials).where(eq(credentials.id, id)).for('update');
      const [row] = await transaction.update(credentials).set({ ...this.#columns(id, fields), updatedAt: clock.now() }).where(eq(credentials.id, id)).returning();
      if (before === undefined || row === undefined) throw new MavisError('request.not-found');
      // The secret is replaced in any case; neither entry nor anything else holds one.
      await auditLog.append(transaction, { kind: 'credential.replaced', actor, facts: { ...factsOf(row), secretReplaced: true, ...changedFacts(factsOf(before), factsOf(row)) } });
      await notify(transaction, 'credentials', id);
      return toCredential(row, await usesOf(transaction, id));
    });
  }

  /** Throws `credential.in-use` with how many resources use it, and the first of their names. */
  async remove(actor: AuditActor, id: CredentialId): Promise<void> {
    const { database, auditLog } = this.#with;
    await database.transaction(async (transaction) => {
      const [row] = await transaction.select().from(credentials).where(eq(credentials.id, id)).for('update');
      if (row === undefined) throw new MavisError('request.not-found');
      const used = await usesOf(transaction, id);
      if (used > 0) {
        const named = await transaction.select({ name: resources.name }).from(resources).where(using(id)).orderBy(asc(resources.name), asc(resources.id)).limit(MOST_NAMED);
        throw new MavisError('credential.in-use', { count: used, names: [...named.map(({ name }) => name), ...(used > named.length ? ['…'] : [])].join(', ') });
      }
      await transaction.delete(credentials).where(eq(credentials.id, id));
      await auditLog.append(transaction, { kind: 'credential.removed', actor, facts: factsOf(row) });
      await notify(transaction, 'credentials', id);
    });
  }

  /** The secret for a grant to the last gateway; only `connections/` calls it. Throws `resource.no-credential` where there is none. */
  async open(database: Pick<Queryable, 'select'>, id: CredentialId | null): Promise<StoredCredential> {
    const [row] = id === null ? [] : await database.select().from(credentials).where(eq(credentials.id, id));
    if (row === undefined) throw new MavisError('resource.no-credential');
    const opened = grantedCredential.parse({ ...secretPart.parse(JSON.parse(this.#with.seal.open(row.id, row.keyVersion, row.sealed))), kind: row.kind, userName: row.userName });
    if (opened.kind === 'ask-user') throw new MavisError('resource.no-credential');
    return opened;
  }

  #columns(id: CredentialId, fields: CredentialFields) {
    const secret = fields.kind === 'password' ? { password: fields.password } : { privateKey: fields.privateKey };
    return { name: fields.name, kind: fields.kind, userName: fields.userName, sealed: this.#with.seal.seal(id, JSON.stringify(secret)), keyVersion: this.#with.seal.keyVersion };
  }
}

/** What was stored before keys were opened when they are saved may have a passphrase. */
const secretPart = z.object({ password: z.string().optional(), privateKey: z.string().optional(), passphrase: z.string().optional() });

/** The fields as they are kept: a private key that can be read by itself. */
async function readable(fields: CredentialFields): Promise<CredentialFields> {
  if (fields.kind !== 'private-key') return fields;
  const { passphrase, ...rest } = fields;
  if (isReadable(rest.privateKey)) return rest;
  if (passphrase === undefined) throw new MavisError('credential.key-unreadable');
  return { ...rest, privateKey: await openedPrivateKey(rest.privateKey, passphrase) };
}

function isReadable(privateKey: string): boolean {
  const key = ssh2.utils.parseKey(privateKey);
  return !(key instanceof Error) && key.isPrivateKey();
}

/** The resources that sign on with a credential. */
function using(id: CredentialId) {
  return and(eq(resources.credentialId, id), isNull(resources.removedAt));
}

async function usesOf(database: Pick<Queryable, 'select'>, id: CredentialId): Promise<number> {
  const [used] = await database.select({ count: count() }).from(resources).where(using(id));
  return used?.count ?? 0;
}

function factsOf(row: typeof credentials.$inferSelect) {
  return { credentialId: row.id, name: row.name, kind: row.kind, userName: row.userName };
}

function toCredential(row: typeof credentials.$inferSelect, used: number): Credential {
  return { id: row.id, name: row.name, kind: row.kind, userName: row.userName, resources: used, createdAt: row.createdAt.toISOString(), updatedAt: row.updatedAt.toISOString() };
}
