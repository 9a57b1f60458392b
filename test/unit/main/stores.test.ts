import { describe, expect, test } from 'vitest';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import { resourceId } from '../../../shared/ids.ts';
import { type Session, sessionId, storeName, type StorePatch } from '../../../shared/ipc/stores.ts';
import { createStores, type Stores } from '../../../src-main/stores/owned-store.ts';
import { patchFor, stateFor } from '../../../src-main/stores/window-view.ts';

const OWN = sessionId.parse('11111111-1111-4111-8111-111111111111');
const OTHER = sessionId.parse('22222222-2222-4222-8222-222222222222');
const mainWindow = { webContentsId: 1, role: 'main' as const, sessionId: null, diagnosisId: null };
const sessionWindow = { webContentsId: 2, role: 'session' as const, sessionId: OWN, diagnosisId: null };
const diagnosisWindow = { webContentsId: 3, role: 'diagnosis' as const, sessionId: null, diagnosisId: `session ${OWN}` as const };

function makeSession(id: Session['id'], resourceName: string): Session {
  return {
    id, profileName: 'p', profileColour: 'blue', resourceId: resourceId.parse('33333333-3333-4333-8333-333333333333'), resourceName, protocol: 'ssh', userName: 'u', reference: null, gatewayName: null,
    segment: null, firstGatewayName: null, tunnel: false, way: null, stepsMs: {}, tried: [], policy: null, allowedProtocols: [], targetEncrypted: null, targetCertificate: null, phase: { status: 'connecting', step: 'access', detail: null, prompt: null }, attempt: 1, forwarding: { agent: { status: 'off' }, x11: { status: 'off' } }, watching: null, foreignClientId: null, watchedBy: null,
  };
}

function watched(): { stores: Stores; patches: StorePatch[] } {
  const stores = createStores(clientSettings.parse({}));
  const patches: StorePatch[] = [];
  stores.sessions.onPatch((patch) => patches.push(patch));
  return { stores, patches };
}

describe('stores that main owns', () => {
  test('a change is told as the parts that changed, each under the next revision', () => {
    const { stores, patches } = watched();
    stores.sessions.update((draft) => {
      draft.items[OWN] = makeSession(OWN, 'web');
    });
    stores.sessions.update((draft) => {
      const item = draft.items[OWN];
      if (item) item.gatewayName = 'office1';
    });
    stores.sessions.update(() => undefined);
    expect(patches.map(({ revision }) => revision)).toEqual([1, 2]);
    expect(patches[1]?.patch).toEqual([{ op: 'replace', path: ['items', OWN, 'gatewayName'], value: 'office1' }]);
  });

  test('A27: a session window sees its own session alone, in the whole state and in patches', () => {
    const { stores, patches } = watched();
    stores.sessions.update((draft) => {
      draft.items[OWN] = makeSession(OWN, 'web');
      draft.items[OTHER] = makeSession(OTHER, 'SECRET-NAME');
    });
    expect(stateFor(mainWindow, stores, 'sessions')?.state).toEqual(stores.sessions.state);
    expect(JSON.stringify(stateFor(sessionWindow, stores, 'sessions'))).not.toContain('SECRET-NAME');
    const own = patches.map((patch) => patchFor(sessionWindow, patch));
    expect(own[0]?.revision).toBe(1);
    expect(JSON.stringify(own)).toContain('web');
    expect(JSON.stringify(own)).not.toContain('SECRET-NAME');
  });

  test.each(['inventory', 'gateways'] as const)('A27: a session window is told nothing of the %s', (store) => {
    const { stores } = watched();
    expect(stateFor(sessionWindow, stores, store)).toBeUndefined();
    expect(patchFor(sessionWindow, { store, revision: 1, patch: [] })).toBeUndefined();
    expect(patchFor(mainWindow, { store, revision: 1, patch: [] })).toBeDefined();
  });

  test('A27: a diagnosis window is told of look, sign-in and proxies, and of no session, no inventory and no other diagnosis', () => {
    const { stores } = watched();
    const shown = storeName.options.filter((store) => stateFor(diagnosisWindow, stores, store) !== undefined);
    expect(shown).toEqual(['settings', 'account', 'network']);
    expect(storeName.options.filter((store) => patchFor(diagnosisWindow, { store, revision: 1, patch: [] }) !== undefined)).toEqual(shown);
  });
});
