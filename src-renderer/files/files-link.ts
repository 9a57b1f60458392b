import type { ConflictQuestion, DragOut, EditedFile, FilesAnswer, FilesCall, FilesFromPage, FilesToPage, ListedFile, TransferJob } from '../../shared/ipc/files-port.ts';
import type { SessionId, ShownError } from '../../shared/ipc/stores.ts';
import { shownErrorOf } from '../mavis/ask.ts';

/** What the window hears of, beside the answers to its calls. */
export interface FilesEvents {
  readonly onReady: (ready: { readonly path: string; readonly localName: string }) => void;
  readonly onEdits: (edits: readonly EditedFile[]) => void;
  readonly onDragOuts: (dragOuts: readonly DragOut[]) => void;
  readonly onJobs: (jobs: readonly TransferJob[], question: ConflictQuestion | null) => void;
}

export type FilesAsked = { readonly ok: true; readonly value: FilesAnswer } | { readonly ok: false; readonly error: ShownError };

export interface CallOptions {
  readonly onEntries?: ((entries: readonly ListedFile[]) => void) | undefined;
  /** Aborted where nobody waits for the answer any more: the process stops looking for it. */
  readonly signal?: AbortSignal | undefined;
}

interface Waiting {
  readonly resolve: (asked: FilesAsked) => void;
  readonly onEntries: (entries: readonly ListedFile[]) => void;
}

/** The page's end of the port to the session's process: calls and their answers, and what is told without being asked. */
export class FilesLink {
  readonly #source: Pick<Window, 'addEventListener' | 'removeEventListener'>;
  readonly #sessionId: SessionId;
  readonly #events: FilesEvents;
  readonly #waiting = new Map<number, Waiting>();
  #numbers = 0;
  #port: MessagePort | undefined;

  constructor(source: Pick<Window, 'addEventListener' | 'removeEventListener'>, sessionId: SessionId, events: FilesEvents) {
    this.#source = source;
    this.#sessionId = sessionId;
    this.#events = events;
    source.addEventListener('message', this.#onWindowMessage);
  }

  /** Asks the session's process. Never rejects; where the link is gone, the answer says that the session is. */
  call(call: FilesCall, { onEntries = () => undefined, signal }: CallOptions = {}): Promise<FilesAsked> {
    const port = this.#port;
    if (port === undefined) return Promise.resolve({ ok: false, error: shownErrorOf('session.ended') });
    const id = (this.#numbers += 1);
    return new Promise((resolve) => {
      this.#waiting.set(id, { resolve, onEntries });
      port.postMessage({ kind: 'call', id, call } satisfies FilesFromPage);
      signal?.addEventListener('abort', () => this.#waiting.has(id) && port === this.#port && port.postMessage({ kind: 'stop', id } satisfies FilesFromPage), { once: true });
    });
  }

  close(): void {
    this.#source.removeEventListener('message', this.#onWindowMessage);
    this.#port?.close();
    this.#port = undefined;
    this.#giveUpWaiting();
  }

  /** What was asked over a port that is closed is answered by nobody. */
  #giveUpWaiting(): void {
    for (const { resolve } of this.#waiting.values()) resolve({ ok: false, error: shownErrorOf('session.ended') });
    this.#waiting.clear();
  }

  readonly #onWindowMessage = (event: MessageEvent<unknown>): void => {
    const [port] = event.ports;
    // Only this very window may hand in a port: the preload posts to it.
    if (!port || (event.source !== null && event.source !== globalThis.window) || !isPortFor(event.data, this.#sessionId)) return;
    this.#port?.close();
    this.#giveUpWaiting();
    this.#port = port;
    port.addEventListener('message', (message: MessageEvent<unknown>) => {
      if (port === this.#port && isToPage(message.data)) this.#take(message.data);
    });
    port.start();
  };

  #take(message: FilesToPage): void {
    switch (message.kind) {
      case 'ready':
        this.#events.onReady(message);
        return;
      case 'edits':
        this.#events.onEdits(message.edits);
        return;
      case 'drag-outs':
        this.#events.onDragOuts(message.dragOuts);
        return;
      case 'jobs':
        this.#events.onJobs(message.jobs, message.question);
        return;
      case 'entries':
        this.#waiting.get(message.id)?.onEntries(message.entries);
        return;
      case 'answer': {
        const waiting = this.#waiting.get(message.id);
        this.#waiting.delete(message.id);
        waiting?.resolve(message.ok ? { ok: true, value: message.value } : { ok: false, error: shownErrorOf(message.code, { ...message.args }) });
        return;
      }
    }
    message satisfies never;
  }
}

function isPortFor(data: unknown, sessionId: SessionId): boolean {
  return typeof data === 'object' && data !== null && 'kind' in data && data.kind === 'session-port' && 'sessionId' in data && data.sessionId === sessionId;
}

const KINDS: ReadonlySet<unknown> = new Set(['ready', 'jobs', 'edits', 'drag-outs', 'entries', 'answer']);

function isToPage(data: unknown): data is FilesToPage {
  return typeof data === 'object' && data !== null && 'kind' in data && KINDS.has(data.kind);
}
