import { MavisError } from '../../shared/errors/mavis-error.ts';
import type { NextHop } from '../../shared/link/messages.ts';
import type { Clock } from '../clock/clock.ts';
import type { SpecialAddress } from '../target-address/address-kind.ts';
import type { ReachedTarget, TargetDialler } from '../target-address/target-dialler.ts';

/** All ports of the next gateway together: of the 15 s of a connection (rule 4) another gateway's try and the sign-on need the rest. */
const NEXT_HOP_LIMIT_MS = 5000;

/**
 * Addresses out of the ordinary that a gateway may have: it may stand on this machine, or beside the service. They are entered
 * by the administrator, not by whoever owns a resource. A metadata service, a link-local or a multicast address is never one,
 * and this gateway's own listeners and the service's port are refused like for any target (rule 13).
 */
export const HOP_ADDRESSES: ReadonlySet<SpecialAddress | 'own' | 'service'> = new Set(['loopback', 'own', 'service'] as const);

export interface NextHopDiallerParts {
  readonly dialler: Pick<TargetDialler, 'dial'>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'setTimer'>;
}

/** A next gateway that was reached, and on which of its ports. */
export interface ReachedHop extends ReachedTarget {
  readonly port: number;
}

/**
 * Reaches the gateway that a grant names, on the ports that it names, in their order. Rejects with `tunnel.next-unreachable`
 * (the last failure as cause) or the signal's reason.
 */
export async function dialNextHop({ dialler, clock }: NextHopDiallerParts, next: NextHop, signal: AbortSignal): Promise<ReachedHop> {
  const late = new AbortController();
  const timer = clock.setTimer(() => late.abort(new MavisError('gateway.time-out', { gateway: next.gatewayName })), NEXT_HOP_LIMIT_MS);
  let failure: unknown;
  try {
    for (const port of next.ports.flat()) {
      try {
        return { ...(await dialler.dial({ host: next.host, port, allowSpecialAddress: HOP_ADDRESSES }, AbortSignal.any([signal, late.signal]))), port };
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
        if (late.signal.aborted) break;
      }
    }
  } finally {
    timer.cancel();
  }
  throw new MavisError('tunnel.next-unreachable', { gateway: next.gatewayName }, { cause: failure });
}
