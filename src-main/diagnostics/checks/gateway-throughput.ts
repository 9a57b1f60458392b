import { randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { isNarrow, MOST_TOLD_BYTES_PER_SECOND } from '../../../shared/diagnostics/line-needs.ts';
import { asMavisError, MavisError } from '../../../shared/errors/mavis-error.ts';
import { decodeCount, encodeCount, encodeFrame, FrameDecoder, FrameError, frameType } from '../../../shared/proxy-stream/frames.ts';
import { MEASURE_PIECE_BYTES, MEASURE_PIECES } from '../../../shared/proxy-stream/line-measure.ts';
import { failed, parsePayload } from '../../../shared/proxy-stream/messages.ts';
import { decodeUtf8, GatewayRefusal } from '../../sessions/gateway-hello.ts';
import { type Check, type Found, rounded } from '../check.ts';
import { dialOnLine, type GatewayLineParts } from './gateway-line.ts';
import { OwnLateness } from './own-lateness.ts';

/** Waiting for its turn, the dial and the measurement: with the list of gateways before it a run stays under 10 s. */
const LIMIT_MS = 8000;
/** The round trip has just shown the way. */
const DIAL_LIMIT_MS = 2500;
/** Pieces are sent for so long at most; what is on its way by then is waited for, but no longer than the drain. */
const SEND_LIMIT_MS = 800;
const DRAIN_LIMIT_MS = 1500;
const BACK_LIMIT_MS = 1200;
/** Pieces under way at first. Each one that arrives lets one more go beside its own, so that a narrow line is not filled for seconds. */
const FIRST_WINDOW = 4;

/** What the line to a gateway carries each way, in a quarter of a MiB (`shared/proxy-stream/line-measure.ts`); no session, no ticket. */
export function gatewayThroughput(parts: GatewayLineParts): Check {
  const { subject, pins, turns } = parts;
  return {
    id: `throughput ${subject.gatewayId}`, check: 'throughput', subject, leg: 'L2',
    limitMs: LIMIT_MS,
    run: (signal, tries): Promise<Found> =>
      turns.throughput(subject.gatewayId, signal, async () => {
        if (pins.length === 0) return { notRun: 'not-configured' };
        const lateness = new OwnLateness();
        try {
          const { socket, port } = await dialOnLine(parts, DIAL_LIMIT_MS, tries, signal);
          const line = new MeasuredLine(socket, subject.name, signal);
          try {
            const to = `${parts.host}:${port}`;
            lateness.begin();
            const up = await tries.note('measure-up', to, () => line.up(), asOutcome);
            const upBytesPerSecond = rateOf(up.marks, lateness.mostMs);
            lateness.begin();
            const down = up.whole ? await tries.note('measure-down', to, () => line.down(), asOutcome) : undefined;
            const downBytesPerSecond = down === undefined || down.marks.length < 2 ? null : rateOf(down.marks, lateness.mostMs);
            const facts = { check: 'throughput', port, upBytesPerSecond, downBytesPerSecond } as const;
            return { verdict: isNarrow(facts) ? 'attention' : 'good', facts };
          } finally {
            socket.destroy();
          }
        } catch (thrown) {
          return { notRun: 'earlier-step', detail: thrown instanceof GatewayRefusal ? thrown.code : asMavisError(thrown).code };
        } finally {
          lateness.end();
        }
      }),
  };
}

/** So many bytes had come at that moment. */
interface Mark {
  readonly bytes: number;
  readonly atMs: number;
}

interface OneWay {
  /** The first is the beginning. */
  readonly marks: readonly Mark[];
  /** Nothing is under way any more. */
  readonly whole: boolean;
}

function asOutcome({ marks }: OneWay): string {
  const [first, last] = [marks[0], marks.at(-1)];
  return first === undefined || last === undefined ? '0 B' : `${last.bytes} B, ${rounded(last.atMs - first.atMs)} ms`;
}

/** Bytes a second in the second half of the time, when a connection is past its slow start. `lateMs`: what this computer was late itself, which says nothing of the line. */
export function rateOf(marks: readonly Mark[], lateMs: number): number {
  const [begun, first = begun] = marks;
  const last = marks.at(-1);
  if (begun === undefined || first === undefined || last === undefined || last === begun) return 0;
  // The first answer ends the first round trip, which is latency and no throughput.
  const half = first.atMs + (last.atMs - first.atMs) / 2;
  const from = last === first ? begun : (marks.slice(1, -1).findLast(({ atMs }) => atMs <= half) ?? first);
  return Math.round(Math.min(MOST_TOLD_BYTES_PER_SECOND, ((last.bytes - from.bytes) * 1000) / Math.max(1, last.atMs - from.atMs - lateMs)));
}

/** The client's end of one measurement. */
class MeasuredLine {
  readonly #socket: TLSSocket;
  readonly #gateway: string;
  readonly #signal: AbortSignal;
  #marks: Mark[] = [];
  #arrived = 0;

  constructor(socket: TLSSocket, gateway: string, signal: AbortSignal) {
    this.#socket = socket;
    this.#gateway = gateway;
    this.#signal = signal;
  }

  /** Sends pieces until all have come, or the time is over. Throws what the gateway says instead, `gateway.protocol-error` for anything else. */
  async up(): Promise<OneWay> {
    const piece = encodeFrame(frameType.measure, randomBytes(MEASURE_PIECE_BYTES));
    let sent = 0;
    const begunMs = performance.now();
    const send = (): void => {
      if (performance.now() - begunMs > SEND_LIMIT_MS) return;
      const window = Math.min(MEASURE_PIECES, FIRST_WINDOW + 2 * this.#arrived);
      for (; sent < window; sent += 1) this.#socket.write(piece);
    };
    this.#begin();
    send();
    await this.#frames(frameType.measured, SEND_LIMIT_MS + DRAIN_LIMIT_MS, (payload) => {
      const count = decodeCount(payload);
      // A count that does not rise, or is of more than was sent, is none; so there are no more marks than pieces.
      if (count <= this.#arrived || count > sent) throw new FrameError('bad-order');
      this.#arrived = count;
      this.#mark(this.#arrived);
      send();
      return this.#arrived < sent;
    });
    return { marks: this.#marks, whole: this.#arrived === sent };
  }

  /** Asks for one piece less than came there, and takes what comes in time. */
  async down(): Promise<OneWay> {
    const wanted = this.#arrived - 1;
    let come = 0;
    this.#begin();
    if (wanted < 1) return { marks: this.#marks, whole: true };
    this.#socket.write(encodeCount(frameType.measureBack, wanted));
    await this.#frames(frameType.filler, BACK_LIMIT_MS, (payload) => {
      // Each counts as a whole piece.
      if (payload.length !== MEASURE_PIECE_BYTES) throw new FrameError('bad-payload');
      come += 1;
      this.#mark(come);
      return come < wanted;
    });
    return { marks: this.#marks, whole: come === wanted };
  }

  #begin(): void {
    this.#marks = [{ bytes: 0, atMs: performance.now() }];
  }

  #mark(pieces: number): void {
    this.#marks.push({ bytes: pieces * MEASURE_PIECE_BYTES, atMs: performance.now() });
  }

  /** Takes frames of a kind while `more` says so; ends with the time limit too. */
  async #frames(wanted: number, limitMs: number, more: (payload: Uint8Array) => boolean): Promise<void> {
    const socket = this.#socket;
    const decoder = new FrameDecoder();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onData = (chunk: Buffer): void => {
      try {
        for (const { type, payload } of decoder.push(chunk)) {
          if (type === frameType.failed) {
            const { code, args } = parsePayload(failed, payload, decodeUtf8);
            throw new GatewayRefusal(code, args, false);
          }
          if (type !== wanted) throw new FrameError('bad-order');
          if (!more(payload)) {
            resolve();
            return;
          }
        }
      } catch (error) {
        reject(error instanceof FrameError ? otherAnswer(error) : error);
      }
    };
    const otherAnswer = (cause?: FrameError): MavisError => new MavisError('gateway.protocol-error', { gateway: this.#gateway }, { cause });
    const gone = (): void => reject(otherAnswer());
    const over = (): void => resolve();
    // What has come meanwhile counts, where this computer was too busy to look: the network is polled between the two.
    const timer = setTimeout(() => setImmediate(over), limitMs);
    this.#signal.addEventListener('abort', over, { once: true });
    socket.on('data', onData).on('error', gone).once('close', gone);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', over);
      socket.off('data', onData).off('close', gone);
    }
  }
}
