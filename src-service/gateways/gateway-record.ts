import type { Gateway } from '../../shared/api/gateways.ts';
import type { GatewayPublicKeys } from '../../shared/gateway-key.ts';
import type { PathGateway } from '../choice/path-choice.ts';
import type { PinnedAddress } from '../link/pinned-tls.ts';
import type { gateways } from '../store/schema.ts';
import { keyFingerprint, nextKeysOf, pinsOf, presentKeysOf } from './gateway-keys.ts';

/** A gateway as the store holds it. */
export type GatewayRow = typeof gateways.$inferSelect;

/** A state that nobody confirmed for so long counts as unavailable: four syncs (S10), so that a lease may change hands meanwhile. */
export const CONFIRMATION_VALID_MS = 60_000;

/** A gateway as the API shows it. */
export function asGateway(row: GatewayRow): Gateway {
  return {
    id: row.id,
    name: row.name,
    segment: row.segment,
    addresses: { host: row.host, linkPort: row.linkPort, proxyPorts: row.proxyPorts },
    portPreference: row.portPreference,
    over443: row.over443,
    reachedThroughDefault: row.reachedThrough === 'default',
    keyFingerprint: fingerprintOf(presentKeysOf(row)),
    nextKeyFingerprint: fingerprintOf(nextKeysOf(row)),
    draining: row.draining,
    disabled: row.disabled,
    status: {
      state: row.state,
      code: row.stateCode,
      detail: row.stateDetail,
      confirmedAt: row.confirmedAt?.toISOString() ?? null,
      changedAt: row.stateChangedAt.toISOString(),
      sessions: row.sessions,
      version: row.version,
      roundTripMs: row.roundTripMs,
      ejected: row.ejectedAt !== null,
      load: row.loadCpu === null || row.loadMemoryBytes === null ? null : { cpu: row.loadCpu, memoryBytes: row.loadMemoryBytes },
      ports: row.ports,
    },
    createdAt: row.createdAt.toISOString(),
  };
}

function fingerprintOf(keys: GatewayPublicKeys | null): string | null {
  return keys === null ? null : keyFingerprint(keys);
}

/** A gateway as the choice sees it at `now`. */
export function asChoosable<R extends GatewayRow>(row: R, now: Date): PathGateway & { readonly row: R } {
  const confirmed = row.confirmedAt !== null && now.getTime() - row.confirmedAt.getTime() <= CONFIRMATION_VALID_MS;
  return {
    id: row.id,
    segment: row.segment,
    state: confirmed || row.state === 'draining' || row.state === 'disabled' || row.state === 'pending' ? row.state : 'unavailable',
    carries: new Set(row.ports.filter(({ open }) => open).flatMap(({ protocols }) => protocols)),
    ejected: row.ejectedAt !== null,
    reachedThrough: row.reachedThrough,
    row,
  };
}

/** Pins by which a gateway's TLS key is known now: the present one and, during a rotation, the next (rule 15). */
export function tlsPinsOf(row: Pick<GatewayRow, 'tlsKey' | 'nextTlsKey'>): string[] {
  return pinsOf([row.tlsKey, row.nextTlsKey]);
}

/** Where the link of a gateway is. */
export function linkAddressOf(row: GatewayRow): PinnedAddress {
  return { gatewayName: row.name, host: row.host, port: row.linkPort, pins: tlsPinsOf(row) };
}
