import type { Clock } from '../clock/clock.ts';
import { limited } from '../clock/limited.ts';
import type { CountedDuplex } from '../proxy-port/counted-duplex.ts';
import type { SessionLine } from './session-line.ts';

/** What the session has written leaves within this, or not at all. */
const FLUSH_LIMIT_MS = 2000;
/** A client that is there has so long to take in the next piece of what a session sent last; one that was cut has the time of a resume. */
const DELIVERY_STALL_MS = 5000;
const DELIVERY_LOOK_MS = 50;

/** Ends what the protocol writes and waits until it has gone out, before the close frame does; rejects with what `late` gives where the client does not take it. */
export async function flushed(stream: CountedDuplex, clock: Pick<Clock, 'setTimer'>, late: () => Error): Promise<void> {
  if (stream.destroyed || stream.writableFinished) return;
  const finished = new Promise<void>((resolve) => {
    stream.once('finish', resolve);
    stream.once('close', resolve);
  });
  if (!stream.writableEnded) stream.end();
  await limited(finished, clock, FLUSH_LIMIT_MS, late);
}

/** Waits until the client has taken in all that was sent last, also where the connection is cut just then: until it comes back for it, is given up, or the signal. */
export async function delivered(stream: CountedDuplex, line: Pick<SessionLine, 'isCut'>, clock: Pick<Clock, 'setTimer' | 'monotonicMs'>, signal: AbortSignal): Promise<void> {
  let [taken, takenAtMs] = [-1, clock.monotonicMs()];
  while (!signal.aborted && !stream.delivered) {
    const now = clock.monotonicMs();
    const { acknowledged } = stream.counts;
    if (acknowledged !== taken || line.isCut) [taken, takenAtMs] = [acknowledged, now];
    if (now - takenAtMs > DELIVERY_STALL_MS) break;
    await new Promise<void>((resolve) => {
      clock.setTimer(resolve, DELIVERY_LOOK_MS);
    });
  }
}
