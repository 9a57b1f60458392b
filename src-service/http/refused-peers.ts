import type { FastifyInstance } from 'fastify';
import { Socket } from 'node:net';
import { handshakeFault, httpFault } from '../../shared/refused-peers/peer-fault.ts';
import { RefusedPeerCounts, type RefusedPeers } from '../../shared/refused-peers/refused-peers.ts';
import { type AuditLog, serviceActor } from '../audit/audit-log.ts';
import type { Log } from '../logging/log.ts';
import type { Database } from '../store/database.ts';

export interface RefusedPeersAuditParts {
  readonly database: Database;
  readonly auditLog: Pick<AuditLog, 'append'>;
  readonly log: Log;
}

/** Writes who sends the service's port what is neither TLS nor HTTP to the audit log, bounded in number (`RefusedPeerCounts`). */
export class RefusedPeersAudit {
  readonly #parts: RefusedPeersAuditParts;
  readonly #writing = new Set<Promise<void>>();
  readonly #counts = new RefusedPeerCounts({
    setTimer: (callback, milliseconds) => {
      const timer = setTimeout(callback, milliseconds);
      timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
    write: (entry) => {
      const written = this.#write(entry).finally(() => this.#writing.delete(written));
      this.#writing.add(written);
      return true;
    },
  });

  constructor(parts: RefusedPeersAuditParts) {
    this.#parts = parts;
  }

  /** Hears of the peers of a server that listens on `port`. */
  hear({ server }: FastifyInstance, port: number): void {
    // TLS' failures come by the same event as those of HTTP.
    server.on('clientError', (error: Error, socket: unknown) => {
      const what = httpFault(error) ?? handshakeFault(error)?.what;
      if (what !== undefined && socket instanceof Socket && socket.remoteAddress !== undefined) this.#counts.refused({ address: socket.remoteAddress, port, code: 'request.invalid', what });
    });
  }

  /** Writes what was only counted, and resolves when all of it is written. */
  async close(): Promise<void> {
    this.#counts.close();
    await Promise.all(this.#writing);
  }

  async #write({ clientKeyThumbprint: _none, ...entry }: RefusedPeers): Promise<void> {
    const { database, auditLog, log } = this.#parts;
    try {
      await auditLog.append(database, { kind: 'service.peer-refused', actor: serviceActor, facts: entry });
    } catch (error) {
      log.error('refused peers could not be written to the audit log', { count: entry.count, address: entry.address ?? undefined, error });
    }
  }
}
