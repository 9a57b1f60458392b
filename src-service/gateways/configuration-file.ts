import { gatewayConfiguration, type SignedGatewayConfiguration } from '../../shared/gateway-configuration.ts';
import type { GatewayRow } from './gateway-record.ts';

/** What the service tells every gateway of itself. */
export interface ServiceAnnouncement {
  /** Pins of the keys by which it opens its links. */
  readonly linkPins: readonly string[];
  /** SubjectPublicKeyInfo (Ed25519), base64url. */
  readonly signingKeys: readonly string[];
  /** SubjectPublicKeyInfo (X25519), base64url. */
  readonly recordingKey: string;
  /** Its own and its database's addresses, which no gateway dials as a target (rule 13). */
  readonly addresses: readonly string[];
}

/** The service's Ed25519 key: its public half as SubjectPublicKeyInfo in base64url; signatures are base64url. */
export interface SigningKey {
  readonly publicKey: string;
  sign(text: string): string;
}

/** The configuration file of a gateway that listens on `listenHost`, signed with the service's Ed25519 key over exactly the text in it (S36). */
export function configurationFile(row: GatewayRow, listenHost: string, service: ServiceAnnouncement, signing: SigningKey, issuedAt: Date): SignedGatewayConfiguration {
  const configuration = JSON.stringify(
    gatewayConfiguration.parse({
      version: 1,
      gatewayId: row.id,
      name: row.name,
      segment: row.segment,
      issuedAt: issuedAt.toISOString(),
      listen: { host: listenHost, linkPort: row.linkPort, proxyPorts: row.proxyPorts },
      portPreference: row.portPreference,
      over443: row.over443,
      service: { linkPins: service.linkPins, signingKeys: service.signingKeys, recordingKey: service.recordingKey, addresses: service.addresses },
    }),
  );
  return { configuration, signature: signing.sign(configuration), signingKey: signing.publicKey };
}
