import { describe, expect, test } from 'vitest';
import { connectionReference, profileId, resourceId } from '../../../shared/ids.ts';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import { type Profile, type Session, sessionId } from '../../../shared/ipc/stores.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';
import type { DiagnosisRequest } from '../../../src-main/diagnostics/diagnosis.ts';
import { DiagnosticsDesks } from '../../../src-main/diagnostics/diagnostics-desks.ts';
import { RunHistory } from '../../../src-main/diagnostics/run-history.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';
import type { CallerWindow, DiagnosisId } from '../../../src-main/windows/window-registry.ts';

const SESSION = sessionId.parse('11111111-1111-4111-8111-111111111111');
const ABSENT = sessionId.parse('22222222-2222-4222-8222-222222222222');
const RESOURCE = resourceId.parse('33333333-3333-4333-8333-333333333333');
const profile = (id: string, name: string): Profile => ({ id: profileId.parse(id), name, colour: 'blue', serviceUrl: `https://${name}.example`, pin: null, userName: null, embedded: false, proxy: { kind: 'system' } });
const NISHI = profile('00000000-0000-4000-8000-000000000002', 'nishi');
const OTHER = profile('00000000-0000-4000-8000-000000000003', 'other');
const MAIN: CallerWindow = { webContentsId: 1, role: 'main', sessionId: null, diagnosisId: null };
const windowOf = (diagnosisId: DiagnosisId): CallerWindow => ({ webContentsId: 2, role: 'diagnosis', sessionId: null, diagnosisId });
const failed = (reference: string): Pick<Session, 'resourceId' | 'resourceName' | 'protocol' | 'reference' | 'profileName' | 'profileColour'> => ({ resourceId: RESOURCE, resourceName: 'tokyo-db', protocol: 'ssh', reference: connectionReference.parse(reference), profileName: 'nishi', profileColour: 'blue' });

function desks() {
  const { diagnostics: store } = createStores(clientSettings.parse({}));
  const asked: DiagnosisRequest[] = [];
  const shown: DiagnosisId[] = [];
  const closed: DiagnosisId[] = [];
  const told: DiagnosisId[] = [];
  let session = failed('MV-7K3QX-M2P4D');
  const log = createLog([], () => 0, 1);
  const made: DiagnosticsDesks = new DiagnosticsDesks({
    store, log,
    diagnosis: {
      run: (request) => {
        asked.push(request);
        return new Promise(() => undefined);
      },
    },
    history: new RunHistory({ write: async () => undefined }, log),
    translator: () => createTranslator('en'),
    names: () => [],
    recentLog: async () => [],
    selected: () => OTHER,
    session: (id) => (id === SESSION ? { ...blankSession(), ...session } : undefined),
    profileOfSession: () => NISHI,
    resourceName: async () => 'tokyo-db',
    windows: {
      show: (id) => void shown.push(id),
      close: (id) => {
        closed.push(id);
        made.windowClosed(id);
      },
      sendPatch: (id) => void told.push(id),
    },
  });
  return { made, store, asked, shown, closed, told, triedAgain: (reference: string) => (session = failed(reference)) };
}

function blankSession(): Session {
  return {
    id: SESSION, profileName: '', profileColour: 'blue', resourceId: RESOURCE, resourceName: '', protocol: 'ssh', userName: 'aiko', reference: null, gatewayName: null, segment: null, firstGatewayName: null, tunnel: false, way: null, stepsMs: {}, tried: [], policy: null, targetEncrypted: null, targetCertificate: null,
    allowedProtocols: [], phase: { status: 'failed', error: { code: 'target.refused', args: {}, reference: null }, step: 'target-reached' }, attempt: 1, forwarding: { agent: { status: 'off' }, x11: { status: 'off' } }, watching: null, foreignClientId: null, watchedBy: null,
  };
}

describe('windows of their own for diagnoses', () => {
  test('a failed connection is diagnosed in a window of its own, by the service that it was opened in, while the main window\'s diagnosis stays as it is', () => {
    const { made, store, asked, shown, told } = desks();
    made.openForSession(SESSION);
    expect(shown).toEqual([`session ${SESSION}`]);
    expect(asked).toMatchObject([{ profile: { name: 'nishi' }, resource: { id: RESOURCE, protocol: 'ssh', lastConnection: { code: 'target.refused' } } }]);
    expect(made.storeOf(windowOf(`session ${SESSION}`)).state).toMatchObject({ running: true, about: { resourceName: 'tokyo-db', reference: 'MV-7K3QX-M2P4D' } });
    expect(told).toContain(`session ${SESSION}`);
    expect(store.state).toMatchObject({ running: false, about: null });
    made.deskOf(MAIN).run();
    expect(asked[1]).toMatchObject({ profile: { name: 'other' } });
    expect(asked[1]?.resource).toBeUndefined();
    expect(asked[0]?.signal.aborted).toBe(false);
  });

  test('asked twice for the same connection there is one window, which checks anew what has been tried again', () => {
    const { made, asked, shown, triedAgain } = desks();
    made.openForSession(SESSION);
    triedAgain('MV-YPN0X-QHEYA');
    made.openForSession(SESSION);
    expect(new Set(shown)).toEqual(new Set([`session ${SESSION}`]));
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(made.storeOf(windowOf(`session ${SESSION}`)).state.about?.reference).toBe('MV-YPN0X-QHEYA');
  });

  test('a resource has a window for each protocol', async () => {
    const { made, shown, asked } = desks();
    await made.openForResource(RESOURCE, 'ssh');
    await made.openForResource(RESOURCE, 'vnc');
    expect(shown).toEqual([`resource ${RESOURCE} ssh`, `resource ${RESOURCE} vnc`]);
    expect(asked).toMatchObject([{ profile: { name: 'other' } }, { resource: { name: 'tokyo-db', protocol: 'vnc' } }]);
  });

  test('a window that is closed stops its checks; another service or a sign-out closes them all', async () => {
    const { made, asked, closed } = desks();
    made.openForSession(SESSION);
    made.windowClosed(`session ${SESSION}`);
    expect(asked[0]?.signal.aborted).toBe(true);
    made.openForSession(SESSION);
    await made.openForResource(RESOURCE, 'ssh');
    made.forget();
    expect(closed).toEqual([`session ${SESSION}`, `resource ${RESOURCE} ssh`]);
    expect(asked.every(({ signal }) => signal.aborted)).toBe(true);
  });

  test('A27: a window steers and sees its own diagnosis alone; a session that is not there opens none', () => {
    const { made, shown } = desks();
    expect(() => made.openForSession(ABSENT)).toThrow('request.not-found');
    expect(shown).toEqual([]);
    made.openForSession(SESSION);
    for (const stranger of [windowOf(`session ${ABSENT}`), { webContentsId: 3, role: 'session', sessionId: SESSION, diagnosisId: null } as const]) {
      expect(() => made.deskOf(stranger)).toThrow('access.denied');
      expect(() => made.storeOf(stranger)).toThrow('access.denied');
    }
  });
});
