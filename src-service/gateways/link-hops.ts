import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { GatewayId } from '../../shared/ids.ts';
import { chooseLinkHop, isDefault } from '../choice/path-choice.ts';
import type { BehindDefault } from '../link/link-forward.ts';
import type { TunnelSettings } from '../tunnel/tunnel-settings.ts';
import type { PinnedAddress } from '../link/pinned-tls.ts';
import type { GatewayRow } from './gateway-record.ts';
import type { Gateways } from './gateways.ts';

export interface LinkHopsParts {
  readonly gateways: Pick<Gateways, 'choosable'>;
  readonly tunnel: Pick<TunnelSettings, 'read'>;
  /** Where the link of a gateway that is reached directly is, and by which key of the service it is opened. */
  readonly addressOf: (row: GatewayRow) => PinnedAddress;
  readonly randomInt: (bound: number) => number;
}

/** Which default gateway the links to those behind it go through (rule 8). */
export class LinkHops {
  readonly #parts: LinkHopsParts;

  constructor(parts: LinkHopsParts) {
    this.#parts = parts;
  }

  /** The way to a gateway: for each opening of its link the default gateway to go through, another one than the last time where there is one, as that opening failed or its wire broke. */
  to({ id: gatewayId, name }: Pick<GatewayRow, 'id' | 'name'>): BehindDefault {
    let last: GatewayId | undefined;
    const firstHop: BehindDefault['firstHop'] = async () => {
      const { gateways, tunnel, addressOf, randomInt } = this.#parts;
      const hop = chooseLinkHop(await gateways.choosable(), (await tunnel.read()).default, last, randomInt);
      last = hop?.id;
      if (hop === undefined) throw new MavisError('gateway.default-missing', { gateway: name });
      return addressOf(hop.row);
    };
    return { gatewayId, firstHop };
  }

  /** The gateways that may be reached again where a gateway answers again: those behind it, where it is a default gateway; else none. */
  async behind(gatewayId: GatewayId): Promise<GatewayId[]> {
    const hidden = (await this.behindAny()).filter((id) => id !== gatewayId);
    if (hidden.length === 0) return hidden;
    const opened = (await this.#parts.gateways.choosable()).find(({ id }) => id === gatewayId);
    return opened !== undefined && isDefault(opened, (await this.#parts.tunnel.read()).default) ? hidden : [];
  }

  /** The gateways that only the default gateway reaches. */
  async behindAny(): Promise<GatewayId[]> {
    return (await this.#parts.gateways.choosable()).filter(({ reachedThrough }) => reachedThrough === 'default').map(({ id }) => id);
  }
}
