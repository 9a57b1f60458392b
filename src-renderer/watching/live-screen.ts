import { decodeJsonPayload, decodeRecordingFrame, decodeResize, frameKind, markPayload, type RecordingFrame, RecordingFormatError } from '../../shared/recording/recording-frame.ts';
import { decodePrimer, type Primer } from '../../shared/watching/primer.ts';
import type { PlayerScreen } from '../recordings/recording-player.ts';

/** What is to be done on a screen, in order. */
type Step = { readonly kind: 'output'; readonly bytes: Uint8Array } | { readonly kind: 'resize'; readonly columns: number; readonly rows: number } | { readonly kind: 'anew' } | { readonly kind: 'primer'; readonly primer: Primer } | { readonly kind: 'left-out' };

export interface LiveEvents {
  /** Called once, where what comes is not what a gateway sends. */
  readonly broken: () => void;
  /** The watcher was behind, so that something was not shown. */
  readonly leftOut: () => void;
}

/** Shows a session on a screen as its gateway sends it to watchers: recorded frames, one after the other, in any pieces. */
export class LiveScreen {
  readonly #screen: PlayerScreen;
  readonly #events: LiveEvents;
  #rest: Uint8Array = new Uint8Array(0);
  #chain: Promise<void> = Promise.resolve();
  #over = false;

  constructor(screen: PlayerScreen, events: LiveEvents) {
    this.#screen = screen;
    this.#events = events;
  }

  /** Shows the frames that are whole now; `drawn` is called when they are on the screen. */
  receive(bytes: Uint8Array, drawn: () => void): void {
    const steps = this.#over ? [] : this.#steps(bytes);
    this.#chain = this.#chain.then(() => this.#show(steps)).catch(() => this.#break()).then(drawn);
  }

  #steps(bytes: Uint8Array): Step[] {
    const whole = joined(this.#rest, bytes);
    const steps: Step[] = [];
    let at = 0;
    try {
      for (let decoded = decodeRecordingFrame(whole, at); decoded !== false; decoded = decodeRecordingFrame(whole, at)) {
        const step = stepOf(decoded.frame);
        if (step !== undefined) steps.push(step);
        at = decoded.next;
      }
    } catch (error) {
      if (!(error instanceof RecordingFormatError)) throw error;
      this.#break();
      return [];
    }
    this.#rest = whole.slice(at);
    return steps;
  }

  #break(): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.broken();
  }

  async #show(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.kind === 'anew') this.#screen.reset();
      else if (step.kind === 'left-out') this.#events.leftOut();
      else if (step.kind === 'resize') this.#screen.resize(step.columns, step.rows);
      else if (step.kind === 'primer') this.#screen.prime?.(step.primer);
      else await new Promise<void>((resolve) => this.#screen.write(step.bytes, resolve));
    }
  }
}

function stepOf({ kind, payload }: RecordingFrame): Step | undefined {
  if (kind === frameKind.output || kind === frameKind.errorOutput) return { kind: 'output', bytes: payload.slice() };
  if (kind === frameKind.resize) {
    const { columns, rows } = decodeResize(payload);
    return columns === 0 || rows === 0 ? undefined : { kind: 'resize', columns, rows };
  }
  if (kind === frameKind.primer) {
    const primer = decodePrimer(payload);
    if (primer === undefined) throw new RecordingFormatError('no primer');
    return { kind: 'primer', primer };
  }
  return kind === frameKind.mark ? marks[decodeJsonPayload(markPayload, payload).name] : undefined;
}

const marks: Readonly<Record<string, Step>> = { 'begins-anew': { kind: 'anew' }, 'left-out': { kind: 'left-out' } };

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}
