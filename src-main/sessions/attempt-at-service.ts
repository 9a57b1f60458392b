import { type ConnectionOffer, connectionsRoutes } from '../../shared/api/connections.ts';
import { asMavisError, type MavisError } from '../../shared/errors/mavis-error.ts';
import type { Log } from '../logging/log.ts';
import type { ServiceClient } from '../service-client/service-client.ts';

/** A claim is a courtesy to whoever reads the audit log: it holds nobody up. */
const CLAIM_TIMEOUT_MS = 5000;

export interface AttemptAtServiceParts {
  readonly client: Pick<ServiceClient, 'call'>;
  readonly log: Log;
  /** The session is somebody else's, of which there is nothing to claim and nothing to end. */
  readonly watches: boolean;
}

/** What the service is told of a connection, beside being asked for it. */
export class AttemptAtService {
  readonly #parts: AttemptAtServiceParts;
  #ending: Promise<void> | undefined;

  constructor(parts: AttemptAtServiceParts) {
    this.#parts = parts;
  }

  /** Resolves when the end that was asked for was answered, or could not be; undefined where none was. */
  get ended(): Promise<void> | undefined {
    return this.#ending;
  }

  /** Ends the session at its gateway through the service: the gateway waits for a client that does not come back. */
  end(offer: ConnectionOffer | undefined): void {
    if (offer === undefined || this.#ending !== undefined || this.#parts.watches) return;
    const { log, client } = this.#parts;
    this.#ending = client.call(connectionsRoutes.connectionTerminate, { params: { connectionId: offer.connectionId }, query: {}, body: { reason: 'session.closed-by-user' } }, { timeoutMs: CLAIM_TIMEOUT_MS }).then(
      () => undefined,
      (thrown: unknown) => log.warn('session not ended at its gateway, which will wait for it', { reference: offer.reference, code: asMavisError(thrown).code }, thrown),
    );
  }

  /** Reports to the service what happened here; kept there as the client's claim (rule 12). */
  async claim(offer: ConnectionOffer | undefined, error: MavisError): Promise<void> {
    if (offer === undefined || this.#parts.watches) return;
    const { connectionId, reference } = offer;
    const body = { outcome: error.code === 'connect.cancelled' ? ('cancelled' as const) : ('failed' as const), code: error.code };
    try {
      await this.#parts.client.call(connectionsRoutes.connectionClaim, { params: { connectionId }, query: {}, body }, { timeoutMs: CLAIM_TIMEOUT_MS });
    } catch (thrown) {
      this.#parts.log.warn('failure not reported to the service', { reference, code: asMavisError(thrown).code }, thrown);
    }
  }
}
