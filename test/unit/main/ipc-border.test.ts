import { describe, expect, test } from 'vitest';
import { type IpcAnswer, type IpcCall, ipcContract } from '../../../shared/ipc/contract.ts';
import { sessionId } from '../../../shared/ipc/stores.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { type IpcCallEvent, type IpcHandlers, registerIpcContract } from '../../../src-main/ipc/ipc-border.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { WindowRegistry } from '../../../src-main/windows/window-registry.ts';

const OWN = sessionId.parse('11111111-1111-4111-8111-111111111111');
const OTHER = sessionId.parse('22222222-2222-4222-8222-222222222222');
const UUID = '33333333-3333-4333-8333-333333333333';
const MAIN_WINDOW = 1;
const SESSION_WINDOW = 2;
const DIAGNOSIS_WINDOW = 3;

/** Arguments that the schema of each call takes; a call without an entry here takes none. */
const goodArgs: Readonly<Record<string, unknown>> = {
  'app.openLink': { url: 'https://example.com/' },
  'app.copyText': { text: 'x' },
  'app.reportFault': { reference: null, name: 'TypeError', frames: '' },
  'app.runAction': { actionId: 'view.audit' },
  'stores.read': { store: 'settings' },
  'settings.update': { changes: { theme: 'dark' } },
  'ownLog.read': { from: null },
  'profiles.add': { name: 'a', colour: 'blue', serviceUrl: 'https://a.example', pin: null },
  'profiles.update': { profileId: UUID, fields: { name: 'a', colour: 'blue', serviceUrl: 'https://a.example', pin: null } },
  'profiles.remove': { profileId: UUID },
  'profiles.select': { profileId: UUID },
  'profiles.readFingerprint': { serviceUrl: 'https://a.example', proxy: { kind: 'manual', host: 'proxy.example', port: 3128 } },
  'network.answerProxy': { questionId: UUID, answer: { userName: 'a', password: 'x', keep: false } },
  'account.signIn': { profileId: UUID, name: 'a', password: 'x', stayNamed: false },
  'account.changePassword': { current: 'x', next: 'correct horse battery' },
  'resources.query': { filter: '', sort: 'name', offset: 0, limit: 10, only: 'all' },
  'gateways.installation': { gatewayId: UUID },
  'gateways.saveConfiguration': { gatewayId: UUID },
  'gateways.readPastedKey': { text: 'x' },
  'resources.setFavourite': { resourceId: UUID, favourite: true },
  'sessions.connect': { resourceId: UUID, protocol: 'ssh' },
  'sessions.watch': { connectionId: UUID, reference: 'MV-7K3QX-M2P4D' },
  'sessions.endWatched': { sessionId: OWN, reason: 'x' },
  'sessions.cancel': { sessionId: OWN },
  'sessions.retry': { sessionId: OWN },
  'sessions.tryNow': { sessionId: OWN },
  'sessions.answerPrompt': { sessionId: OWN, promptId: 1, answers: ['x'] },
  'sessions.end': { sessionId: OWN },
  'sessions.show': { sessionId: OWN },
  'sessions.openPort': { sessionId: OWN },
  'sessions.toggleFullScreen': { sessionId: OWN },
  'foreignClients.open': { resourceId: UUID, kind: 'ssh' },
  'foreignClients.end': { foreignClientId: UUID },
  'files.chooseFolder': { sessionId: OWN },
  'files.uploadDropped': { sessionId: OWN, paths: ['/home/a/b'], folder: '/srv', conflict: 'ask', verify: false },
  'files.trash': { sessionId: OWN, place: ['a'], names: ['b'] },
  'files.dragOut': { sessionId: OWN, dragOutId: 1 },
  'files.openTerminal': { sessionId: OWN, folder: '/srv' },
  'clipboardFiles.choose': { sessionId: OWN },
  'clipboardFiles.read': { sessionId: OWN, place: 0, at: 0, bytes: 10 },
  'clipboardFiles.begin': { sessionId: OWN, files: [{ path: 'a', folder: false }] },
  'clipboardFiles.append': { sessionId: OWN, transferId: UUID, place: 0, bytes: new Uint8Array(3) },
  'clipboardFiles.end': { sessionId: OWN, transferId: UUID, whole: true },
  'logs.export': { log: 'audit', format: 'csv', filter: { outcome: 'failed' } },
  'logs.dropExport': { exportId: UUID },
  'diagnostics.run': {},
  'credentials.save': { credentialId: null, fields: { kind: 'password', name: 'a', userName: 'root', password: 'a' } },
  'diagnostics.runOne': { id: 'api' },
  'diagnostics.watch': { on: true },
  'diagnostics.ofSession': { sessionId: OWN },
  'diagnostics.ofResource': { resourceId: UUID, protocol: 'ssh' },
  'diagnostics.report': { hideAddresses: true },
  'diagnostics.sendReport': { hideAddresses: true },
  'diagnostics.saveReport': { format: 'html', hideAddresses: false },
  'playback.open': { recordingId: UUID },
  'playback.read': { playbackId: UUID, offset: 0 },
  'playback.close': { playbackId: UUID },
  'playback.saveAsciicast': { recordingId: UUID },
  'playback.beginVideo': { recordingId: UUID },
  'playback.appendVideo': { exportId: UUID, bytes: new Uint8Array(3) },
  'playback.endVideo': { exportId: UUID, whole: true },
  'playback.setFullScreen': { full: true },
};

