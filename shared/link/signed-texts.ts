import type { GatewayId } from '../ids.ts';

/** What the service signs (Ed25519) when it announces the next key of its links to a gateway (rule 15). */
export function servicePinAnnouncementText(gateway: GatewayId, pin: string): string {
  return `mavis-service-pin-1\n${gateway}\n${pin}`;
}
