import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { TicketRefusal } from '../tickets/ticket.ts';

/** What the figures are read from at the moment they are asked for. */
export interface MeasuredState {
  readonly sessions: () => number;
  /** Sessions whose client is waited for; how often one was cut and taken up again since the start; what is kept for clients. */
  readonly cutSessions: () => number;
  readonly cuts: () => number;
  readonly resumes: () => number;
  readonly keptBytes: () => number;
  readonly forwards: () => number;
  readonly grants: () => number;
  readonly unauthenticated: () => number;
  readonly refusedConnections: () => number;
  readonly journalWaiting: () => number;
  readonly journalHead: () => number;
  readonly spoolFreeBytes: () => number;
  readonly memoryBytes: () => number;
}

/** The gateway's figures for Prometheus: counts and times only, nothing that names a person, a target or a connection. */
export class GatewayMetrics {
  readonly registry = new Registry();
  readonly #refusals = new Counter({ name: 'mavis_gateway_tickets_refused_total', help: 'Tickets refused, by true reason', labelNames: ['reason'], registers: [this.registry] });
  readonly #link = new Histogram({
    name: 'mavis_gateway_link_request_seconds',
    help: 'Time to answer a request of the service',
    labelNames: ['method', 'code'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 1, 3],
    registers: [this.registry],
  });

  constructor(state: MeasuredState) {
    const gauge = (name: string, help: string, read: () => number): Gauge => {
      const made: Gauge = new Gauge({ name: `mavis_gateway_${name}`, help, registers: [this.registry], collect: () => made.set(read()) });
      return made;
    };
    gauge('sessions', 'Sessions that run', state.sessions);
    gauge('sessions_interrupted', 'Sessions whose client is waited for', state.cutSessions);
    gauge('session_interruptions', 'Connections of sessions that were cut since the start', state.cuts);
    gauge('session_resumes', 'Sessions taken up again over another connection since the start', state.resumes);
    gauge('unacknowledged_bytes', 'Bytes kept for clients and targets that have not taken them', state.keptBytes);
    gauge('forwards', 'Forwards to a next gateway that run', state.forwards);
    gauge('grants', 'Grants that wait for their client', state.grants);
    gauge('unauthenticated_connections', 'Connections that have not proved who they are', state.unauthenticated);
    gauge('connections_refused', 'Connections refused or dropped for their number since the start', state.refusedConnections);
    gauge('journal_waiting_events', 'Journal events that are not on disk yet', state.journalWaiting);
    gauge('journal_head_sequence', 'Number of the newest journal event on disk', state.journalHead);
    gauge('spool_free_bytes', 'Room for recordings', state.spoolFreeBytes);
    gauge('resident_memory_bytes', 'Memory of the process', state.memoryBytes);
  }

  /** Counts a refused ticket. */
  ticketRefused(reason: TicketRefusal): void {
    this.#refusals.inc({ reason });
  }

  /** Notes how long a request of the service took. */
  linkAnswered(method: string, milliseconds: number, code: string): void {
    this.#link.observe({ method, code }, milliseconds / 1000);
  }

  /** The figures as text in Prometheus' format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}