interface Called {
  readonly channel: string;
  readonly args: unknown;
}

function border(): { ask: (channel: string, args: unknown, event: IpcCallEvent) => Promise<IpcAnswer<unknown>>; called: Called[]; channels: string[]; lines: string[] } {
  const listeners = new Map<string, (event: IpcCallEvent, args: unknown) => Promise<IpcAnswer<unknown>>>();
  const called: Called[] = [];
  const lines: string[] = [];
  const windows = new WindowRegistry();
  windows.add({ webContentsId: MAIN_WINDOW, role: 'main', sessionId: null, diagnosisId: null });
  windows.add({ webContentsId: SESSION_WINDOW, role: 'session', sessionId: OWN, diagnosisId: null });
  windows.add({ webContentsId: DIAGNOSIS_WINDOW, role: 'diagnosis', sessionId: null, diagnosisId: `session ${OWN}` });
  const handlers: Record<string, Record<string, (args: unknown) => never>> = {};
  for (const [subject, calls] of Object.entries(ipcContract)) {
    handlers[subject] = Object.fromEntries(
      Object.keys(calls).map((name) => [
        name,
        (args: unknown) => {
          called.push({ channel: `${subject}.${name}`, args });
          throw new MavisError('request.conflict', { what: 'handled' });
        },
      ]),
    );
  }
  registerIpcContract({
    receiver: { handle: (channel, listener) => void listeners.set(channel, listener) },
    windows,
    handlers: handlers as unknown as IpcHandlers,
    log: createLog([(line) => lines.push(line)], () => 0, 1),
  });
  const ask = (channel: string, args: unknown, event: IpcCallEvent): Promise<IpcAnswer<unknown>> => {
    const listener = listeners.get(channel);
    if (!listener) throw new Error(`nothing listens on ${channel}`);
    return listener(event, args);
  };
  return { ask, called, channels: [...listeners.keys()], lines };
}

const from = (id: number, url = 'app://bundle/main-window.html', parent: unknown = null): IpcCallEvent => ({ sender: { id }, senderFrame: { url, parent } });
const everyCall = Object.entries(ipcContract).flatMap(([subject, calls]) => Object.entries<IpcCall>(calls).map(([name, call]) => ({ channel: `${subject}.${name}`, call, args: goodArgs[`${subject}.${name}`] ?? (subject === 'service' ? routeArgs(name) : {}) })));

function routeArgs(name: string): unknown {
  const params: Readonly<Record<string, unknown>> = {
    diagnosisReport: { reference: 'MV-7K3QX-M2P4D' }, recordingVerify: { recordingId: UUID }, connectionTerminate: { connectionId: UUID }, userDisable: { userId: UUID }, userUnlock: { userId: UUID }, userResetPassword: { userId: UUID },
    credentialUpdate: { credentialId: UUID }, credentialRemove: { credentialId: UUID },
    gatewayHistory: { gatewayId: UUID }, gatewayEnterKey: { gatewayId: UUID }, gatewayRotateKey: { gatewayId: UUID }, gatewaySwitchKey: { gatewayId: UUID }, gatewayUpdate: { gatewayId: UUID }, gatewayRemove: { gatewayId: UUID }, segmentRename: { segment: 'gateway-a' }, resourceUpdate: { resourceId: UUID }, resourceRemove: { resourceId: UUID },
    userUpdate: { userId: UUID }, userEnable: { userId: UUID }, userRevokeTokens: { userId: UUID }, accessRuleUpdate: { accessRuleId: UUID }, accessRuleRemove: { accessRuleId: UUID },
    resourceRead: { resourceId: UUID }, resourceConnectionTest: { resourceId: UUID }, resourceConfirmIdentity: { resourceId: UUID },
  };
  const rule = { name: 'a', subject: { kind: 'role', role: 'user' }, filter: '', protocols: ['ssh'], policy: {} };
  const bodies: Readonly<Record<string, unknown>> = {
    gatewayRegister: { name: 'gw', segment: 'gateway-a', addresses: { host: '192.0.2.1', linkPort: 443, proxyPorts: [7993] } }, gatewayEnterKey: { line: `mavis-gateway-key-1 ${'A'.repeat(80)} ${'B'.repeat(60)} gw` }, segmentRename: { name: 'gateway-b' }, gatewaySwitchKey: { fingerprint: 'SHA256:x' },
    resourceTagsChange: { resourceIds: [UUID], add: ['web'] }, resourceCreate: { name: 'host', address: '192.0.2.1', protocols: [{ protocol: 'ssh', port: 22 }], operatingSystem: 'linux' },
    userCreate: { name: 'a', displayName: 'a', role: 'user' }, accessRuleCreate: rule, accessRuleUpdate: rule,
    serviceKeyFinish: { force: true }, tunnelUpdate: { enabled: true, default: { kind: 'segment', segment: 'gateway-a' } },
    connectionTerminate: {}, resourceConnectionTest: { protocol: 'ssh' }, resourceConfirmIdentity: { fingerprint: `SHA256:${'A'.repeat(43)}` },
  };
  const queries: Readonly<Record<string, unknown>> = { accessRuleMatches: { filter: '' }, accessRuleTry: { user: 'a', resource: 'b', protocol: 'ssh' } };
  return { params: params[name] ?? {}, query: queries[name] ?? {}, body: bodies[name] ?? {} };
}

