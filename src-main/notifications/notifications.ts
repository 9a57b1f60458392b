import { isErrorCode } from '../../shared/errors/catalogue.ts';
import type { SessionId } from '../../shared/ipc/stores.ts';
import { errorText } from '../../shared/languages/error-text.ts';
import type { Translator } from '../../shared/languages/translate.ts';
import type { Stores } from '../stores/owned-store.ts';
import { type Notice, noticesOfSegments, noticesOfSessions, noticesOfUpdates } from './notices.ts';

/** Segments that one notice names; more are counted. */
const MOST_NAMED = 3;
/** More in that time are not shown: they would bury what the user is at, and the windows say all of it. */
const MOST_AT_ONCE = 5;
const WINDOW_MS = 10_000;

/** What the system is asked to show. */
export interface ShownNotice {
  readonly title: string;
  readonly body: string;
  readonly onClick: () => void;
}

interface NotificationsParts {
  readonly stores: Pick<Stores, 'sessions' | 'inventory' | 'updates' | 'settings'>;
  readonly translator: () => Translator;
  readonly show: (notice: ShownNotice) => void;
  /** Whether the user has that session's window, or without one any of ours, before him. */
  readonly inSight: (sessionId?: SessionId) => boolean;
  readonly showSession: (sessionId: SessionId) => void;
  readonly showMain: () => void;
  /** The main window with what it says of updates. */
  readonly showUpdates: () => void;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
}

/** Tells of what happens to sessions and Gateways, and of updates, by the system's notifications, where the user wants them and does not see it anyway. */
export class Notifications {
  readonly #parts: NotificationsParts;
  readonly #shownAt: number[] = [];

  constructor(parts: NotificationsParts) {
    this.#parts = parts;
  }

  /** Tells from now on, for as long as the stores live. */
  start(): void {
    const { sessions, inventory, updates } = this.#parts.stores;
    let knownSessions = sessions.state;
    sessions.onPatch(() => {
      const notices = noticesOfSessions(knownSessions, sessions.state);
      knownSessions = sessions.state;
      this.#tell(notices);
    });
    let knownInventory = inventory.state;
    inventory.onPatch(() => {
      const notices = noticesOfSegments(knownInventory, inventory.state);
      knownInventory = inventory.state;
      this.#tell(notices);
    });
    let toldVersion: string | undefined;
    updates.onPatch(() => {
      const notices = noticesOfUpdates(toldVersion, updates.state);
      toldVersion = notices[0]?.version ?? toldVersion;
      this.#tell(notices);
    });
  }

  #tell(notices: readonly Notice[]): void {
    if (!this.#parts.stores.settings.state.notifications) return;
    for (const notice of notices) {
      const sessionId = 'sessionId' in notice ? notice.sessionId : undefined;
      // Of an update no window tells but the page of settings, which is seldom open.
      if ((notice.kind !== 'update-ready' && this.#parts.inSight(sessionId)) || !this.#hasRoom()) continue;
      this.#parts.show({ ...this.#words(notice), onClick: () => this.#open(notice) });
    }
  }

  #open(notice: Notice): void {
    if ('sessionId' in notice) this.#parts.showSession(notice.sessionId);
    else if (notice.kind === 'update-ready') this.#parts.showUpdates();
    else this.#parts.showMain();
  }

  #hasRoom(): boolean {
    const now = this.#parts.monotonic();
    while (this.#shownAt[0] !== undefined && now - this.#shownAt[0] > WINDOW_MS) this.#shownAt.shift();
    if (this.#shownAt.length >= MOST_AT_ONCE) return false;
    this.#shownAt.push(now);
    return true;
  }

  #words(notice: Notice): { title: string; body: string } {
    const translator = this.#parts.translator();
    const { text, language } = translator;
    switch (notice.kind) {
      case 'ends-soon':
        return { title: text('notice.ends-soon', { resource: notice.resource }), body: text('notice.ends-soon-at', { time: new Intl.DateTimeFormat(language, { timeStyle: 'short' }).format(new Date(notice.at)) }) };
      case 'ended':
        return { title: text('notice.ended', { resource: notice.resource }), body: isErrorCode(notice.code) ? errorText(translator, notice.code, notice.args).message : '' };
      case 'interrupted':
        return { title: text('notice.interrupted', { resource: notice.resource }), body: text('notice.interrupted-body') };
      case 'watched':
        return { title: text('notice.watched', { resource: notice.resource }), body: text('notice.watched-body') };
      case 'update-ready':
        return { title: text('notice.update-ready', { version: notice.version }), body: text(`notice.update-ready-${notice.install}`) };
      case 'segments-fell':
        return {
          title: text('notice.segments-fell', { count: notice.segments.length }),
          body: new Intl.ListFormat(language).format(notice.segments.length > MOST_NAMED ? [...notice.segments.slice(0, MOST_NAMED), '…'] : notice.segments),
        };
    }
    return notice satisfies never;
  }
}
