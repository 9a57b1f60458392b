import { castDraft } from 'immer';
import { describe, expect, test } from 'vitest';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import type { Session, SessionPhase } from '../../../shared/ipc/stores.ts';
import { createTranslator, type TextLanguage } from '../../../shared/languages/translate.ts';
import { Notifications, type ShownNotice } from '../../../src-main/notifications/notifications.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';
import { madeSession } from '../../renderer/page-harness/made-data.ts';

const CONNECTED = { status: 'connected', since: '2026-11-20T08:00:00.000Z', recording: true, roundTripMs: null, endsSoon: null, resuming: null } as const satisfies SessionPhase;
const SEGMENT = { segment: 'gateway-aws', known: true, available: 1, total: 1, confirmedAt: null };

function made({ notifications = true, language = 'en' as TextLanguage, inSight = false } = {}) {
  const stores = createStores(clientSettings.parse({ notifications }));
  const shown: ShownNotice[] = [];
  const opened: unknown[] = [];
  let now = 0;
  const session: Session = { ...madeSession('connected'), resourceName: 'db-1', phase: CONNECTED, watchedBy: null, watching: null };
  new Notifications({ stores, translator: () => createTranslator(language), show: (notice) => shown.push(notice), inSight: () => inSight, showSession: (id) => opened.push(id), showMain: () => opened.push('main'), showUpdates: () => opened.push('updates'), monotonic: () => now }).start();
  const put = (changes: Partial<Session>) => stores.sessions.update((draft) => {
    draft.items[session.id] = castDraft({ ...session, ...stores.sessions.state.items[session.id], ...changes });
  });
  put({});
  const segments = (...counts: readonly number[]) => stores.inventory.update((draft) => {
    draft.segments = counts.map((available, number) => ({ ...SEGMENT, segment: `gateway-${String(number)}`, available }));
  });
  const update = (version: string, install: 'restart' | 'by-hand' = 'restart') => stores.updates.update((draft) => {
    draft.phase = { status: 'ready', offer: { version, notes: '', sizeBytes: 1 }, install, fileName: 'x' };
  });
  return { shown, opened, session, put, segments, update, checking: () => stores.updates.update((draft) => void (draft.phase = { status: 'checking' })), titles: () => shown.map(({ title }) => title), later: (ms: number) => void (now += ms) };
}

describe('notifications', () => {
  test('a session that ends soon, is interrupted, is watched, or was ended by somebody else is told of once, and a click brings its window', () => {
    const { shown, opened, session, put, titles } = made();
    const endsSoon = { code: 'session.limit', at: '2026-11-20T09:00:00.000Z' };
    put({ phase: { ...CONNECTED, endsSoon } });
    put({ phase: { ...CONNECTED, endsSoon, roundTripMs: 3 } });
    put({ watchedBy: { watchers: 1, names: [] } });
    put({ watchedBy: { watchers: 1, names: ['k.lin'] } });
    put({ phase: { ...CONNECTED, endsSoon, resuming: { since: endsSoon.at, until: endsSoon.at } } });
    put({ phase: { status: 'ended', error: { code: 'session.terminated', args: {}, reference: null }, exitStatus: null, signal: null, durationMs: 1 } });
    expect(titles()).toEqual(['The session on db-1 ends soon', 'The session on db-1 is being watched', 'The session on db-1 is interrupted', 'The session on db-1 was ended']);
    expect(shown.at(-1)?.body).toBe('The session was ended by an administrator.');
    shown[0]?.onClick();
    expect(opened).toEqual([session.id]);
  });

  test('what the user has done himself, what he sees, and what he does not want is told of to nobody', () => {
    const ended = (code: string): Partial<Session> => ({ phase: { status: 'ended', error: { code, args: {}, reference: null }, exitStatus: 0, signal: null, durationMs: 1 } });
    for (const code of ['session.closed-by-user', 'session.ended']) {
      const { put, shown } = made();
      put(ended(code));
      expect(shown).toEqual([]);
    }
    for (const options of [{ inSight: true }, { notifications: false }]) {
      const { put, shown } = made(options);
      put(ended('session.terminated'));
      expect(shown).toEqual([]);
    }
  });

  test('an update that is ready is told of once, also to who looks at another window of ours, and a click brings the page that installs it; not to who wants no notices', () => {
    const { update, checking, shown, opened, titles } = made({ inSight: true });
    update('1.2.0');
    checking();
    update('1.2.0');
    update('1.3.0', 'by-hand');
    expect(titles()).toEqual(['MAVIS Desktop 1.2.0 is ready to be installed', 'MAVIS Desktop 1.3.0 is ready to be installed']);
    expect(shown.map(({ body }) => body)).toEqual(['Restart the app to install it, or install it by quitting.', 'Settings says where the verified file lies.']);
    shown[0]?.onClick();
    expect(opened).toEqual(['updates']);
    const quiet = made({ notifications: false });
    quiet.update('1.2.0');
    expect(quiet.shown).toEqual([]);
  });

  test('segments that fall together are one notice, which names three; those that were down before, or come back, are none', () => {
    const { shown, opened, segments, titles } = made();
    segments(1, 2, 1, 3, 0);
    segments(0, 0, 0, 0, 0);
    segments(1, 0, 0, 0, 0);
    expect(titles()).toEqual(['4 Gateway segments have no available Gateway']);
    expect(shown[0]?.body).toBe('gateway-0, gateway-1, gateway-2, and …');
    shown[0]?.onClick();
    expect(opened).toEqual(['main']);
  });

  test('a flood is cut off, and room is there again after it', () => {
    const { segments, shown, later } = made();
    const fall = () => {
      segments(1);
      segments(0);
    };
    for (let times = 0; times < 20; times += 1) fall();
    expect(shown).toHaveLength(5);
    later(60_000);
    fall();
    expect(shown).toHaveLength(6);
  });

  test('each notice is worded in every language', () => {
    for (const language of ['en', 'ja', 'zh-Hant'] as const) {
      const { put, segments, shown } = made({ language });
      put({ phase: { ...CONNECTED, endsSoon: { code: 'session.limit', at: '2026-11-20T09:00:00.000Z' } } });
      segments(1);
      segments(0);
      expect(shown).toHaveLength(2);
      for (const { title, body } of shown) expect(`${title}${body}`).not.toMatch(/\{|undefined/);
    }
  });
});
