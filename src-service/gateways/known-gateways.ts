import type { SegmentState } from '../../shared/api/gateways.ts';
import type { TunnelFields } from '../../shared/api/tunnel.ts';
import { protocol } from '../../shared/ids.ts';
import { isUsable } from '../choice/gateway-choice.ts';
import { isDefault, type PathGateway } from '../choice/path-choice.ts';
import type { Clock } from '../clock.ts';
import { asChoosable, type GatewayRow } from './gateway-record.ts';
import { statesBySegment } from './segment-states.ts';

/**
 * What was read is used for so long. Changes of any instance end it at once (`forget`); this bounds what a lost notice, and
 * the moments of confirmation, which are nobody's notice, may be behind.
 */
const VALID_MS = 500;

/** All gateways at one moment. */
export interface GatewaysNow {
  readonly choosable: readonly (PathGateway & { readonly row: GatewayRow })[];
  readonly segments: ReadonlyMap<string | null, SegmentState>;
  /** The switch, and whether a default gateway would be chosen as a first hop (S17, S22). */
  readonly tunnel: { readonly enabled: boolean; readonly available: boolean };
}

export interface KnownGatewaysParts {
  readonly clock: Clock;
  readonly list: () => Promise<readonly GatewayRow[]>;
  readonly tunnel: () => Promise<TunnelFields>;
}

/**
 * All gateways, read once for all who ask at about the same time: each request for a connection and each client's segments need
 * every one of them, and a thousand gateways times a thousand clients would be a million rows for one change.
 */
export class KnownGateways {
  readonly #parts: KnownGatewaysParts;
  #reading: Promise<GatewaysNow> | undefined;
  #validUntilMs = 0;

  constructor(parts: KnownGatewaysParts) {
    this.#parts = parts;
  }

  /** All gateways as they are now; whoever asks after `forget` gets nothing that was read before it. */
  now(): Promise<GatewaysNow> {
    const { clock } = this.#parts;
    if (this.#reading !== undefined && clock.monotonicMs() < this.#validUntilMs) return this.#reading;
    const reading = this.#read();
    this.#reading = reading;
    this.#validUntilMs = clock.monotonicMs() + VALID_MS;
    // A failure is that of those who waited for it; the next one asks again.
    reading.catch(() => this.#reading === reading && this.forget());
    return reading;
  }

  /** Something of a gateway was written. */
  forget(): void {
    this.#reading = undefined;
  }

  async #read(): Promise<GatewaysNow> {
    const [rows, { enabled, default: through }] = await Promise.all([this.#parts.list(), this.#parts.tunnel()]);
    const now = this.#parts.clock.now();
    const choosable = rows.map((row) => asChoosable(row, now));
    const available = choosable.some((gateway) => isDefault(gateway, through) && gateway.reachedThrough === 'direct' && protocol.options.some((name) => isUsable(gateway, name)));
    return { choosable, segments: statesBySegment(choosable), tunnel: { enabled, available } };
  }
}
