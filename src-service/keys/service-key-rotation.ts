import { randomUUID } from 'node:crypto';
import { and, asc, desc, eq, inArray, isNotNull, isNull, ne } from 'drizzle-orm';
import type { ServiceKeys as ShownServiceKeys } from '../../shared/api/service-keys.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { AuditActor, AuditLog } from '../audit/audit-log.ts';
import type { Clock } from '../clock.ts';
import type { CredentialSeal } from '../credentials/credential-seal.ts';
import type { Database, Transaction } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { gateways, serviceKeyRotations, serviceKeys } from '../store/schema.ts';
import { sealedServiceKeys, type KeysInForce, type ServiceKeyRotationRow } from './keys-in-force.ts';
import { publicKeyPin } from './public-key.ts';
import { makeTlsKeyPems, publicHalf } from './service-keys.ts';

/** Gateways named in the refusal to finish; the page lists all. */
const MAX_NAMED = 10;

export interface ServiceKeyRotationParts {
  readonly database: Database;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly seal: Pick<CredentialSeal, 'seal' | 'open' | 'keyVersion'>;
  readonly keys: Pick<KeysInForce, 'present' | 'rotation' | 'refresh' | 'statement'>;
}

/**
 * The rotation of the service's own keys: of its HTTPS server, which clients pin, and of its links, which gateways pin (rule
 * 15). Begun, the next keys are announced under the present ones and both are good; after the switch the service goes by the
 * new ones, and by the former one only toward gateways that were cut off until then; finished, the former ones are gone.
 */
export class ServiceKeyRotation {
  readonly #parts: ServiceKeyRotationParts;

  constructor(parts: ServiceKeyRotationParts) {
    this.#parts = parts;
  }

  /** Where it stands, and which gateways have kept what was announced last. */
  async read(): Promise<ShownServiceKeys> {
    const { database, keys } = this.#parts;
    await keys.refresh();
    const { present: { tls, link }, rotation } = keys;
    const rows = await database.select({ id: gateways.id, name: gateways.name, state: gateways.state, toldAt: gateways.serviceKeysToldAt }).from(gateways).where(isInstalled).orderBy(asc(gateways.name));
    const present = pair(tls.publicKey, link.publicKey);
    return {
      stage: rotation === undefined || rotation.stage === 'finished' ? 'none' : rotation.stage,
      present,
      other: rotation === undefined || rotation.stage === 'finished' ? null : rotation.stage === 'announced' ? pair(rotation.tlsKey, rotation.linkKey) : pair(rotation.formerTlsKey, rotation.formerLinkKey),
      beganAt: rotation?.beganAt.toISOString() ?? null,
      switchedAt: rotation?.switchedAt?.toISOString() ?? null,
      finishedAt: rotation?.finishedAt?.toISOString() ?? null,
      gateways: rows.map(({ id, name, state, toldAt }) => ({ gatewayId: id, name, state, told: hasKept(toldAt, rotation?.statedAt) })),
    };
  }

  /** Makes the next keys and has them announced; a rotation that was begun already stays. Throws `service.key-step` where one was switched and not finished. */
  async begin(actor: AuditActor): Promise<ShownServiceKeys> {
    const { database, audit, clock, seal, keys } = this.#parts;
    await keys.refresh();
    await database.transaction(async (transaction) => {
      const { present: { tls, link } } = keys;
      const id = randomUUID();
      const made = makeTlsKeyPems();
      const next = { tls: publicHalf(made.tls), link: publicHalf(made.link) };
      const now = later(clock.now(), keys.rotation?.statedAt);
      const row: ServiceKeyRotationRow = {
        id, stage: 'announced',
        formerTlsKey: tls.publicKey, formerLinkKey: link.publicKey, tlsKey: next.tls, linkKey: next.link,
        sealed: seal.seal(id, JSON.stringify(sealedServiceKeys.parse({ ...made, formerLink: link.key }))),
        statedAt: now, beganAt: now, switchedAt: null, finishedAt: null,
      };
      // Of two that begin at once one makes the keys.
      const inserted = await transaction.insert(serviceKeyRotations).values(row).onConflictDoNothing().returning({ id: serviceKeyRotations.id });
      if (inserted.length === 0) {
        if ((await running(transaction))?.stage === 'switched') throw new MavisError('service.key-step');
        return;
      }
      await transaction.insert(serviceKeys).values([{ id: randomUUID(), kind: 'tls', publicKey: next.tls, createdAt: now }, { id: randomUUID(), kind: 'link', publicKey: next.link, createdAt: now }]);
      await audit.append(transaction, { kind: 'service.key-announced', actor, facts: { ...factsOf('', tls.publicKey, link.publicKey), ...factsOf('next.', next.tls, next.link) } });
      await notify(transaction, 'service_keys', '');
    });
    return this.read();
  }

