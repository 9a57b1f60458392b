import { gateway, gatewayHistory as historySchema, type Gateway, type GatewayHistory } from '../../../shared/api/gateways.ts';
import { defaultPortPreference } from '../../../shared/gateway-configuration.ts';
import type { GatewaysState } from '../../../shared/ipc/stores.ts';

/** Made-up gateways in every state, for the Gateway management page. */
const id = (number: number) => `00000000-0000-4000-8000-${(0x600 + number).toString(16).padStart(12, '0')}`;
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const protocols = ['ssh', 'sftp', 'vnc', 'rdp'] as const;

function made(number: number, name: string, segment: string | null, status: object, more: object = {}): Gateway {
  const pending = 'state' in status && status.state === 'pending';
  return gateway.parse({
    id: id(number), name, segment, addresses: { host: `203.0.113.${number}`, linkPort: 443, proxyPorts: [7993, 7994, 7995] }, portPreference: defaultPortPreference([7993, 7994, 7995]), over443: true, reachedThroughDefault: false,
    keyFingerprint: pending ? null : 'SHA256:Zk3v9QmXn5RbTw2YhLp7DcJf4GsUe8AoKi1VqBz6M0Y', nextKeyFingerprint: null, draining: false, disabled: false, createdAt: '2026-10-02T03:04:05.000Z',
    status: {
      state: 'available', code: null, detail: '', confirmedAt: ago(number % 14), changedAt: ago(3600 * number + 40), sessions: number * 3, version: '0.1.0', roundTripMs: 4 + number * 7.4, ejected: false, load: { cpu: 0.07 * number, memoryBytes: 240e6 + number * 3e7 },
      ports: [7993, 7994, 7995].map((port) => ({ port, open: true, protocols: [...protocols] })), ...status,
    },
    ...more,
  });
}

const never = { confirmedAt: null, sessions: null, version: null, roundTripMs: null, load: null, ports: [] };

export function madeGateways(): Gateway[] {
  return [
    made(1, 'office1-gw-1', 'gateway-office1', {}),
    made(2, 'office1-gw-2', 'gateway-office1', { state: 'draining', code: 'gateway.draining' }, { draining: true }),
    made(3, 'tokyo-gw-1', 'gateway-tokyo', { state: 'degraded', code: 'gateway.port-closed', detail: '7994', ports: [7993, 7994, 7995].map((port) => ({ port, open: port !== 7994, protocols: [...protocols] })) }),
    made(4, 'tokyo-gw-2', 'gateway-tokyo', { ejected: true }),
    // Said to be five minutes for most of a minute still, however long a page takes to open.
    made(5, 'aws-gw-1', 'gateway-aws', { state: 'unavailable', code: 'gateway.link-unreachable', confirmedAt: ago(275) }),
    made(6, 'aws-gw-2', 'gateway-aws', { state: 'unavailable', code: 'gateway.link-pin-mismatch', confirmedAt: ago(7000) }),
    made(7, 'taipei-gw-1', 'gateway-taipei', { ...never, state: 'pending', code: 'gateway.no-key' }),
    made(8, 'spare-gw', null, { state: 'disabled' }, { disabled: true }),
  ];
}

/** The store `gateways` of a scene. */
export function gateways(scene: string): GatewaysState {
  if (scene === 'gateways-failed') return { status: 'failed', error: { code: 'service.time-out', args: { address: 'mavis.nishi.example' }, reference: null }, items: {} };
  if (scene === 'gateways-loading') return { status: 'loading', error: null, items: {} };
  if (scene === 'gateways-empty') return { status: 'ready', error: null, items: {} };
  return { status: 'ready', error: null, items: Object.fromEntries(madeGateways().map((one) => [one.id, one])) };
}

/** A day in which the gateway was away twice. */
export function gatewayHistory(gatewayId: string): GatewayHistory {
  const hours = (number: number) => ago(number * 3600);
  const change = (at: string, state: string, code: string | null = null) => ({ at, state, code });
  return historySchema.parse({
    from: hours(24), until: ago(0), before: gatewayId === id(7) ? null : change(hours(80), 'available'), complete: true,
    changes: gatewayId === id(7) ? [change(hours(1), 'pending', 'gateway.no-key')] : [change(hours(15), 'unavailable', 'gateway.link-time-out'), change(hours(13), 'available'), change(hours(6), 'degraded', 'gateway.port-closed'), change(hours(5), 'available')],
  });
}
