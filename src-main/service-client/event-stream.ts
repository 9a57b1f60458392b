import type { IncomingMessage } from 'node:http';
import { EVENT_STREAM_HEARTBEAT_MS, eventsRoutes, type ServiceEvent, serviceEvent } from '../../shared/api/events.ts';
import { asMavisError, MavisError } from '../../shared/errors/mavis-error.ts';
import { backOffMs, outOfStepMs } from '../../shared/waiting/back-off.ts';
import type { Log } from '../logging/log.ts';
import { ServerSentEventParser } from './server-sent-events.ts';
import type { ServiceClient } from './service-client.ts';
import type { StreamRenewal } from './stream-renewal.ts';

/** Two heartbeats may be late; a third that is missing says that the way is dead. */
const SILENCE_LIMIT_MS = EVENT_STREAM_HEARTBEAT_MS * 2.5;
const FIRST_PAUSE_MS = 1000;
/** A service that restarts is back within half a minute; more often would be a herd, less often would look dead. */
const LONGEST_PAUSE_MS = 30_000;

export interface EventStreamOptions {
  readonly client: Pick<ServiceClient, 'open' | 'address' | 'dropIdle'>;
  readonly onEvent: (event: ServiceEvent) => void;
  readonly onOnline: (online: boolean) => void;
  /** The service no longer knows the token: the stream has ended for good. */
  readonly onSignedOut: (error: MavisError) => void;
  readonly log: Log;
  /** A number from 0 up to 1, for the jitter of the pauses. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Has the stream opened anew at once, also in the middle of a pause. */
  readonly renewal?: Pick<StreamRenewal, 'signal'>;
  readonly silenceLimitMs?: number;
  readonly firstPauseMs?: number;
}

/**
 * Follows the service's events until the signal: opens the stream again after a pause that doubles, with jitter, and takes a
 * stream without a heartbeat for dead; a renewal opens it anew without a pause. What was missed is caught up by whoever listens: each stream begins with `hello`,
 * which carries the inventory's revision, and with the segments' whole state. Never rejects.
 */
export async function followEvents(options: EventStreamOptions): Promise<void> {
  const { onOnline, onSignedOut, log, random, signal, client, renewal } = options;
  let failures = 0;
  while (!signal.aborted) {
    const renewed = renewal?.signal;
    const either = renewed === undefined ? signal : AbortSignal.any([signal, renewed]);
    try {
      await readStream({ ...options, signal: either }, () => {
        failures = 0;
        onOnline(true);
      });
    } catch (thrown) {
      const error = asMavisError(thrown);
      if (signal.aborted) return;
      if (renewed?.aborted === true) {
        failures = 0;
        client.dropIdle();
        continue;
      }
      log.warn('event stream lost', { code: error.code, attempt: failures }, thrown);
      if (error.entry.httpStatus === 401 || error.code === 'sign-in.disabled' || error.code === 'sign-in.expired') {
        onOnline(false);
        onSignedOut(error);
        return;
      }
    }
    onOnline(false);
    failures += 1;
    await pause(outOfStepMs(backOffMs({ firstMs: options.firstPauseMs ?? FIRST_PAUSE_MS, longestMs: LONGEST_PAUSE_MS }, failures), random), either);
    if (renewed?.aborted === true) {
      failures = 0;
      client.dropIdle();
    }
  }
}

async function readStream({ client, onEvent, log, signal, silenceLimitMs = SILENCE_LIMIT_MS }: EventStreamOptions, onOpen: () => void): Promise<void> {
  const response = await client.open(eventsRoutes.events, { params: {}, query: {}, body: {} }, { signal });
  const parser = new ServerSentEventParser();
  const watchDog = setTimeout(() => response.destroy(new MavisError('service.time-out', { address: client.address })), silenceLimitMs);
  try {
    onOpen();
    response.setEncoding('utf8');
    for await (const text of response) {
      watchDog.refresh();
      for (const { event, data } of parser.push(String(text))) {
        const read = readEvent(data);
        if (read) onEvent(read);
        else log.warn('event of an unknown kind passed over', { status: event });
      }
    }
  } finally {
    clearTimeout(watchDog);
    endQuietly(response);
  }
}

/** An event, or undefined for one that this version does not know. Throws `service.answer-invalid` for what is not even JSON. */
function readEvent(data: string): ServiceEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch (error) {
    throw new MavisError('service.answer-invalid', {}, { cause: error });
  }
  const parsed = serviceEvent.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

function endQuietly(response: IncomingMessage): void {
  // Destroying what has ended tells an error that nobody waits for any more.
  response.on('error', () => undefined);
  response.destroy();
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}
