import { asMavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayId } from '../../shared/ids.ts';
import type { AddressAnnouncement } from '../../shared/link/messages.ts';
import { serviceAddressesText } from '../../shared/link/signed-texts.ts';
import { isLinkFault } from '../link/link-errors.ts';
import type { SigningKey } from './configuration-file.ts';

/** As many as a gateway takes; a machine with more has them in its configuration file. */
const MAX_ADDRESSES = 100;

export interface AddressAnnouncerParts {
  /** Where this instance and its database are now. */
  readonly addresses: () => readonly string[];
  readonly signing: SigningKey;
  /** What this instance is called: the same over its restarts, another for each instance of the same service. */
  readonly instance: string;
  readonly now: () => Date;
}

/**
 * Tells gateways over the link where this instance of the service is, so that a change reaches those that were installed
 * before it (rule 13). Each gateway is told when its link opens, and again when something has changed since.
 */
export class AddressAnnouncer {
  readonly #parts: AddressAnnouncerParts;
  readonly #told = new Map<GatewayId, string>();

  constructor(parts: AddressAnnouncerParts) {
    this.#parts = parts;
  }

  /** Tells one gateway, where it has not heard of what is now. Rejects as the link does; after a link that failed the next call tries again. */
  async tell(gatewayId: GatewayId, link: { readonly announceAddresses: (announcement: AddressAnnouncement) => Promise<void> }): Promise<void> {
    const { addresses, signing, instance, now } = this.#parts;
    const list = addresses().slice(0, MAX_ADDRESSES);
    const said = JSON.stringify(list);
    if (this.#told.get(gatewayId) === said) return;
    const unsigned = { instance, addresses: list, issuedAt: now().toISOString() };
    // A gateway that refuses it is not asked again before its link is opened anew.
    this.#told.set(gatewayId, said);
    try {
      await link.announceAddresses({ ...unsigned, signature: signing.sign(serviceAddressesText(gatewayId, unsigned)) });
    } catch (error) {
      if (isLinkFault(asMavisError(error).code)) this.#told.delete(gatewayId);
      throw error;
    }
  }

  /** The link was opened anew: the gateway may be another one, or have lost what it knew. */
  forget(gatewayId: GatewayId): void {
    this.#told.delete(gatewayId);
  }
}
