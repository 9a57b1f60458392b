import type { ErrorArgs, ErrorCode } from '../../shared/errors/catalogue.ts';
import type { RecordingId } from '../../shared/ids.ts';
import { frameType } from '../../shared/proxy-stream/frames.ts';
import type { StreamMessage } from '../../shared/proxy-stream/messages.ts';
import type { Forwarded } from './protocol-handler.ts';
import type { SessionLine } from './session-line.ts';

/** Messages that wait for a client that is away: a target that asks again and again is told of once it is enough. */
const MOST_UNSAID = 20;
/** Names of watchers that a user is told; a message holds no more. */
const MOST_TOLD_WATCHERS = 20;

/** What a client is told of its session beside the stream. Such messages are not counted: what a cut may have lost is said again. */
export class SessionMessages {
  readonly #tellWhoWatches: boolean;
  #line: Pick<SessionLine, 'sendJson' | 'isCut'> | undefined;
  readonly #recordings: RecordingId[] = [];
  #watchers: readonly string[] | undefined;
  #closing: { readonly code: ErrorCode; readonly args: ErrorArgs } | undefined;
  readonly #unsaid: StreamMessage[] = [];

  constructor({ tellWhoWatches }: { readonly tellWhoWatches: boolean }) {
    this.#tellWhoWatches = tellWhoWatches;
  }

  /** How the session ended, once it has: whoever comes back for the rest is told. */
  get closing(): { readonly code: ErrorCode; readonly args: ErrorArgs } | undefined {
    return this.#closing;
  }

  /** From now on there is somebody to hear. */
  begin(line: Pick<SessionLine, 'sendJson' | 'isCut'>): void {
    this.#line = line;
  }

  recording(recordingId: RecordingId): void {
    this.#recordings.push(recordingId);
    this.#send({ kind: 'recording', recordingId });
  }

  endsSoon(code: ErrorCode, secondsLeft: number): void {
    this.#send({ kind: 'ends-soon', code, secondsLeft });
  }

  forwardingRefused(what: Forwarded): void {
    const message = { kind: 'forwarding-refused', what } as const;
    // What nobody would hear is said when somebody does; limits and recordings are said again by themselves.
    if (this.#line?.isCut === true && this.#unsaid.length < MOST_UNSAID) this.#unsaid.push(message);
    this.#send(message);
  }

  /** The user is told always that somebody watches, and who it is where the policy says so. */
  watched(names: readonly string[]): void {
    this.#watchers = names;
    this.#send({ kind: 'watched', watchers: names.length, by: this.#tellWhoWatches ? names.slice(0, MOST_TOLD_WATCHERS) : [] });
  }

  close(code: ErrorCode, args: ErrorArgs): void {
    this.#closing = { code, args };
    this.#line?.sendJson(frameType.close, this.#closing);
  }

  /** The client is there again. */
  again(): void {
    for (const recordingId of this.#recordings) this.#send({ kind: 'recording', recordingId });
    if (this.#watchers !== undefined) this.watched(this.#watchers);
    for (const message of this.#unsaid.splice(0)) this.#send(message);
    if (this.#closing !== undefined) this.#line?.sendJson(frameType.close, this.#closing);
  }

  #send(message: StreamMessage): void {
    this.#line?.sendJson(frameType.message, message);
  }
}
