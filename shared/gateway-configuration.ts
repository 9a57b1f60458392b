import { z } from 'zod';
import { gatewayId, instant, protocol, sha256 } from './ids.ts';

const port = z.number().int().min(1).max(65_535);

/** The order of preference in which a client tries the proxy ports for each protocol (rule 7, S75). A gateway has at most 8 of them. */
export const portPreference = z.record(protocol, z.array(z.array(port).min(1).max(8)).min(1).max(8));
export type PortPreference = z.infer<typeof portPreference>;

/** What an administrator sets of a gateway's ports while it runs: which protocols each proxy port carries (S75), and whether sessions may run over the link port (443) as well. */
export const portMap = z.object({ portPreference, over443: z.boolean() });
export type PortMap = z.infer<typeof portMap>;

/** 7993 SSH and SFTP first, 7994 RDP first, 7995 VNC first, each able to carry all (S61, S75). Ports of one inner list are of equal preference. */
export function defaultPortPreference([first, second, third]: readonly [number, number, number]): PortPreference {
  return { ssh: [[first], [second, third]], sftp: [[first], [second, third]], rdp: [[second], [first, third]], vnc: [[third], [first, second]] };
}

/** What the service tells a gateway about itself and the service: the file that an administrator carries over (S36). */
export const gatewayConfiguration = z.object({
  version: z.literal(1),
  gatewayId,
  name: z.string(),
  segment: z.string().nullable(),
  issuedAt: instant,
  listen: z.object({ host: z.string(), linkPort: port, proxyPorts: z.array(port).min(1).max(8) }),
  portPreference,
  /** Whether sessions may run over the link port where the proxy ports cannot be reached. */
  over443: z.boolean().default(true),
  service: z.object({
    /** SHA-256 of the SubjectPublicKeyInfo of the key by which the service opens its links. */
    linkPins: z.array(sha256).min(1),
    /** SubjectPublicKeyInfo (Ed25519), base64url: signs this file and the audit heads. */
    signingKeys: z.array(z.string()).min(1),
    /** SubjectPublicKeyInfo (X25519), base64url: recordings are sealed to it (rule 19). */
    recordingKey: z.string(),
    /** Addresses of the service and its database, which a gateway never dials as a target (rule 13). */
    addresses: z.array(z.string()),
  }),
});
export type GatewayConfiguration = z.infer<typeof gatewayConfiguration>;

/** The file itself: the configuration as text, signed with Ed25519 over exactly these UTF-8 bytes. */
export const signedGatewayConfiguration = z.object({ configuration: z.string().max(65_536), signature: z.string(), signingKey: z.string() });
export type SignedGatewayConfiguration = z.infer<typeof signedGatewayConfiguration>;
