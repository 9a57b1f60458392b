import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { gatewayState, type GatewayState } from '../../shared/api/gateways.ts';

/** Figures of gateways, connections and recordings, in the registry that the service shows at `/metrics`. Names and codes only: no user, no address. */
export class ConnectionMetrics {
  readonly #statusSeconds: Histogram;
  readonly #connections: Counter<'outcome'>;
  readonly #recordings: Counter<'state'>;
  readonly #recordingBytes: Counter;

  /** `gatewayStates` is read when the figures are asked for. */
  constructor(registry: Registry, gatewayStates: () => Promise<readonly GatewayState[]>, eventStreams: () => number) {
    const registers = [registry];
    this.#statusSeconds = new Histogram({ name: 'mavis_gateway_status_seconds', help: 'Time until a gateway answered a status', buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 3], registers });
    this.#connections = new Counter({ name: 'mavis_connections_total', help: 'Requests for a connection by outcome: granted, or a code of the error catalogue', labelNames: ['outcome'], registers });
    this.#recordings = new Counter({ name: 'mavis_recordings_stored_total', help: 'Recordings pulled and stored, by state', labelNames: ['state'], registers });
    this.#recordingBytes = new Counter({ name: 'mavis_recordings_stored_bytes_total', help: 'Bytes of recordings pulled and stored', registers });
    const gateways = new Gauge({
      name: 'mavis_gateways',
      help: 'Gateways by state',
      labelNames: ['state'],
      registers,
      collect: async () => {
        const states = await gatewayStates();
        for (const state of gatewayState.options) gateways.set({ state }, states.filter((one) => one === state).length);
      },
    });
    const streams: Gauge = new Gauge({
      name: 'mavis_event_streams',
      help: 'Event streams of clients open now',
      registers,
      collect: () => {
        streams.set(eventStreams());
      },
    });
  }

  statusAnswered(milliseconds: number): void {
    this.#statusSeconds.observe(milliseconds / 1000);
  }

  connectionAsked(outcome: string): void {
    this.#connections.inc({ outcome });
  }

  recordingStored(bytes: number, state: string): void {
    this.#recordings.inc({ state });
    this.#recordingBytes.inc(bytes);
  }
}
