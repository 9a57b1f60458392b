import { and, eq, isNull, lt, or } from 'drizzle-orm';
import type { GatewayId } from '../../shared/ids.ts';
import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { ServicePinAnnouncement } from '../../shared/link/messages.ts';
import { servicePinsText } from '../../shared/link/signed-texts.ts';
import type { KeysInForce } from '../keys/keys-in-force.ts';
import { isLinkFault } from '../link/link-errors.ts';
import type { Log } from '../logging/log.ts';
import type { Database } from '../store/database.ts';
import { notify } from '../store/notify.ts';
import { gateways } from '../store/schema.ts';
import type { SigningKey } from './configuration-file.ts';
import type { GatewayRow } from './gateway-record.ts';

export interface PinAnnouncerParts {
  readonly database: Database;
  readonly log: Log;
  readonly keys: Pick<KeysInForce, 'statement'>;
  readonly signing: SigningKey;
}

/**
 * Tells gateways over the link by which keys the service opens its links, and notes who has kept it (rule 15). Each is told
 * when its link opens, as it may have lost what it knew, and again when something has changed since.
 */
export class PinAnnouncer {
  readonly #parts: PinAnnouncerParts;
  /** The statement that each was told last. */
  readonly #told = new Map<GatewayId, number>();

  constructor(parts: PinAnnouncerParts) {
    this.#parts = parts;
  }

  /** Tells one gateway, where it has not heard of what is now. Rejects as the link does; after a link that failed the next call tries again. */
  async tell({ id, name }: Pick<GatewayRow, 'id' | 'name'>, link: { readonly announceServicePins: (announcement: ServicePinAnnouncement) => Promise<readonly string[]> }): Promise<void> {
    const { keys, signing, log } = this.#parts;
    const { statement } = keys;
    if (statement === undefined || this.#told.get(id) === statement.issuedAt.getTime()) return;
    const unsigned = { pins: [...statement.pins], issuedAt: statement.issuedAt.toISOString() };
    // A gateway that refuses it is not asked again before its link is opened anew.
    this.#told.set(id, statement.issuedAt.getTime());
    try {
      const kept = new Set(await link.announceServicePins({ ...unsigned, signature: signing.sign(servicePinsText(id, unsigned)) }));
      if (kept.size === statement.pins.length && statement.pins.every((pin) => kept.has(pin))) await this.#note(id, statement.issuedAt);
      else log.warn('a gateway goes by a configuration file that was made after the keys were announced', { gatewayId: id, gatewayName: name });
    } catch (error) {
      if (isLinkFault(asMavisError(error).code)) this.#told.delete(id);
      throw error;
    }
  }

  /** The link was opened anew: the gateway may be another one, or have lost what it knew. */
  forget(gatewayId: GatewayId): void {
    this.#told.delete(gatewayId);
  }

  async #note(gatewayId: GatewayId, statedAt: Date): Promise<void> {
    await this.#parts.database.transaction(async (transaction) => {
      const noted = await transaction
        .update(gateways)
        .set({ serviceKeysToldAt: statedAt })
        .where(and(eq(gateways.id, gatewayId), or(isNull(gateways.serviceKeysToldAt), lt(gateways.serviceKeysToldAt, statedAt))))
        .returning({ id: gateways.id });
      if (noted.length > 0) await notify(transaction, 'service_keys', gatewayId);
    });
  }
}
