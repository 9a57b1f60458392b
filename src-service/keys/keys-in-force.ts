import { desc } from 'drizzle-orm';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { CredentialSeal } from '../credentials/credential-seal.ts';
import type { LinkIdentity } from '../link/link-identity.ts';
import type { Log } from '../logging/log.ts';
import type { Database } from '../store/database.ts';
import { serviceKeyRotations } from '../store/schema.ts';
import { publicKeyPin, publicKeyThumbprint } from './public-key.ts';
import { linkIdentityOf, replaceTlsKeys, type ServiceKeys, type TlsIdentity } from './service-keys.ts';

/** What a rotation keeps sealed: the new keys, and until it is finished the link's former one, for gateways that do not know the new one yet. */
export const sealedServiceKeys = z.object({ tls: z.string(), link: z.string(), formerLink: z.string().nullable() });

export type ServiceKeyRotationRow = typeof serviceKeyRotations.$inferSelect;

/** A statement to gateways: the pins of the keys of links that are accepted, and since when. */
export interface LinkPinStatement {
  readonly pins: readonly string[];
  readonly issuedAt: Date;
}

export interface KeysInForceParts {
  readonly database: Database;
  readonly seal: Pick<CredentialSeal, 'seal' | 'open' | 'keyVersion'>;
  readonly folder: string;
  readonly host: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

type Present = Pick<ServiceKeys, 'tls' | 'link'>;

/**
 * The keys by which this instance serves clients and opens links (rule 15). The database says which they are, once they were
 * rotated; the files of the data folder follow it, at the start and whenever another instance has gone a step further.
 */
export class KeysInForce {
  readonly #parts: KeysInForceParts;
  readonly #listeners: (() => void)[] = [];
  #present: Present;
  #newest: ServiceKeyRotationRow | undefined;
  #former: { readonly id: string; readonly link: TlsIdentity } | undefined;
  #busy: Promise<unknown> = Promise.resolve();

  /** The link's present key: read anew with each opening. */
  readonly link: LinkIdentity;

  private constructor(parts: KeysInForceParts, present: Present) {
    this.#parts = parts;
    this.#present = present;
    const now = (): TlsIdentity => this.#present.link;
    this.link = {
      get certificatePem() {
        return now().certificate;
      },
      get keyPem() {
        return now().key;
      },
    };
  }

  /** Reads what the database says, and brings the files into line. Throws where the database's keys were sealed under another master key. */
  static async open(parts: KeysInForceParts, files: Present): Promise<KeysInForce> {
    const keys = new KeysInForce(parts, files);
    await keys.refresh();
    return keys;
  }

  /** Of the HTTPS server and of links. */
  get present(): Present {
    return this.#present;
  }

  /** Where the rotation stands that was begun last; undefined where there was none. */
  get rotation(): ServiceKeyRotationRow | undefined {
    return this.#newest;
  }

  /** Pins of all keys by which links may be opened, the present one first. */
  get linkPins(): string[] {
    return this.#accepted(({ linkKey, formerLinkKey }) => [linkKey, formerLinkKey], this.#present.link).map(publicKeyThumbprint);
  }

  /** Pins of all keys by which clients may be served, the present one first: `SHA256:` and base64. */
  get certificatePins(): string[] {
    return this.#accepted(({ tlsKey, formerTlsKey }) => [tlsKey, formerTlsKey], this.#present.tls).map(publicKeyPin);
  }

  /** What gateways are told; undefined before the first rotation: their configuration says it. */
  get statement(): LinkPinStatement | undefined {
    return this.#newest === undefined ? undefined : { pins: this.linkPins, issuedAt: this.#newest.statedAt };
  }

  /** The key by which the link to a gateway is opened that has kept the statement of `toldAt`: the former one where it does not know the present one; undefined is the present one. */
  linkFor(toldAt: Date | null): LinkIdentity | undefined {
    const { stage, beganAt } = this.#newest ?? {};
    if (stage !== 'switched' || beganAt === undefined || this.#former === undefined || (toldAt !== null && toldAt >= beganAt)) return undefined;
    return { certificatePem: this.#former.link.certificate, keyPem: this.#former.link.key };
  }

  /** Calls `listener` when another step of a rotation is in force here. */
  onChanged(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Reads the database again; what has changed is in force when this resolves. */
  refresh(): Promise<void> {
    const done = this.#busy.then(() => this.#refresh());
    this.#busy = done.catch(() => undefined);
    return done;
  }

  async #refresh(): Promise<void> {
    const { database, folder, host, clock, log } = this.#parts;
    // Of those that are finished only the newest still says anything.
    const rows = await database.select().from(serviceKeyRotations).orderBy(desc(serviceKeyRotations.beganAt)).limit(2);
    const [newest] = rows;
    const reached = rows.find(({ stage }) => stage !== 'announced');
    if (reached !== undefined && (reached.linkKey !== this.#present.link.publicKey || reached.tlsKey !== this.#present.tls.publicKey)) {
      this.#present = await replaceTlsKeys(folder, host, this.#opened(reached), clock.now());
      log.warn('the service goes by its new keys', { state: reached.stage });
    }
    if (newest?.stage !== 'switched') this.#former = undefined;
    else if (this.#former?.id !== newest.id) {
      const { formerLink } = this.#opened(newest);
      this.#former = formerLink === null ? undefined : { id: newest.id, link: await linkIdentityOf(formerLink, clock.now()) };
    }
    const changed = newest?.id !== this.#newest?.id || newest?.stage !== this.#newest?.stage;
    this.#newest = newest;
    if (changed) for (const listener of this.#listeners) listener();
  }

  #opened({ id, sealed }: ServiceKeyRotationRow): z.infer<typeof sealedServiceKeys> {
    const { seal } = this.#parts;
    return sealedServiceKeys.parse(JSON.parse(seal.open(id, seal.keyVersion, sealed)));
  }

  /** The present key, and beside it the other one of a rotation that runs. */
  #accepted(of: (row: ServiceKeyRotationRow) => string[], { publicKey }: TlsIdentity): string[] {
    const row = this.#newest;
    return row === undefined || row.stage === 'finished' ? [publicKey] : [publicKey, ...of(row).filter((key) => key !== publicKey)];
  }
}
