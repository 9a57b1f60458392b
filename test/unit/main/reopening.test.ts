import { castDraft } from 'immer';
import { expect, test } from 'vitest';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import { profileId, resourceId } from '../../../shared/ids.ts';
import type { Session, SessionPhase } from '../../../shared/ipc/stores.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { Reopening } from '../../../src-main/sessions/reopening.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';
import { madeSession } from '../../renderer/page-harness/made-data.ts';

const PROFILE = profileId.parse('00000000-0000-4000-8000-0000000000a1');
const OTHER = profileId.parse('00000000-0000-4000-8000-0000000000a2');
const CONNECTED = { status: 'connected', since: '2026-11-20T08:00:00.000Z', recording: true, roundTripMs: null, endsSoon: null, resuming: null } as const satisfies SessionPhase;
const PLACE = { x: 30, y: 40, width: 800, height: 600, maximized: false };
const GONE = resourceId.parse('00000000-0000-4000-8000-0000000000b9');

function made(left: unknown, { answer = true, profile = PROFILE } = {}) {
  const { sessions } = createStores(clientSettings.parse({}));
  const done: unknown[] = [];
  let written: unknown;
  let ready = false;
  let signedIn = true;
  const reopening = new Reopening({
    sessions,
    file: { write: (value) => Promise.resolve(void (written = value)) },
    profile: () => (signedIn ? profile : undefined),
    ready: () => ready,
    find: (id) => (id === GONE ? Promise.reject(new Error('gone')) : Promise.resolve({})),
    ask: (count) => Promise.resolve((done.push(count), answer)),
    connect: (session) => Promise.resolve(void done.push(session)),
    placeOf: () => PLACE,
    log: createLog([], () => 0, 1),
  });
  reopening.start(left);
  return {
    reopening, done,
    written: () => written,
    signOut: () => void (signedIn = false),
    signIn: async () => {
      ready = true;
      reopening.proceed();
      reopening.proceed();
      await new Promise(setImmediate);
    },
    put: (session: Session) => sessions.update((draft) => {
      draft.items[session.id] = castDraft(session);
    }),
  };
}

const session = { ...madeSession('connected'), phase: CONNECTED, watching: null };
const { resourceId: ofSession, protocol } = session;

test('what is open is kept while it is, and stays kept when the app ends its sessions because it quits', () => {
  const { put, written, reopening } = made(undefined);
  put(session);
  put({ ...madeSession('watching', 80), phase: CONNECTED });
  expect(written()).toEqual({ profileId: PROFILE, sessions: [{ resourceId: ofSession, protocol, place: PLACE }] });
  reopening.freeze();
  put({ ...session, phase: { status: 'ended', error: { code: 'session.closed-by-user', args: {}, reference: null }, exitStatus: null, signal: null, durationMs: 1 } });
  expect(written()).toMatchObject({ sessions: [{ protocol }] });
});

test('a run in which nothing was opened leaves what waits for another profile, or for an inventory that is not ready', () => {
  for (const profile of [OTHER, PROFILE]) {
    const { written, reopening } = made({ profileId: PROFILE, sessions: [{ resourceId: ofSession, protocol }] }, { profile });
    reopening.freeze();
    expect(written()).toBeUndefined();
  }
});

test('a session that its user has ended is not kept, also where he had signed out before', () => {
  const { put, written, signOut } = made(undefined);
  put(session);
  signOut();
  put({ ...session, phase: { status: 'ended', error: { code: 'session.closed-by-user', args: {}, reference: null }, exitStatus: null, signal: null, durationMs: 1 } });
  expect(written()).toEqual({ profileId: PROFILE, sessions: [] });
});

test('after the next sign-in to the same service the user is asked once, and what he may still see is opened', async () => {
  const left = { profileId: PROFILE, sessions: [{ resourceId: ofSession, protocol, place: PLACE }, { resourceId: GONE, protocol: 'rdp' }] };
  const { done, signIn } = made(left);
  await signIn();
  await signIn();
  expect(done).toEqual([1, { resourceId: ofSession, protocol, place: PLACE }]);
});

test('nothing is opened where the user says no, has signed in elsewhere, or the file is not of the form', async () => {
  const left = { profileId: PROFILE, sessions: [{ resourceId: ofSession, protocol }] };
  for (const [value, options, asked] of [[left, { answer: false }, [1]], [left, { profile: OTHER }, []], [{ sessions: 'many' }, {}, []], [{ profileId: PROFILE, sessions: Array.from({ length: 100 }, () => left.sessions[0]) }, {}, []]] as const) {
    const { done, signIn } = made(value, options);
    await signIn();
    expect(done).toEqual(asked);
  }
});
