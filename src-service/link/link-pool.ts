import type { MavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayId } from '../../shared/ids.ts';
import { GatewayLink } from './gateway-link.ts';
import type { LinkAddress } from './link-forward.ts';
import type { LinkIdentity } from './link-identity.ts';

export interface LinkPoolOptions {
  readonly identity: LinkIdentity;
  readonly random: () => number;
  /** A gateway's control connection stands (again). */
  readonly onOpen: (gatewayId: GatewayId) => void;
  /** A gateway's control connection was lost. */
  readonly onLost: (gatewayId: GatewayId, reason: MavisError) => void;
}

/** The links of this instance, one per gateway; owns and stops them. */
export class LinkPool {
  readonly #options: LinkPoolOptions;
  readonly #links = new Map<GatewayId, GatewayLink>();

  constructor(options: LinkPoolOptions) {
    this.#options = options;
  }

  /** The link to a gateway; made anew where its address or the way to it have changed, or where a pin is good no more. */
  linkTo(gatewayId: GatewayId, address: LinkAddress): GatewayLink {
    const current = this.#links.get(gatewayId);
    if (current !== undefined && sameAddress(current.address, address) && current.address.pins.every((pin) => address.pins.includes(pin))) {
      current.useKeys(address);
      return current;
    }
    current?.stop();
    const link = new GatewayLink({
      address,
      identity: this.#options.identity,
      random: this.#options.random,
      onControlOpen: () => this.#options.onOpen(gatewayId),
      onControlLost: (reason) => this.#options.onLost(gatewayId, reason),
    });
    this.#links.set(gatewayId, link);
    return link;
  }

  /** Closes the link to a gateway that was removed or disabled. */
  remove(gatewayId: GatewayId): void {
    this.#links.get(gatewayId)?.stop();
    this.#links.delete(gatewayId);
  }

  /** Closes all links. */
  stop(): void {
    for (const link of this.#links.values()) link.stop();
    this.#links.clear();
  }
}

function sameAddress(a: LinkAddress, b: LinkAddress): boolean {
  return (a.behind === undefined) === (b.behind === undefined) && a.host === b.host && a.port === b.port && a.gatewayName === b.gatewayName;
}
