import { createHash } from 'node:crypto';
import type { ConnectionOffer } from '../../shared/api/connections.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import type { CredentialId, Protocol } from '../../shared/ids.ts';
import type { ForwardGrant, GrantedCredential, TargetGrant } from '../../shared/link/messages.ts';
import type { PathGateway } from '../choice/path-choice.ts';
import { portOrder } from '../choice/port-order.ts';
import type { Clock } from '../clock.ts';
import { tlsPinsOf, type GatewayRow } from '../gateways/gateway-record.ts';
import type { GatewayLink } from '../link/gateway-link.ts';
import type { Database, Transaction } from '../store/database.ts';
import { connectionForwards } from '../store/schema.ts';
import type { Allowed, Asker } from './connection-access.ts';
import type { ConnectionRow } from './connection-transitions.ts';

/** A ticket works for so long from its receipt at the gateway (rule 2). */
export const TICKET_SECONDS = 30;
/** A session whose gateway hears nothing from the service ends after so long (rule 11): people from outside sooner. */
export const UNSUPERVISED_SECONDS = { vendor: 60, others: 900 } as const;

/** A gateway as a way is chosen from it. */
export type Choosable = PathGateway & { readonly row: GatewayRow };
/** A gateway of the way with the ticket that works there. */
export interface GrantedHop {
  readonly gateway: Choosable;
  readonly ticket: string;
}
/** A connection, as far as its grants speak of it. */
export type AskedConnection = Pick<ConnectionRow, 'id' | 'reference' | 'deadlineAt' | 'protocol' | 'foreignClient'>;

export interface ConnectionGrantsParts {
  readonly database: Database;
  readonly clock: Pick<Clock, 'now'>;
  readonly linkTo: (row: GatewayRow) => Pick<GatewayLink, 'grant'>;
  readonly openCredential: (transaction: Transaction, id: CredentialId) => Promise<GrantedCredential>;
  readonly randomBytes: (bytes: number) => Uint8Array;
  readonly randomInt: (bound: number) => number;
}

/** What gateways are granted of a connection (rule 2), and what of it is told to the client (rule 8). */
export class ConnectionGrants {
  readonly #parts: ConnectionGrantsParts;

  constructor(parts: ConnectionGrantsParts) {
    this.#parts = parts;
  }

  /** Pushes a fresh ticket to the gateway that reaches the target. Only its hash and the target's secret go there; only the ticket goes to the client. */
  async toTarget(asker: Asker, row: AskedConnection, access: Allowed, gateway: Choosable, tunnel: boolean, timeLimitMs: number): Promise<GrantedHop | { readonly error: MavisError }> {
    const { database, openCredential } = this.#parts;
    const { resource, policy } = access;
    const port = resource.protocols.find((one) => one.protocol === row.protocol)?.port;
    if (port === undefined) return { error: new MavisError('resource.protocol-unknown', { protocol: row.protocol }) };
    const { credentialId } = resource;
    if (access.signOn === 'stored' && credentialId === null) return { error: new MavisError('resource.no-credential') };
    const credential: GrantedCredential = access.signOn === 'stored' && credentialId !== null ? await database.transaction((transaction) => openCredential(transaction, credentialId)) : { kind: 'ask-user' };
    const ticket = this.#newTicket();
    const grant: TargetGrant = {
      kind: 'target',
      ...grantBase(asker, row, access, ticket),
      over443: policy.over443 && gateway.row.over443,
      user: { id: asker.user.id, name: asker.user.name, displayName: asker.user.displayName },
      resource: { id: resource.id, name: resource.name },
      protocol: row.protocol,
      target: {
        host: resource.address, port, allowSpecialAddress: resource.allowSpecialAddress, identities: resource.identities,
        // First-use trust only where no stored secret could go to the wrong host (rule 14).
        firstUseTrust: access.signOn === 'ask-user' && policy.firstUseTrust,
        allowUnencrypted: !tunnel || resource.allowUnencryptedTunnel,
        allowAnonymousTls: false,
        // The identities of a resource that speaks SSH too may be its host keys: they say nothing of a certificate.
        identityRequired: row.protocol === 'ssh' || row.protocol === 'sftp' || !resource.protocols.some(({ protocol }) => protocol === 'ssh' || protocol === 'sftp'),
      },
      credential,
      policy,
    };
    return this.#push(gateway, grant, ticket, timeLimitMs);
  }

  /** Pushes a forward to a first hop: it learns the next gateway's address and nothing of target or credential (rule 2). */
  async forward(asker: Asker, row: AskedConnection, access: Allowed, first: Choosable, last: Choosable, timeLimitMs: number): Promise<GrantedHop | { readonly error: MavisError }> {
    const { database, clock, randomInt } = this.#parts;
    const ports = portOrder(last.row.portPreference, last.row.ports, row.protocol, randomInt);
    if (ports.length === 0) return { error: new MavisError('gateway.port-closed', { ports: last.row.proxyPorts.join(', ') }) };
    const ticket = this.#newTicket();
    const grant: ForwardGrant = {
      kind: 'forward',
      ...grantBase(asker, row, access, ticket),
      over443: access.policy.over443 && first.row.over443,
      userId: asker.user.id,
      next: { gatewayId: last.id, gatewayName: last.row.name, host: last.row.host, ports },
    };
    // Written first: the gateway's journal may tell of the forward before its answer is here.
    await database.insert(connectionForwards).values({ ticketSha256: grant.ticketSha256, connectionId: row.id, gatewayId: first.id, gatewayName: first.row.name, nextGatewayId: last.id, nextGatewayName: last.row.name, grantedAt: clock.now() });
    return this.#push(first, grant, ticket, timeLimitMs);
  }

  /** The gateway that a client dials, with its address. */
  firstHop({ gateway, ticket }: GrantedHop, access: Allowed, protocol: Protocol): ConnectionOffer['hops'][number] {
    const { host, portPreference, ports, over443, linkPort } = gateway.row;
    return { ...namedHop({ gateway, ticket }), host, ports: portOrder(portPreference, ports, protocol, this.#parts.randomInt), fallbackPort: access.policy.over443 && over443 ? linkPort : null };
  }

  async #push(gateway: Choosable, grant: TargetGrant | ForwardGrant, ticket: string, timeLimitMs: number): Promise<GrantedHop | { readonly error: MavisError }> {
    try {
      await this.#parts.linkTo(gateway.row).grant(grant, { timeLimitMs });
      return { gateway, ticket };
    } catch (thrown) {
      return { error: asMavisError(thrown) };
    }
  }

  #newTicket(): string {
    return Buffer.from(this.#parts.randomBytes(32)).toString('base64url');
  }
}

/** A gateway by its name and key alone (rule 8), with the ticket that works there. */
export function namedHop({ gateway, ticket }: GrantedHop) {
  return { gatewayId: gateway.id, gatewayName: gateway.row.name, segment: gateway.segment, pins: tlsPinsOf(gateway.row), ticket };
}

/** What every grant of a connection says (rule 2). */
function grantBase(asker: Asker, row: AskedConnection, access: Allowed, ticket: string) {
  return {
    connectionId: row.id,
    reference: row.reference,
    ticketSha256: createHash('sha256').update(ticket).digest('base64url'),
    clientKeyThumbprint: asker.clientKeyThumbprint,
    ticketSeconds: TICKET_SECONDS,
    notAfter: access.notAfter.toISOString(),
    maxUnsupervisedSeconds: asker.user.role === 'vendor' ? UNSUPERVISED_SECONDS.vendor : UNSUPERVISED_SECONDS.others,
  };
}
