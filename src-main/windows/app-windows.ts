import type { BrowserWindow, MessagePortMain } from 'electron';
import type { Protocol } from '../../shared/ids.ts';
import type { WindowRole } from '../../shared/ipc/contract.ts';
import type { WindowAction } from '../../shared/ipc/window-actions.ts';
import type { SessionId, StorePatch } from '../../shared/ipc/stores.ts';
import { patchFor } from '../stores/window-view.ts';
import type { WindowBounds } from './window-bounds.ts';
import type { WindowFactory } from './window-factory.ts';
import type { DiagnosisId, WindowRegistry } from './window-registry.ts';

export interface AppWindowsParts {
  readonly factory: Pick<WindowFactory, 'open' | 'place' | 'placeOf'>;
  readonly registry: Pick<WindowRegistry, 'find'>;
  /** Whether a session's window may not close without asking. */
  readonly isConnected: (sessionId: SessionId) => boolean;
  readonly onSessionWindowClosed: (sessionId: SessionId) => void;
  readonly onDiagnosisWindowClosed: (id: DiagnosisId) => void;
  /** The picture that goes with files that are dragged out of a window: the path of a PNG. */
  readonly dragIcon: string;
  /** Gives a window what its role needs beside the page (menus). */
  readonly onOpened: (window: BrowserWindow, role: WindowRole) => void;
}

/** The windows that are open: one main window, one for each session, and one for each diagnosis of a connection or resource. */
export class AppWindows {
  readonly #parts: AppWindowsParts;
  #main: BrowserWindow | undefined;
  readonly #sessions = new Map<SessionId, BrowserWindow>();
  readonly #diagnoses = new Map<DiagnosisId, BrowserWindow>();
  /** While the app quits, the question has been asked already. */
  #quitting = false;

  constructor(parts: AppWindowsParts) {
    this.#parts = parts;
  }

  get main(): BrowserWindow | undefined {
    return this.#main;
  }

  /** Opens the main window, or brings it forward. */
  showMain(): void {
    if (this.#main) {
      bringForward(this.#main);
      return;
    }
    const window = this.#parts.factory.open('main');
    this.#main = window;
    window.once('closed', () => {
      this.#main = undefined;
    });
    this.#parts.onOpened(window, 'main');
  }

  openSession(sessionId: SessionId, protocol: Protocol): void {
    const window = this.#parts.factory.open('session', { sessionId, protocol });
    this.#sessions.set(sessionId, window);
    let hangs = false;
    window.on('unresponsive', () => {
      hangs = true;
    });
    window.on('responsive', () => {
      hangs = false;
    });
    window.on('close', (event) => {
      // A page that hangs or has crashed cannot ask: then the window closes as its user wants.
      if (this.#quitting || hangs || window.webContents.isCrashed() || !this.#parts.isConnected(sessionId)) return;
      event.preventDefault();
      this.#tell(window, 'session.ask-close');
    });
    window.once('closed', () => {
      this.#sessions.delete(sessionId);
      this.#parts.onSessionWindowClosed(sessionId);
    });
    this.#parts.onOpened(window, 'session');
  }

  /** Where the window of a session is. */
  placeOfSession(sessionId: SessionId): WindowBounds | undefined {
    const window = this.#sessions.get(sessionId);
    return window === undefined || window.isDestroyed() ? undefined : this.#parts.factory.placeOf(window);
  }

  /** Puts the window of a session where another one was, unless that screen is no more. */
  placeSession(sessionId: SessionId, place: WindowBounds): void {
    const window = this.#sessions.get(sessionId);
    if (window !== undefined && !window.isDestroyed()) this.#parts.factory.place(window, place);
  }

  /** Opens the window of a diagnosis, or brings it forward. */
  showDiagnosis(diagnosisId: DiagnosisId): void {
    const known = this.#diagnoses.get(diagnosisId);
    if (known) {
      bringForward(known);
      return;
    }
    const window = this.#parts.factory.open('diagnosis', { diagnosisId });
    this.#diagnoses.set(diagnosisId, window);
    window.once('closed', () => {
      this.#diagnoses.delete(diagnosisId);
      this.#parts.onDiagnosisWindowClosed(diagnosisId);
    });
    this.#parts.onOpened(window, 'diagnosis');
  }

  closeDiagnosis(diagnosisId: DiagnosisId): void {
    this.#diagnoses.get(diagnosisId)?.close();
  }

  /** Tells the window of a diagnosis of a change in it. */
  sendDiagnosisPatch(diagnosisId: DiagnosisId, patch: StorePatch): void {
    const window = this.#diagnoses.get(diagnosisId);
    if (window && !window.isDestroyed() && !window.webContents.isDestroyed()) window.webContents.send('store-patch', patch);
  }

  showSession(sessionId: SessionId): void {
    const window = this.#sessions.get(sessionId);
    if (window) bringForward(window);
  }

  /** Whether the user has a session's window before him, or without one any of ours. */
  inSight(sessionId?: SessionId): boolean {
    return sessionId === undefined ? this.#all().some((window) => window.isFocused()) : (this.#sessions.get(sessionId)?.isFocused() ?? false);
  }

  /** Lets a session's window fill the screen, or takes it back. */
  toggleFullScreen(sessionId: SessionId): void {
    const window = this.#sessions.get(sessionId);
    window?.setFullScreen(!window.isFullScreen());
  }

  /** Begins the system's drag of files of this computer, under the pointer that is over a session's window. */
  startDrag(sessionId: SessionId, paths: readonly string[]): void {
    const [file = ''] = paths;
    this.#sessions.get(sessionId)?.webContents.startDrag({ file, files: [...paths], icon: this.#parts.dragIcon });
  }

  /** Lets the main window fill the screen while it plays, or takes it back. */
  setMainFullScreen(full: boolean): void {
    this.#main?.setFullScreen(full);
  }

  /** Hands the page of a session its end of a port. */
  givePort(sessionId: SessionId, port: MessagePortMain): void {
    const window = this.#sessions.get(sessionId);
    if (window && !window.isDestroyed()) window.webContents.postMessage('session-port', { kind: 'session-port', sessionId }, [port]);
    else port.close();
  }

  /** Tells every window what it may know of a change. */
  sendPatch(patch: StorePatch): void {
    for (const window of this.#all()) {
      const caller = this.#parts.registry.find(window.webContents.id);
      const own = caller && patchFor(caller, patch);
      if (own) window.webContents.send('store-patch', own);
    }
  }

  /** Asks the page of a window to do something; of the focused one where none is named. */
  sendAction(window: BrowserWindow | undefined, action: WindowAction): void {
    const target = window ?? this.#main;
    if (target && !target.isDestroyed()) this.#tell(target, action);
  }

  /** Shows everything in every window so large, as a share of its actual size. */
  zoom(percent: number): void {
    for (const { webContents } of this.#all()) webContents.setZoomFactor(percent / 100);
  }

  /** From now on windows close without asking. */
  beginQuit(): void {
    this.#quitting = true;
  }

  #tell(window: BrowserWindow, action: WindowAction): void {
    window.webContents.send('action', action);
  }

  #all(): BrowserWindow[] {
    return [...(this.#main ? [this.#main] : []), ...this.#sessions.values(), ...this.#diagnoses.values()].filter((window) => !window.isDestroyed() && !window.webContents.isDestroyed());
  }
}

function bringForward(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}