describe('the border between pages and main (E17)', () => {
  test('registers exactly the calls of the contract', () => {
    expect(border().channels.toSorted()).toEqual(everyCall.map(({ channel }) => channel).toSorted());
  });

  test.each(everyCall)('A27: $channel is taken from the windows that the contract names, and from no other', async ({ channel, call, args }) => {
    for (const [role, id] of [['main', MAIN_WINDOW], ['session', SESSION_WINDOW], ['diagnosis', DIAGNOSIS_WINDOW]] as const) {
      const { ask, called } = border();
      const answer = await ask(channel, args, from(id));
      const mayCall = call.windows.includes(role);
      expect(answer).toMatchObject({ ok: false, code: mayCall ? 'request.conflict' : 'access.denied' });
      expect(called).toHaveLength(mayCall ? 1 : 0);
    }
  });

  test.each(everyCall)('A27: $channel is refused from a window that we did not make, a frame inside a page, another origin, a gone frame', async ({ channel, args, call }) => {
    const { ask, called } = border();
    const id = call.windows.includes('main') ? MAIN_WINDOW : SESSION_WINDOW;
    const strangers: IpcCallEvent[] = [
      from(99),
      from(id, 'app://bundle/main-window.html', {}),
      from(id, 'https://example.com/'),
      from(id, 'app://bundle.example.com/main-window.html'),
      from(id, 'app://other/main-window.html'),
      from(id, 'file:///etc/passwd'),
      from(id, 'about:blank'),
      { sender: { id }, senderFrame: null },
    ];
    for (const event of strangers) expect(await ask(channel, args, event)).toMatchObject({ ok: false, code: 'access.denied' });
    expect(called).toEqual([]);
  });

  test.each(everyCall.filter(({ call }) => call.windows.includes('main')))('A27: $channel takes no arguments but its own', async ({ channel }) => {
    const { ask, called } = border();
    for (const args of [undefined, null, 'app://x', 7, []]) expect(await ask(channel, args, from(MAIN_WINDOW))).toMatchObject({ ok: false, code: 'request.invalid' });
    expect(called).toEqual([]);
  });

  test.each([
    ['sessions.connect', { resourceId: UUID, protocol: 'ssh', host: '10.0.0.1', port: 22 }],
    ['sessions.connect', { resourceId: UUID, protocol: 'ssh', ticket: 'T'.repeat(43) }],
    ['playback.saveAsciicast', { recordingId: UUID, path: '/etc/passwd' }],
    ['resources.setFavourite', { resourceId: UUID, favourite: true, address: '10.0.0.1' }],
  ])('A27: an address, a path or a ticket beside the arguments of %s never reaches main', async (channel, args) => {
    const { ask, called } = border();
    await ask(channel, args, from(MAIN_WINDOW));
    expect(JSON.stringify(called)).not.toMatch(/10\.0\.0\.1|passwd|TTTT/);
  });

  test.each([
    ['sessions.connect', { resourceId: '10.0.0.1:22', protocol: 'ssh' }],
    ['sessions.connect', { resourceId: '../../x', protocol: 'ssh' }],
    ['playback.open', { recordingId: '../recording' }],
    ['playback.saveAsciicast', { recordingId: '/tmp/x' }],
    ['profiles.readFingerprint', { serviceUrl: 'http://169.254.169.254/' }],
    ['profiles.add', { name: 'a', colour: 'blue', serviceUrl: 'file:///etc/passwd', pin: null }],
  ])('A27: %s cannot name an address or a path where an id stands', async (channel, args) => {
    const { ask, called } = border();
    expect(await ask(channel, args, from(MAIN_WINDOW))).toMatchObject({ ok: false, code: 'request.invalid' });
    expect(called).toEqual([]);
  });

  test.each(everyCall.filter(({ call, args }) => call.windows.includes('session') && typeof args === 'object' && args !== null && 'sessionId' in args))(
    'A27: a session window speaks by $channel of its own session only',
    async ({ channel, args }) => {
      const { ask, called } = border();
      expect(await ask(channel, { ...Object(args), sessionId: OTHER }, from(SESSION_WINDOW))).toMatchObject({ ok: false, code: 'access.denied' });
      expect(called).toEqual([]);
    },
  );

  test('a refusal is written to the log without the arguments', async () => {
    const { ask, lines } = border();
    await ask('account.signIn', { profileId: UUID, name: 'a', password: 'CANARY-PASSWORD', stayNamed: false }, from(SESSION_WINDOW));
    expect(lines.join('')).toContain('access.denied');
    expect(lines.join('')).not.toContain('CANARY');
  });
});
