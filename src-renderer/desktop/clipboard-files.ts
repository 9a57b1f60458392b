import { MOST_FILE_PIECE_BYTES } from '../../shared/ipc/clipboard-files.ts';
import { ask } from '../mavis/ask.ts';
import type { SessionId, ShownError } from '../../shared/ipc/stores.ts';
import type { WindowApi } from '../../shared/ipc/window-api.ts';
import type { ReadPiece, TargetFile } from './desktop-engine.ts';

/** A piece that is asked of a target at once: a tenth of a second on a slow line. */
const PIECE_BYTES = 1024 * 1024;

type Files = Pick<WindowApi, 'clipboardFiles'>;

export type TakeResult = { readonly kind: 'taken' | 'not-chosen' | 'stopped' } | { readonly kind: 'failed'; readonly error: ShownError } | { readonly kind: 'target-failed'; readonly path: string };

/** Brings files of a target's clipboard into a folder that the user chooses, one after the other. What is whole stays, also where a later one fails. */
export async function takeFiles(mavis: Files, sessionId: SessionId, files: readonly TargetFile[], read: ReadPiece, { signal, progress }: { readonly signal: AbortSignal; readonly progress: (doneBytes: number) => void }): Promise<TakeResult> {
  const begun = await ask(mavis.clipboardFiles.begin({ sessionId, files: files.map(({ path, folder }) => ({ path, folder })) }));
  if (!begun.ok) return { kind: 'failed', error: begun.error };
  const { transferId } = begun.value;
  if (transferId === null) return { kind: 'not-chosen' };
  let result: TakeResult = { kind: 'taken' };
  let done = 0;
  for (const [place, file] of files.entries()) {
    result = await takeFile(mavis, { sessionId, transferId, place }, file, read, signal, (bytes) => progress((done += bytes)));
    if (result.kind !== 'taken') break;
  }
  const ended = await ask(mavis.clipboardFiles.end({ sessionId, transferId, whole: result.kind === 'taken' }));
  return result.kind === 'taken' && !ended.ok ? { kind: 'failed', error: ended.error } : result;
}

async function takeFile(mavis: Files, at: { readonly sessionId: SessionId; readonly transferId: string; readonly place: number }, file: TargetFile, read: ReadPiece, signal: AbortSignal, progress: (bytes: number) => void): Promise<TakeResult> {
  // An empty file is one too.
  for (let from = 0; from < file.sizeBytes || from === 0; ) {
    if (signal.aborted) return { kind: 'stopped' };
    const wanted = file.folder ? 0 : Math.min(PIECE_BYTES, file.sizeBytes - from);
    let bytes: Uint8Array<ArrayBuffer> | undefined;
    try {
      bytes = wanted === 0 ? new Uint8Array(0) : await unlessStopped(read(at.place, from, wanted), signal);
    } catch {
      return { kind: 'target-failed', path: file.path };
    }
    if (bytes === undefined) return { kind: 'stopped' };
    // A target that gives less than its own list says would be asked for ever.
    if (bytes.length > wanted || (bytes.length === 0 && wanted > 0)) return { kind: 'target-failed', path: file.path };
    const written = await ask(mavis.clipboardFiles.append({ ...at, bytes }));
    if (!written.ok) return { kind: 'failed', error: written.error };
    progress(bytes.length);
    if (wanted === 0) break;
    from += bytes.length;
  }
  return { kind: 'taken' };
}

/** What comes, or undefined as soon as the user stops it: a target may take long to answer. */
function unlessStopped<T>(coming: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    coming.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Reads pieces of the files that the user chose, in as many turns as main gives them; `failed` hears what went wrong here. */
export function chosenFiles(mavis: Files, sessionId: SessionId, failed: (error: ShownError) => void): ReadPiece {
  return async (place, at, bytes) => {
    const whole = new Uint8Array(bytes);
    let read = 0;
    while (read < bytes) {
      const wanted = Math.min(MOST_FILE_PIECE_BYTES, bytes - read);
      const answer = await ask(mavis.clipboardFiles.read({ sessionId, place, at: at + read, bytes: wanted }));
      if (!answer.ok) {
        failed(answer.error);
        throw new Error(answer.error.code);
      }
      whole.set(answer.value.bytes, read);
      read += answer.value.bytes.length;
      if (answer.value.bytes.length < wanted) break;
    }
    return whole.subarray(0, read);
  };
}
