import { decodeJsonPayload, decodeRecordingFrame, decodeResize, frameKind, markPayload, type RecordingFrame, RecordingFormatError } from '../../shared/recording/recording-frame.ts';
import type { PlayerScreen } from '../recordings/recording-player.ts';

/** What is to be done on a screen, in order. */
type Step = { readonly kind: 'output'; readonly bytes: Uint8Array } | { readonly kind: 'resize'; readonly columns: number; readonly rows: number } | { readonly kind: 'anew' };

/** Shows a session on a screen as its gateway sends it to watchers: recorded frames, one after the other, in any pieces. */
export class LiveScreen {
  readonly #screen: PlayerScreen;
  readonly #broken: () => void;
  #rest: Uint8Array = new Uint8Array(0);
  #chain: Promise<void> = Promise.resolve();
  #over = false;

  /** @param broken called once, where what comes is not what a gateway sends */
  constructor(screen: PlayerScreen, broken: () => void) {
    this.#screen = screen;
    this.#broken = broken;
  }

  /** Shows the frames that are whole now; `drawn` is called when they are on the screen. */
  receive(bytes: Uint8Array, drawn: () => void): void {
    const steps = this.#over ? [] : this.#steps(bytes);
    this.#chain = this.#chain.then(() => this.#show(steps)).then(drawn);
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
      this.#over = true;
      this.#broken();
      return [];
    }
    this.#rest = whole.slice(at);
    return steps;
  }

  async #show(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.kind === 'anew') this.#screen.reset();
      else if (step.kind === 'resize') this.#screen.resize(step.columns, step.rows);
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
  return kind === frameKind.mark && decodeJsonPayload(markPayload, payload).name === 'begins-anew' ? { kind: 'anew' } : undefined;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}