  /** Goes by the next keys, here and at every instance; the former ones stay good. Having switched already is no error. Throws `service.key-step` where none were announced. */
  async switchOver(actor: AuditActor): Promise<ShownServiceKeys> {
    const { database, audit, clock } = this.#parts;
    await database.transaction(async (transaction) => {
      const row = await running(transaction);
      if (row === undefined) throw new MavisError('service.key-step');
      if (row.stage === 'switched') return;
      await transaction.update(serviceKeyRotations).set({ stage: 'switched', switchedAt: clock.now() }).where(eq(serviceKeyRotations.id, row.id));
      await audit.append(transaction, { kind: 'service.key-switched', actor, facts: changeOf(row) });
      await notify(transaction, 'service_keys', '');
    });
    return this.read();
  }

  /**
   * Ends a rotation: the former keys are erased and refused. Throws `service.key-step` before the switch, and
   * `service.key-not-acknowledged`, with the gateways' names, where some have not kept the new key; `force` leaves them behind:
   * they need their configuration file again.
   */
  async finish(force: boolean, actor: AuditActor): Promise<ShownServiceKeys> {
    const { database, audit, clock, seal } = this.#parts;
    await database.transaction(async (transaction) => {
      const row = await running(transaction);
      if (row?.stage !== 'switched') throw new MavisError('service.key-step');
      const installed = await transaction.select({ name: gateways.name, toldAt: gateways.serviceKeysToldAt }).from(gateways).where(isInstalled).orderBy(asc(gateways.name));
      const behind = installed.filter(({ toldAt }) => !hasKept(toldAt, row.statedAt)).map(({ name }) => name);
      const named = behind.length > MAX_NAMED ? `${behind.slice(0, MAX_NAMED).join(', ')}, …` : behind.join(', ');
      if (behind.length > 0 && !force) throw new MavisError('service.key-not-acknowledged', { gateways: named, count: behind.length });
      const opened = sealedServiceKeys.parse(JSON.parse(seal.open(row.id, seal.keyVersion, row.sealed)));
      const now = later(clock.now(), row.statedAt);
      await transaction.update(serviceKeyRotations).set({ sealed: '' }).where(ne(serviceKeyRotations.id, row.id));
      await transaction
        .update(serviceKeyRotations)
        .set({ stage: 'finished', finishedAt: now, statedAt: now, sealed: seal.seal(row.id, JSON.stringify(sealedServiceKeys.parse({ ...opened, formerLink: null }))) })
        .where(eq(serviceKeyRotations.id, row.id));
      await transaction.update(serviceKeys).set({ retiredAt: now }).where(and(inArray(serviceKeys.publicKey, [row.formerTlsKey, row.formerLinkKey]), isNull(serviceKeys.retiredAt)));
      await audit.append(transaction, { kind: 'service.key-finished', actor, facts: { ...changeOf(row), forced: force, behind: behind.length, gateways: named } });
      await notify(transaction, 'service_keys', '');
    });
    return this.read();
  }
}

/** Gateways that have entered a key, and are there. */
const isInstalled = and(isNotNull(gateways.tlsKey), isNull(gateways.removedAt));

function hasKept(toldAt: Date | null, statedAt: Date | undefined): boolean {
  return statedAt === undefined || (toldAt !== null && toldAt >= statedAt);
}

/** The rotation that runs, kept for this transaction. */
async function running(transaction: Transaction): Promise<ServiceKeyRotationRow | undefined> {
  const [row] = await transaction.select().from(serviceKeyRotations).where(ne(serviceKeyRotations.stage, 'finished')).orderBy(desc(serviceKeyRotations.beganAt)).for('update');
  return row;
}

/** Statements of other instances, whose clock may be ahead, stay older than the next one. */
function later(now: Date, than: Date | undefined): Date {
  return than === undefined || now > than ? now : new Date(than.getTime() + 1);
}

function pair(tls: string, link: string): { certificate: string; link: string } {
  return { certificate: publicKeyPin(tls), link: publicKeyPin(link) };
}

function factsOf(when: string, tls: string, link: string): Record<string, string> {
  return { [`${when}certificateFingerprint`]: publicKeyPin(tls), [`${when}linkFingerprint`]: publicKeyPin(link) };
}

function changeOf(row: ServiceKeyRotationRow): Record<string, string> {
  return { ...factsOf('before.', row.formerTlsKey, row.formerLinkKey), ...factsOf('after.', row.tlsKey, row.linkKey) };
}
