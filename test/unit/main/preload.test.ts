import { beforeEach, describe, expect, test, vi } from 'vitest';

// The preload as it runs: Electron's two objects replaced by ones that only remember.

const remembered = vi.hoisted(() => ({ exposed: new Map<string, unknown>(), invoked: [] as unknown[][], listeners: new Map<string, (event: unknown, value: unknown) => void>() }));
vi.mock('electron', () => ({
  webUtils: { getPathForFile: (file: { readonly lies: string }) => file.lies },
  contextBridge: { exposeInMainWorld: (name: string, api: unknown) => remembered.exposed.set(name, api) },
  ipcRenderer: {
    invoke: (...args: unknown[]) => {
      remembered.invoked.push(args);
      return Promise.resolve({ ok: true, value: {} });
    },
    on: (channel: string, listener: (event: unknown, value: unknown) => void) => remembered.listeners.set(channel, listener),
    removeListener: (channel: string) => remembered.listeners.delete(channel),
  },
}));

/** By a name that the compiler does not follow: the preload is of the pages' world, with its own configuration. */
const preload: string = '../../../src-main/preload/preload.ts';

beforeEach(async () => {
  if (remembered.exposed.size === 0) await import(preload);
});

type Api = Record<string, Record<string, (args: unknown) => unknown>>;
const api = (): Api => remembered.exposed.get('mavis') as Api;

describe('the preload (E20)', () => {
  test('exposes one name with these calls and no more', () => {
    expect([...remembered.exposed.keys()]).toEqual(['mavis']);
    expect(Object.fromEntries(Object.entries(api()).map(([subject, calls]) => [subject, Object.keys(calls)]))).toMatchInlineSnapshot(`
      {
        "account": [
          "signIn",
          "signOut",
          "changePassword",
        ],
        "app": [
          "about",
          "openLink",
          "copyText",
          "reportFault",
          "readClipboardText",
          "runAction",
        ],
        "clipboardFiles": [
          "choose",
          "read",
          "begin",
          "append",
          "end",
        ],
        "credentials": [
          "chooseKeyFile",
          "save",
        ],
        "diagnostics": [
          "run",
          "runOne",
          "watch",
          "ofSession",
          "ofResource",
          "report",
          "sendReport",
          "saveReport",
        ],
        "events": [
          "onStorePatch",
          "onAction",
        ],
        "files": [
          "chooseFolder",
          "uploadDropped",
          "trash",
          "dragOut",
          "openTerminal",
        ],
        "foreignClients": [
          "open",
          "end",
        ],
        "gateways": [
          "refresh",
          "installation",
          "saveConfiguration",
          "readPastedKey",
        ],
        "logs": [
          "export",
          "dropExport",
          "prove",
          "dropProof",
        ],
        "network": [
          "answerProxy",
        ],
        "ownLog": [
          "read",
          "openFolder",
        ],
        "playback": [
          "open",
          "read",
          "close",
          "saveAsciicast",
          "beginVideo",
          "appendVideo",
          "endVideo",
          "setFullScreen",
        ],
        "profiles": [
          "add",
          "update",
          "remove",
          "select",
          "readFingerprint",
        ],
        "resources": [
          "query",
          "setFavourite",
        ],
        "service": [
          "diagnosisReportList",
          "diagnosisReport",
          "recordingList",
          "recordingVerify",
          "auditList",
          "errorLogList",
          "connectionList",
          "connectionTerminate",
          "gatewayList",
          "gatewayHistory",
          "serviceKeysRead",
          "serviceKeyRotate",
          "serviceKeySwitch",
          "serviceKeyFinish",
          "tunnelRead",
          "tunnelUpdate",
          "tunnelApplies",
          "gatewayRegister",
          "gatewayEnterKey",
          "gatewayRotateKey",
          "gatewaySwitchKey",
          "gatewayUpdate",
          "gatewayRemove",
          "segmentRename",
          "credentialList",
          "credentialUpdate",
          "credentialRemove",
          "resourceTags",
          "resourceTagsChange",
          "resourceCreate",
          "resourceUpdate",
          "resourceRemove",
          "userList",
          "userCreate",
          "userUpdate",
          "userEnable",
          "userRevokeTokens",
          "accessRuleMatches",
          "accessRuleTry",
          "accessRuleCreate",
          "accessRuleUpdate",
          "accessRuleRemove",
          "userDisable",
          "userUnlock",
          "userResetPassword",
          "accessRuleList",
          "resourceRead",
          "resourceConnectionTest",
          "resourceConfirmIdentity",
        ],
        "sessions": [
          "connect",
          "watch",
          "endWatched",
          "cancel",
          "retry",
          "answerPrompt",
          "tryNow",
          "end",
          "show",
          "openPort",
          "toggleFullScreen",
        ],
        "settings": [
          "update",
          "managed",
          "export",
          "import",
          "reset",
        ],
        "stores": [
          "read",
        ],
        "updates": [
          "check",
          "download",
          "install",
          "showFile",
        ],
      }
    `);
  });

  test('each call has its own channel, and passes its one argument on', async () => {
    await api()['sessions']?.['connect']?.({ resourceId: 'r', protocol: 'ssh' });
    expect(remembered.invoked.at(-1)).toEqual(['sessions.connect', { resourceId: 'r', protocol: 'ssh' }]);
  });

  test('A27: of files that were dropped it tells main where they lie, and the page nothing', async () => {
    await api()['files']?.['uploadDropped']?.({ sessionId: 's', files: [{ lies: '/home/a/b' }], folder: '/srv', conflict: 'ask', verify: false });
    expect(remembered.invoked.at(-1)).toEqual(['files.uploadDropped', { sessionId: 's', folder: '/srv', conflict: 'ask', verify: false, paths: ['/home/a/b'] }]);
  });

  test('listeners get the value and never the event', () => {
    const heard: unknown[][] = [];
    const stop = api()['events']?.['onStorePatch']?.((...given: unknown[]) => heard.push(given));
    remembered.listeners.get('store-patch')?.({ sender: 'ipcRenderer' }, { store: 'settings' });
    expect(heard).toEqual([[{ store: 'settings' }]]);
    if (typeof stop === 'function') stop();
    expect(remembered.listeners.has('store-patch')).toBe(false);
  });
});
