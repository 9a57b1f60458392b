import type { Draft } from 'immer';
import type { ConnectionOffer, Hop, TriedGateway } from '../../shared/api/connections.ts';
import type { ConnectStep, Session, SessionPhase } from '../../shared/ipc/stores.ts';
import type { SessionReport } from './session-process-contract.ts';

export interface AttemptViewParts {
  /** Changes the session in the store. */
  readonly update: (recipe: (session: Draft<Session>) => void) => void;
  /** Milliseconds of a clock that never jumps. */
  readonly monotonic: () => number;
}

/** How an attempt, and the session that comes of it, stand in the store: way, steps with the time that each took, phase. */
export class AttemptView {
  readonly #parts: AttemptViewParts;
  #step: ConnectStep = 'access';
  #stepBegan: number;

  constructor(parts: AttemptViewParts) {
    this.#parts = parts;
    this.#stepBegan = parts.monotonic();
  }

  /** The step that is under way. */
  get step(): ConnectStep {
    return this.#step;
  }

  /** For how many milliseconds it has been. */
  get stepMs(): number {
    return this.#parts.monotonic() - this.#stepBegan;
  }

  /** The service gave a way. */
  offered(offer: ConnectionOffer): void {
    const last = offer.hops.at(-1);
    this.#parts.update((session) => {
      session.reference = offer.reference;
      session.gatewayName = last?.gatewayName ?? null;
      session.segment = last?.segment ?? null;
      session.way = null;
      session.firstGatewayName = offer.hops.length > 1 ? (offer.hops[0]?.gatewayName ?? null) : null;
      session.tunnel = offer.tunnel;
      session.tried = offer.tried.map((tried) => ({ ...tried }));
      session.allowedProtocols = [...offer.protocols];
      session.policy = { ...offer.policy, environmentNames: [...offer.policy.environmentNames] };
    });
  }

  /** A gateway of that way could not be used. */
  tried(offer: ConnectionOffer, hop: Hop, failure: Extract<SessionReport, { kind: 'failed' }>): void {
    const tried: TriedGateway = { gatewayId: hop.gatewayId, gatewayName: hop.gatewayName, leg: failure.leg, code: failure.code, milliseconds: Math.round(failure.milliseconds) };
    this.#parts.update((session) => {
      session.tried = [...offer.tried, tried];
    });
  }

  /** A step begins: the one before it is done, and took what has passed since it began. */
  begin(step: ConnectStep): void {
    if (this.#step === step) return;
    this.noteStep();
    this.#step = step;
    this.connecting((phase) => {
      phase.step = step;
    });
  }

  /** The step that is under way took what has passed since it began. */
  noteStep(): void {
    const [step, now] = [this.#step, this.#parts.monotonic()];
    const milliseconds = Math.round((now - this.#stepBegan) * 10) / 10;
    this.#stepBegan = now;
    this.#parts.update((session) => {
      session.stepsMs[step] = milliseconds;
    });
  }

  /** Changes the phase where the session is being connected. */
  connecting(change: (phase: Extract<Draft<SessionPhase>, { status: 'connecting' }>) => void): void {
    this.#parts.update((session) => {
      if (session.phase.status === 'connecting') change(session.phase);
    });
  }

  /** Changes the phase where the session is connected. */
  connected(change: (phase: Extract<Draft<SessionPhase>, { status: 'connected' }>) => void): void {
    this.#parts.update((session) => {
      if (session.phase.status === 'connected') change(session.phase);
    });
  }
}
