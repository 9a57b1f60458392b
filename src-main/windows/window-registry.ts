import type { WindowRole } from '../../shared/ipc/contract.ts';
import type { Protocol, ResourceId } from '../../shared/ids.ts';
import type { SessionId } from '../../shared/ipc/stores.ts';

/** What a diagnosis window is about, and main's name for it: a connection, or a resource by one protocol. */
export type DiagnosisId = `session ${SessionId}` | `resource ${ResourceId} ${Protocol}`;

/** A window of ours, as main knows it by itself: nothing here comes from a page. */
export interface CallerWindow {
  readonly webContentsId: number;
  readonly role: WindowRole;
  /** The session that a session window shows; null for other windows. */
  readonly sessionId: SessionId | null;
  /** What a diagnosis window is about; null for other windows. */
  readonly diagnosisId: DiagnosisId | null;
}

/** The windows that the factory made and that are open: the only senders that main listens to (E17). */
export class WindowRegistry {
  readonly #windows = new Map<number, CallerWindow>();

  add(window: CallerWindow): void {
    this.#windows.set(window.webContentsId, window);
  }

  remove(webContentsId: number): void {
    this.#windows.delete(webContentsId);
  }

  find(webContentsId: number): CallerWindow | undefined {
    return this.#windows.get(webContentsId);
  }

  all(): readonly CallerWindow[] {
    return [...this.#windows.values()];
  }
}
