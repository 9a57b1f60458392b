import { isIPv6 } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { startAdminSocket, type AdminSocket } from './commands/admin-socket.ts';
import { runAdminCommand } from './commands/run-admin-command.ts';
import { AuditKeeper } from './audit/audit-keeper.ts';
import { Housekeeping } from './housekeeping.ts';
import { RateLimit } from './http/rate-limit.ts';
import { RefusedPeersAudit } from './http/refused-peers.ts';
import { createServer, useCertificate } from './http/server.ts';
import { publicKeyPin } from './keys/public-key.ts';
import type { OpenService } from './open-service.ts';
import { userId } from '../shared/ids.ts';

/** A service that answers; whoever started it stops it. */
export interface RunningService {
  readonly url: string;
  /** Of the server's key: `SHA256:` and base64. */
  readonly pin: string;
  readonly server: FastifyInstance;
  /** Stops in the reverse order of the start and closes what was opened. */
  stop(): Promise<void>;
}

/** A client lists 100,000 resources in a hundred pages, as fast as it can; a flood from one address is slowed to 200 a second. */
const ADDRESS_RATE = { burst: 1_000, perSecond: 200 } as const;
/** A sign-in is two requests; thirty people behind one address may sign in at once, a guesser who goes through names gets one try every two seconds (and five a name: `sign-in-failures.ts`). */
const SIGN_IN_RATE = { burst: 60, perSecond: 1 } as const;
/** How late a passed expiry may end sessions. */
const EXPIRY_EVERY_MS = 5_000;
const CLEANING_EVERY_MS = 5 * 60_000;

/** Starts everything in order: memory from the database, what others tell, gateways, the chain, chores, at last the server. */
export async function startService(opened: OpenService): Promise<RunningService> {
  const { core, gatewaySide, routes } = opened;
  const { log, configuration, keysInForce, clock, clientSessions, nonces } = core;
  const stops: (() => Promise<void>)[] = [() => opened.close()];
  const stopping = new AbortController();
  const stop = async (): Promise<void> => {
    stopping.abort();
    for (const one of stops.splice(0).toReversed()) await one();
  };
  try {
    await core.inventory.start((error) => log.error('the inventory could not be refreshed', { error }));
    stops.push(() => core.inventory.stop());
    await core.access.start((error) => log.error('access rules could not be refreshed', { error }));
    stops.push(() => core.access.stop());
    connectNotices(opened);
    stops.push(await core.store.listen('client_sessions', (payload) => void tellEnded(opened, payload)));
    // What the gateway side still writes while it stops is chained and signed too.
    stops.push(async () => {
      await core.auditChain.chainAll();
      await core.auditHeads.sign();
    });
    await gatewaySide.start();
    stops.push(() => gatewaySide.stop());
    const keeper = new AuditKeeper({ chain: core.auditChain, heads: core.auditHeads, log });
    keeper.start();
    stops.push(() => keeper.stop());
    const housekeeping = new Housekeeping(
      [
        { name: 'expiry', everyMs: EXPIRY_EVERY_MS, run: () => core.accounts.expire() },
        { name: 'old sessions', everyMs: CLEANING_EVERY_MS, run: () => clientSessions.removeOld() },
        { name: 'old nonces', everyMs: CLEANING_EVERY_MS, run: () => nonces.removeOld() },
        { name: 'old states of gateways', everyMs: CLEANING_EVERY_MS, run: () => gatewaySide.histories.removeOld() },
        { name: 'old reports', everyMs: CLEANING_EVERY_MS, run: () => core.sentReports.removeOld() },
        { name: 'old failures', everyMs: CLEANING_EVERY_MS, run: () => core.failures.removeOld() },
      ],
      log,
    );
    housekeeping.start();
    stops.push(() => housekeeping.stop());
    const authenticate = (token: string) => clientSessions.authenticate(token);
    const server = createServer(
      { key: keysInForce.present.tls.key, certificate: keysInForce.present.tls.certificate, trustedProxies: configuration.trustedProxies },
      routes,
      { authenticate, takeNonce: (nonce, expiresAt) => nonces.takeOnce(nonce, expiresAt), clock, addressLimit: new RateLimit(ADDRESS_RATE, clock), signInLimit: new RateLimit(SIGN_IN_RATE, clock), stopping: stopping.signal },
      log,
    );
    // From the next handshake on; connections that stand go on.
    keysInForce.onChanged(() => useCertificate(server, keysInForce.present.tls));
    core.metrics.serveOn(server, authenticate);
    const refusedPeers = new RefusedPeersAudit({ database: core.database, auditLog: core.auditLog, log });
    stops.push(() => refusedPeers.close());
    stops.push(async () => {
      await server.close();
    });
    await server.listen({ host: configuration.host, port: configuration.port });
    refusedPeers.hear(server, portOf(server));
    const url = urlOf(configuration.host, portOf(server));
    const adminSocket: AdminSocket = await startAdminSocket(opened, (service, request) => runAdminCommand(service, request, url));
    stops.push(() => adminSocket.close());
    log.info('listening', { address: configuration.host, port: portOf(server), version: core.version });
    return { url, pin: publicKeyPin(keysInForce.present.tls.publicKey), server, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Who acts on what happened elsewhere. */
function connectNotices({ core, gatewaySide }: OpenService): void {
  core.userRevoked.subscribe(() => gatewaySide.sendEndings());
  core.sessionsEnded.subscribe((ended) => gatewaySide.sessionsEnded(ended));
  core.accessChanged.subscribe((changed) => gatewaySide.accessChanged(changed));
  core.inventoryChanged.subscribe(() => gatewaySide.inventoryChanged());
  core.headSigned.subscribe((head) => gatewaySide.publishHead(head));
}

async function tellEnded({ core }: OpenService, payload: string | null): Promise<void> {
  const id = userId.safeParse(payload);
  if (!id.success) return;
  try {
    for (const ended of await core.clientSessions.recentlyEnded(id.data)) await core.sessionsEnded.publish(ended);
  } catch (error) {
    core.log.error('ended sessions could not be told of', { userId: id.data, error });
  }
}

function portOf(server: FastifyInstance): number {
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

/** How a program on this machine reaches it. */
function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `https://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${String(port)}`;
}
