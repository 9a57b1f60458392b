import { z } from 'zod';

const pem = z.string();
/** What the benchmark asks of a gateway's process. */
export const gatewayCommand = z.discriminatedUnion('kind', [
  /** A ticket for a session with the target on a port of loopback; `recorded` where all its bytes go into a recording. */
  z.object({ kind: z.literal('target'), port: z.number(), thumbprint: z.string(), recorded: z.boolean() }),
  /** Recordings that are closed go. */
  z.object({ kind: z.literal('forget'), thumbprint: z.string() }),
  /** A ticket for a wire to another gateway. */
  z.object({ kind: z.literal('forward'), thumbprint: z.string(), gatewayId: z.uuid(), gatewayName: z.string(), ports: z.array(z.number()) }),
]);
export const gatewayReady = z.object({ gatewayId: z.uuid(), name: z.string(), pin: z.string(), linkPort: z.number(), proxyPorts: z.array(z.number()) });
export type GatewayReady = z.infer<typeof gatewayReady>;
/** A ticket; empty where none was asked for. */
export const gatewayTicket = z.object({ ticket: z.string() });
/** The protocol that stands for a relay without, or with, a recording in the gateways of the benchmark. */
export const relayProtocol = { plain: 'ssh', recorded: 'vnc' } as const;

const hop = z.object({ gatewayName: z.string(), ports: z.array(z.array(z.number())), pin: z.string(), ticket: z.string() });
/** What the benchmark asks of the client's process: a session over these hops, and a port of loopback that leads into it. */
export const clientCommand = z.object({ hops: z.array(hop).min(1).max(2), protocol: z.enum(['ssh', 'vnc']).default('ssh') });
export const clientReady = z.object({ thumbprint: z.string() });
export const clientOpened = z.object({ port: z.number() });
export const identity = z.object({ privateKeyPem: pem, certificatePem: pem });
