import type { GatewayPublicKeys } from '../gateway-key.ts';
import type { GatewayId } from '../ids.ts';
import type { AddressAnnouncement, ServicePinAnnouncement } from './messages.ts';

/** What the service signs (Ed25519) when it announces to a gateway by which keys it opens its links from now on (rule 15). */
export function servicePinsText(gateway: GatewayId, { pins, issuedAt }: Omit<ServicePinAnnouncement, 'signature'>): string {
  return `mavis-service-pins-1\n${gateway}\n${issuedAt}\n${pins.join('\n')}`;
}

/** What a gateway signs with its present signing key (Ed25519) when it announces its next keys (rule 15). */
export function nextGatewayKeysText(gateway: GatewayId, { tls, signing }: GatewayPublicKeys): string {
  return `mavis-gateway-next-key-1\n${gateway}\n${tls}\n${signing}`;
}

/** What an instance of the service signs (Ed25519) when it announces to a gateway where it is; JSON, because an address may hold any letter. */
export function serviceAddressesText(gateway: GatewayId, { instance, addresses, issuedAt }: Omit<AddressAnnouncement, 'signature'>): string {
  return `mavis-service-addresses-1\n${gateway}\n${instance}\n${issuedAt}\n${JSON.stringify(addresses)}`;
}
