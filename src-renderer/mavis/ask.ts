import type { IpcAnswer } from '../../shared/ipc/contract.ts';
import type { ShownError } from '../../shared/ipc/stores.ts';
import { connectionReference } from '../../shared/ids.ts';

/** How a call of main ended, as pages keep it. */
export type Asked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ShownError };

/** An error that a page found by itself. */
export function shownErrorOf(code: string, args: Record<string, string | number> = {}): ShownError {
  return { code, args, reference: null };
}

/** Awaits a call of main. It never rejects: where the border itself fails, the error is `internal`. */
export async function ask<T>(call: Promise<IpcAnswer<T>>): Promise<Asked<T>> {
  try {
    const answer = await call;
    if (answer.ok) return { ok: true, value: answer.value };
    const reference = connectionReference.safeParse(answer.reference);
    return { ok: false, error: { code: answer.code, args: answer.args, reference: reference.success ? reference.data : null } };
  } catch (cause) {
    // Seen only when main is going away or the preload is broken: shown as what it is, and told of to the app's log.
    globalThis.reportError(cause);
    return { ok: false, error: shownErrorOf('internal') };
  }
}

/**
 * Awaits a call of main as `ask` does, and shows how it failed. What was shown before is taken away as this begins, and not
 * where it went well in the end: another call may have failed meanwhile.
 */
export async function askShowing<T>(show: (error: ShownError | null) => void, call: Promise<IpcAnswer<T>>): Promise<Asked<T>> {
  show(null);
  const answer = await ask(call);
  if (!answer.ok) show(answer.error);
  return answer;
}
