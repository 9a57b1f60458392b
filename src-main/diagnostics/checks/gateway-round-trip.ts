import type { TLSSocket } from 'node:tls';
import { SLOW_MS, UNSTEADY_MS } from '../../../shared/diagnostics/line-needs.ts';
import { asMavisError } from '../../../shared/errors/mavis-error.ts';
import { encodeCount, FrameDecoder, frameType } from '../../../shared/proxy-stream/frames.ts';
import { type Check, type Found, rounded } from '../check.ts';
import { dialOnLine, type GatewayLineParts } from './gateway-line.ts';
import { OwnLateness } from './own-lateness.ts';

/** Enough to tell a slow line from an unsteady one, and done within a second on any line that one can work on. */
const SAMPLES = 5;
const SAMPLES_LIMIT_MS = 3000;
const DIAL_LIMIT_MS = 4000;

/** How long a word takes to the gateway and back, over the way that a session would take: the product's own dial. */
export function gatewayRoundTrip(parts: GatewayLineParts): Check {
  const { subject, host, pins, turns } = parts;
  return {
    id: `round-trip ${subject.gatewayId}`, check: 'round-trip', subject, leg: 'L2',
    limitMs: DIAL_LIMIT_MS + SAMPLES_LIMIT_MS,
    run: (signal, tries): Promise<Found> => turns.roundTrip(subject.gatewayId, async () => {
      if (pins.length === 0) return { notRun: 'not-configured' };
      try {
        const { socket, port } = await dialOnLine(parts, DIAL_LIMIT_MS, tries, signal);
        const lateness = new OwnLateness();
        lateness.begin();
        const samplesMs = await tries.note('frame', `${host}:${port}`, () => roundTrips(socket, signal), (all) => all.map((one) => `${one} ms`).join(', '));
        lateness.end();
        const [bestMs, ...others] = samplesMs.toSorted((a, b) => a - b);
        if (bestMs === undefined) return { notRun: 'earlier-step', detail: 'no-pong' };
        const medianMs = [bestMs, ...others][Math.floor(samplesMs.length / 2)] ?? bestMs;
        // One straggler is no unsteady line, and what this computer was late itself says nothing of the line.
        const jitterMs = rounded(Math.max(0, (others.at(-2) ?? bestMs) - bestMs - lateness.mostMs));
        return { verdict: bestMs > SLOW_MS || jitterMs > UNSTEADY_MS ? 'attention' : 'good', facts: { check: 'round-trip', port, samplesMs, bestMs, medianMs, jitterMs } };
      } catch (thrown) {
        return { notRun: 'earlier-step', detail: asMavisError(thrown).code };
      }
    }),
  };
}

/** Pings one after the other; as many as came back in time. */
async function roundTrips(socket: TLSSocket, signal: AbortSignal): Promise<number[]> {
  const samples: number[] = [];
  const decoder = new FrameDecoder();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let sentAt = 0;
  const send = (): void => {
    sentAt = performance.now();
    socket.write(encodeCount(frameType.ping, samples.length + 1));
  };
  const onData = (chunk: Buffer): void => {
    try {
      for (const { type } of decoder.push(chunk)) {
        if (type !== frameType.pong) continue;
        samples.push(rounded(performance.now() - sentAt));
        if (samples.length === SAMPLES) end();
        else send();
      }
    } catch {
      end();
    }
  };
  const timer = setTimeout(end, SAMPLES_LIMIT_MS);
  const stop = (): void => end();
  signal.addEventListener('abort', stop, { once: true });
  socket.on('data', onData).on('error', stop).once('close', stop);
  send();
  await ended;
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  socket.destroy();
  return samples;
}
