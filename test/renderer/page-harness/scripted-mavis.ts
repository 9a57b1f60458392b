import type { AuditEntry, ErrorLogEntry } from '../../../shared/api/audit.ts';
import type { IpcAnswer, ResourceRow } from '../../../shared/ipc/contract.ts';
import { tunnelSettings, type TunnelSettings } from '../../../shared/api/tunnel.ts';
import { isSegmentTag, type ListedResource } from '../../../shared/api/resources.ts';
import { role } from '../../../shared/api/roles.ts';
import { protocol, type Protocol } from '../../../shared/ids.ts';
import { playbackEnd, type PlaybackEnd } from '../../../shared/recording/playback.ts';
import { sessionId, type StoreName, type StorePatch } from '../../../shared/ipc/stores.ts';
import type { WindowApi } from '../../../shared/ipc/window-api.ts';
import { availabilityOf, bySegment } from '../../../src-main/inventory/availability.ts';
import { credentialCalls } from './scripted-credentials.ts';
import { gatewayServiceCalls, gatewaySetupCalls } from './scripted-gateways.ts';
import { foreignClientCalls } from './scripted-foreign-clients.ts';
import { serviceKeyCalls } from './scripted-service-keys.ts';
import type { FilesToPage } from '../../../shared/ipc/files-port.ts';
import { ScriptedFiles } from './scripted-files.ts';
import { type PlayedRdp, ScriptedRdpTarget } from './scripted-rdp-target.ts';
import { madeDiagnostics, SENT_REPORT } from './made-diagnostics.ts';
import { gatewayHistory, gateways } from './made-gateways.ts';
import { liveConnections, madeRules, madeTrial, madeUsers } from './made-people.ts';
import { account, auditEntries, errorEntries, inventory, madeSession, ownLogLines, person, playbackBytes, profiles, recordings, segments, SESSION_ID, settings, updates } from './made-data.ts';

type Listener = (patch: StorePatch) => void;

/** What a test may look at and do from outside: `window.harness`. */
export interface Harness {
  /** Calls that the page made, with their arguments, newest last. */
  readonly calls: { readonly name: string; readonly args: unknown }[];
  /** Changes a place of a store and tells the page by a patch. */
  readonly patch: (store: StoreName, path: (string | number)[], value: unknown) => void;
  /** Asks an action of the page, as main's menu does. */
  readonly action: (id: string) => void;
  /** Output of the session's target, text or bytes; resolves when the page has drawn it. */
  readonly output: (sent: string | Uint8Array) => Promise<void>;
  /** From the next connection on the session's target is this RDP target. */
  readonly playRdp: (played: PlayedRdp) => void;
  /** Bytes of the session so far, both ways. */
  readonly traffic: () => number;
  /** What the page sent to the session, as text. */
  readonly input: () => string;
  /** The same as it was sent. */
  readonly inputBytes: () => Uint8Array;
  /** Milliseconds that each question to the resource index took. */
  readonly queryMs: number[];
  /** Filled by a test: milliseconds from a key to the picture. */
  readonly paintedMs: number[];
  /** Filled by a test: so many entries of each log came since the page was opened. */
  fresh: number;
  /** Set by a test: the recording that its gateway still holds has been pulled. */
  pulled: boolean;
  /** Set by a test: searches for resources, a new resource, lists of recordings and the audit log, read as they were when asked for, reports of a diagnosis, refusals of a sign-in, the choice of a profile and all that a files window asks are answered once this settles. */
  held: Promise<void>;
  /** Set by a test: a call of this name is answered once this settles, by how it was when the call was made. */
  readonly late: Record<string, Promise<void>>;
  /** Set by a test: names that stand in every folder of a files window beside its own, and names that do not. */
  brought: readonly string[];
  gone: readonly string[];
  /** Tells a files window what its session's process tells without being asked. */
  readonly tellFiles: (message: FilesToPage) => void;
  /** Set by a test: lists of recordings and searches for resources are refused with this code of the catalogue. */
  refusing: string | null;
  readonly ready: Promise<void>;
}

declare global {
  interface Window {
    harness: Harness;
  }
}

const ok = <T>(value: T): Promise<IpcAnswer<T>> => Promise.resolve({ ok: true, value });
const refused = (code: string, args: Record<string, string | number> = {}): Promise<IpcAnswer<never>> => Promise.resolve({ ok: false, code, args, reference: null });

/** A `window.mavis` with made-up data for one scene of the query (`scene`, `role`, `language`, `theme`, `view`, `resources`). */
export function scriptedMavis(query: URLSearchParams): WindowApi {
  const scene = query.get('scene') ?? 'resources';
  const count = Number(query.get('resources') ?? '2000');
  const listeners = new Set<Listener>();
  const actions = new Set<(id: string) => void>();
  const favourites = new Set<string>(['00000000-0000-4000-8000-000000000003']);
  const lastUsedAt = new Map<string, number>([['00000000-0000-4000-8000-000000000009', Date.parse('2026-11-23T08:30:00Z')]]);
  const revisions: Record<StoreName, number> = { settings: 1, profiles: 1, account: 1, inventory: 1, gateways: 1, sessions: 1, foreignClients: 1, changes: 1, logWork: 1, network: 1, updates: 1, diagnostics: 1 };
  const states: Record<StoreName, Record<string, unknown>> = {
    settings: settings(query),
    profiles: profiles(scene === 'no-profile'),
    account: account(scene, role.catch('admin').parse(query.get('role'))),
    inventory: inventory(scene, count),
    gateways: gateways(scene),
    changes: { audit: 0, 'error-log': 0, recordings: 0, users: 0, 'access-rules': 0, credentials: 0, tunnel: 0, 'service-keys': 0, connections: 0 },
    logWork: { exports: {}, proof: { status: 'not-asked' } },
    network: { proxyQuestion: query.has('proxy') ? { id: SESSION_ID, proxy: 'proxy.nishi.example:3128', refused: query.get('proxy') === 'refused', canKeep: query.get('proxy') !== 'no-keyring' } : null },
    updates: updates(query.get('updates')),
    diagnostics: madeDiagnostics(scene),
    foreignClients: { items: {} },
    sessions: { items: scene === 'sessions-empty' ? {} : query.has('session') ? { [SESSION_ID]: madeSession(scene) } : Object.fromEntries([madeSession('connected', 77), madeSession('failed', 78, 'aws-web-00005'), madeSession('exited', 79, 'office1-git-00004')].map((made) => [made.id, made])) },
  };
  let tunnel: TunnelSettings = { enabled: scene === 'tunnel-on' || scene === 'tunnel-none', default: scene.startsWith('tunnel-') ? { kind: 'segment', segment: scene === 'tunnel-none' ? 'gateway-aws' : 'gateway-tokyo' } : null, changedAt: null, gateways: { total: scene.startsWith('tunnel-') ? 2 : 0, available: scene === 'tunnel-on' ? 2 : 0 } };
  const queryMs: number[] = [];
  const index = startIndex(count);
  const calls: { name: string; args: unknown }[] = [];
  const target = new ScriptedTarget();
  let files: ScriptedFiles | undefined;

  const patch: Harness['patch'] = (store, path, value) => {
    let node: unknown = states[store];
    for (const key of path.slice(0, -1)) node = child(node, key);
    const last = path.at(-1);
    if (last !== undefined && isRecord(node)) node[String(last)] = value;
    revisions[store] += 1;
    for (const listener of listeners) listener({ store, revision: revisions[store], patch: [{ op: 'replace', path, value }] });
  };
  window.harness = {
    calls, patch, queryMs,
    fresh: 0,
    pulled: false,
    held: Promise.resolve(),
    late: {},
    brought: [],
    gone: [],
    tellFiles: (message) => files?.tell(message),
    refusing: null,
    paintedMs: [],
    action: (id) => actions.forEach((listener) => listener(id)),
    output: (sent) => target.output(sent),
    playRdp: (played) => target.playRdp(played),
    traffic: () => target.typed.length + target.sentBytes,
    input: () => new TextDecoder().decode(target.typed),
    inputBytes: () => target.typed,
    ready: index.ready,
  };

  const noted = <Args, T>(name: string, run: (args: Args) => Promise<IpcAnswer<T>>) => (args: Args): Promise<IpcAnswer<T>> => {
    calls.push({ name, args });
    const late = window.harness.late[name];
    return late === undefined ? run(args) : late.then(() => run(args));
  };
  const row = (found: ListedResource): ResourceRow => {
    const own = found.tags.filter(isSegmentTag);
    const used = lastUsedAt.get(found.id);
    return { ...found, allowedProtocols: found.allowedProtocols ?? found.protocols, favourite: favourites.has(found.id), lastUsedAt: used === undefined ? null : new Date(used).toISOString(), segments: own, availability: availabilityOf(own, bySegment(segments), { applies: tunnel.enabled, available: tunnel.gateways.available > 0 }) };
  };

  const recorded = protocol.catch('ssh').parse(query.get('recording'));
  const credentials = credentialCalls(noted, patch, scene);

  return {
    app: {
      about: noted('app.about', () => ok({ version: '0.1.0', engine: 'page harness', platform: 'linux', language: 'en', embedded: true, ports: [8443, 8444, 17993, 17994, 17995] })),
      openLink: noted('app.openLink', () => ok({ opened: true })),
      copyText: noted('app.copyText', () => ok({})),
      reportFault: noted('app.reportFault', () => ok({})),
      readClipboardText: noted('app.readClipboardText', () => ok({ text: query.get('clipboard') ?? 'pasted' })),
      // As main does: what is of the page comes back to it.
      runAction: noted('app.runAction', ({ actionId }) => {
        actions.forEach((listener) => listener(actionId));
        return ok({});
      }),
    },
    stores: { read: ({ store }) => ok({ revision: revisions[store], state: structuredClone(states[store]) }) },
    settings: {
      update: noted('settings.update', ({ changes }) => {
        for (const [name, value] of Object.entries(changes)) patch('settings', [name], value);
        return ok(settings(query));
      }),
      managed: () => ok(scene === 'managed' || query.has('managed') ? { names: ['language', 'forwardAgent', 'forwardX11'], features: ['add-services', 'agent-forwarding', 'x11-forwarding'] } : { names: [], features: [] }),
      export: noted('settings.export', () => (scene === 'settings-file-fails' ? refused('client.file-not-written', { reason: 'ENOSPC' }) : ok({ saved: true }))),
      import: noted('settings.import', () => {
        if (scene === 'settings-file-fails') return refused('client.settings-not-imported');
        patch('settings', ['theme'], 'dark');
        return ok({ taken: ['theme', 'terminalBell'], refused: ['terminalFontSizePx'], managed: scene === 'managed' ? ['language'] : [], unknown: 2 });
      }),
      reset: noted('settings.reset', () => ok(settings(query))),
    },
    ownLog: {
      read: noted('ownLog.read', ({ from }) => ok({ lines: scene === 'own-log-empty' ? [] : from === null ? ownLogLines(0, 5000) : ownLogLines(5000, 5000 + window.harness.fresh).slice(Number(from.split(':')[1])), next: `1:${String(from === null ? 0 : window.harness.fresh)}`, fresh: from === null })),
      openFolder: noted('ownLog.openFolder', () => ok({})),
    },
    updates: {
      check: noted('updates.check', () => {
        patch('updates', ['phase'], updates('checking').phase);
        return ok({});
      }),
      download: noted('updates.download', () => {
        patch('updates', ['phase'], updates('downloading').phase);
        return ok({});
      }),
      install: noted('updates.install', () => (scene === 'not-installed' ? refused('update.not-installed', { reason: 'EACCES' }) : ok({ restarting: true }))),
      showFile: noted('updates.showFile', () => ok({})),
    },
    profiles: {
      add: noted('profiles.add', () => refused('request.conflict', { what: 'harness' })),
      update: noted('profiles.update', () => ok({})),
      remove: noted('profiles.remove', () => ok({})),
      select: noted('profiles.select', async ({ profileId }) => {
        await window.harness.held;
        patch('profiles', ['selected'], profileId);
        return ok({});
      }),
      readFingerprint: noted('profiles.readFingerprint', () => ok({ fingerprint: 'SHA256:k9QzT4mHw1Ls7VbXc2NfRj8GyPe5UoKd3aZi6SqWx0Y', subject: 'mavis.nishi.example', issuer: 'Nishi Trading Internal CA', trustedBySystem: false })),
    },
    account: {
      signIn: noted('account.signIn', ({ password }) => {
        if (password === 'right') {
          patch('account', [], account('signed-in', 'admin'));
          return ok({});
        }
        return window.harness.held.then(() => refused('sign-in.failed'));
      }),
      signOut: noted('account.signOut', () => ok({})),
      changePassword: noted('account.changePassword', () => refused('password.wrong')),
    },
    network: {
      answerProxy: noted('network.answerProxy', ({ answer }) => {
        if (answer?.keep === true) return refused('client.secret-store-unavailable');
        patch('network', ['proxyQuestion'], null);
        return ok({});
      }),
    },
    resources: {
      query: async (asked) => {
        if (scene === 'inventory-failed' || scene === 'inventory-loading') return ok({ rows: [], total: 0, tags: [], filterProblem: null });
        const began = performance.now();
        const found = await index.query(asked, favourites, lastUsedAt);
        queryMs.push(performance.now() - began);
        const { held, refusing } = window.harness;
        await held;
        return refusing === null ? ok({ ...found, rows: found.rows.map(row) }) : refused(refusing, { address: 'mavis.nishi.example' });
      },
      setFavourite: noted('resources.setFavourite', ({ resourceId, favourite }) => {
        if (favourite) favourites.add(resourceId);
        else favourites.delete(resourceId);
        return ok({});
      }),
    },
    gateways: {
      refresh: noted('gateways.refresh', () => ok({})),
      ...gatewaySetupCalls(noted),
    },
    credentials: credentials.main,
    sessions: {
      connect: noted('sessions.connect', () => ok({ sessionId: sessionId.parse(SESSION_ID) })),
      watch: noted('sessions.watch', () => ok({ sessionId: sessionId.parse(SESSION_ID) })),
      endWatched: noted('sessions.endWatched', () => ok({})),
      cancel: noted('sessions.cancel', () => ok({})),
      retry: noted('sessions.retry', () => ok({})),
      tryNow: noted('sessions.tryNow', () => ok({})),
      answerPrompt: noted('sessions.answerPrompt', () => ok({})),
      end: noted('sessions.end', ({ sessionId: ended }) => {
        patch('sessions', ['items', ended, 'phase'], madeSession('exited').phase);
        return ok({});
      }),
      show: noted('sessions.show', () => ok({})),
      toggleFullScreen: noted('sessions.toggleFullScreen', () => ok({})),
      openPort: noted('sessions.openPort', ({ sessionId: asked }) => {
        if (scene.startsWith('files')) {
          files = new ScriptedFiles(scene, (call) => calls.push({ name: `files.${call.do}`, args: call }));
          files.open(asked);
        } else target.open(asked);
        return ok({});
      }),
    },
    foreignClients: foreignClientCalls(scene, noted, patch),
    files: { chooseFolder: noted('files.chooseFolder', () => window.harness.held.then(() => ok({ chosen: true }))), uploadDropped: noted('files.uploadDropped', () => ok({ taken: true })), trash: noted('files.trash', () => window.harness.held.then(() => ok({}))), dragOut: noted('files.dragOut', () => ok({})), openTerminal: noted('files.openTerminal', () => ok({})) },
    clipboardFiles: {
      choose: noted('clipboardFiles.choose', () => ok({ files: [] })),
      read: noted('clipboardFiles.read', () => ok({ bytes: new Uint8Array(0) })),
      begin: noted('clipboardFiles.begin', () => ok({ transferId: null })),
      append: noted('clipboardFiles.append', () => ok({})),
      end: noted('clipboardFiles.end', () => ok({})),
    },
    logs: {
      export: noted('logs.export', ({ log, format }) => {
        const exportId = crypto.randomUUID();
        patch('logWork', ['exports', exportId], { id: exportId, log, fileName: `mavis-${log}-2026-11-23.${format}`, entries: 12_345, bytes: 4_800_000, phase: { status: format === 'csv' ? 'running' : 'done' } });
        return ok({ exportId });
      }),
      dropExport: noted('logs.dropExport', ({ exportId }) => {
        patch('logWork', ['exports', exportId, 'phase'], { status: 'cancelled' });
        return ok({});
      }),
      prove: noted('logs.prove', () => {
        patch('logWork', ['proof'], scene === 'proving' ? { status: 'running', entries: 3000, of: 9001 } : { status: 'known', at: '2026-11-23T09:30:00.000Z', result: { ok: scene !== 'broken-chain', entries: 9001, notYetProven: 12, headsChecked: 96, firstBroken: scene === 'broken-chain' ? { sequence: 4711, id: null, what: 'hash' } : null } });
        return ok({});
      }),
      dropProof: noted('logs.dropProof', () => {
        patch('logWork', ['proof'], { status: 'not-asked' });
        return ok({});
      }),
    },
    diagnostics: {
      run: noted('diagnostics.run', () => ok({})),
      runOne: noted('diagnostics.runOne', () => ok({})),
      watch: noted('diagnostics.watch', ({ on }) => {
        patch('diagnostics', ['watching'], on);
        return ok({});
      }),
      ofSession: noted('diagnostics.ofSession', () => ok({})),
      ofResource: noted('diagnostics.ofResource', () => ok({})),
      report: noted('diagnostics.report', ({ hideAddresses }) => window.harness.held.then(() => ok({ text: `Diagnostics: https://${hideAddresses ? '[address 1]' : 'mavis.nishi.example'}\n1. Something is wrong`, html: '' }))),
      sendReport: noted('diagnostics.sendReport', () => (scene === 'diagnostics-unsent' ? refused('request.too-many', { seconds: 1200 }) : ok({ reference: SENT_REPORT.id }))),
      saveReport: noted('diagnostics.saveReport', () => ok({ saved: true })),
    },
    playback: scriptedPlayback(noted, recorded, query.has('played'), playbackEnd.parse({ state: query.get('end') ?? 'sealed', code: query.get('code') })),
    service: {
      diagnosisReportList: noted('service.diagnosisReportList', () => ok({ items: scene === 'empty' ? [] : [SENT_REPORT] })),
      diagnosisReport: noted('service.diagnosisReport', () => ok({ ...SENT_REPORT, text: 'Diagnostics: https://mavis.nishi.example\n1. A firewall drops what this computer sends to the Gateway “gw-osaka-1” on 7993, 7994, 7995.', json: '{}', entries: auditEntries().slice(0, 4) })),
      recordingList: noted('service.recordingList', async ({ query: asked }) => {
        const items = recordings(window.harness.pulled, recorded).filter((recording) => JSON.stringify(recording).includes(asked.search ?? ''));
        const { held, refusing } = window.harness;
        await held;
        return refusing === null ? ok({ items }) : refused(refusing, { address: 'mavis.nishi.example' });
      }),
      recordingVerify: ({ params }) => ok({ ok: params.recordingId !== recordings()[4]?.id, frames: 4211, headHash: 'q7nD3kP0vX2mB8yR5tLw1zJc9sHe4uFa6gKiQoNpTbM', signed: true, code: params.recordingId === recordings()[4]?.id ? 'recording.evidence-missing' : null, detail: '' }),
      auditList: noted('service.auditList', async ({ query: asked }) => {
        const read = scriptedLog(scene === 'empty' ? [] : auditEntries(), asked);
        await window.harness.held;
        return ok(read);
      }),
      errorLogList: noted('service.errorLogList', ({ query: asked }) => ok(scriptedLog(scene === 'empty' ? [] : errorEntries(), asked))),
      connectionList: ({ query: asked }) => ok({ items: scene === 'sessions-empty' ? [] : liveConnections().filter(({ state }) => (state === 'ended') === (asked.live === 'false')) }),
      connectionTerminate: noted('service.connectionTerminate', () => ok({ confirmed: true })),
      gatewayList: () => ok({ items: Object.values(gateways(scene).items) }),
      gatewayHistory: ({ params }) => ok(gatewayHistory(params.gatewayId)),
      ...gatewayServiceCalls(noted, patch),
      ...credentials.service,
      userList: ({ query: asked }) => ok(scene === 'users-in-pages' ? (asked.cursor === undefined ? { items: madeUsers().slice(0, 2), nextCursor: 'second' } : { items: madeUsers().slice(2) }) : { items: scene === 'empty' ? [] : madeUsers().filter(({ name }) => name.includes(asked.search ?? '') && (scene !== 'user-unlisted' || name !== 's.suzuki')) }),
      userCreate: noted('service.userCreate', () => ok({ user: madeUsers()[1] ?? person('user'), oneTimePassword: 'kXw7-QmPz-93Lr-Tn2c' })),
      userUpdate: noted('service.userUpdate', () => ok(person('user'))),
      userEnable: noted('service.userEnable', () => ok(person('user'))),
      userRevokeTokens: noted('service.userRevokeTokens', () => ok({})),
      userDisable: noted('service.userDisable', () => ok(person('user'))),
      ...serviceKeyCalls(noted, scene),
      tunnelRead: () => (scene === 'tunnel-failed' ? refused('service.database-unavailable') : ok(tunnel)),
      tunnelUpdate: noted('service.tunnelUpdate', ({ body }) => {
        if (scene === 'tunnel-refused') return refused('request.invalid', { field: 'default' });
        tunnel = tunnelSettings.parse({ ...body, changedAt: '2026-11-25T09:00:00.000Z', gateways: body.default === null ? { total: 0, available: 0 } : { total: 2, available: 1 } });
        return ok(tunnel);
      }),
      tunnelApplies: () => ok({ applies: tunnel.enabled }),
      userUnlock: () => refused('access.denied'),
      userResetPassword: noted('service.userResetPassword', () => ok({ oneTimePassword: 'kXw7-QmPz-93Lr-Tn2c' })),
      accessRuleList: () => ok({ items: scene === 'empty' ? [] : madeRules() }),
      accessRuleMatches: noted('service.accessRuleMatches', ({ query: asked }) => (asked.filter.includes('refused') ? refused('service.database-unavailable') : ok(asked.filter.includes('(') ? { total: 0, names: [], problem: { position: 3, code: 'unclosed' } } : { total: asked.filter === 'web' ? 7 : 42, names: ['tokyo-db-00009', 'taipei-web-00002'], problem: null }))),
      accessRuleTry: noted('service.accessRuleTry', ({ query: asked }) => ok(madeTrial(asked.protocol === 'ssh'))),
      accessRuleCreate: noted('service.accessRuleCreate', () => ok(madeRules()[0] ?? Object.assign({}))),
      accessRuleUpdate: noted('service.accessRuleUpdate', () => (scene === 'rule-changed' ? refused('request.conflict', { what: 'changed-since' }) : ok(madeRules()[0] ?? Object.assign({})))),
      accessRuleRemove: noted('service.accessRuleRemove', () => ok({})),
    },
    events: {
      onStorePatch: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      onAction: (listener) => {
        actions.add(listener);
        return () => actions.delete(listener);
      },
    },
  };
}

/** A log in pages, narrowed by its reference, kind and words. `window.harness.fresh` are entries that came since. */
function scriptedLog<Entry extends AuditEntry | ErrorLogEntry>(entries: Entry[], asked: { cursor?: string | undefined; limit?: unknown; reference?: string | undefined; kind?: string | undefined; search?: string | undefined }): { items: Entry[]; nextCursor?: string } {
  const fresh = window.harness.fresh;
  const newer = entries.slice(0, fresh).map((entry, number): Entry => ({ ...entry, id: `00000000-0000-4000-8000-0000000f${String(fresh - number).padStart(4, '0')}`, at: '2026-11-23T09:31:00.000Z' }));
  const all = [...newer, ...entries].filter((entry) => (asked.reference === undefined || entry.reference === asked.reference) && (asked.kind === undefined || ('kind' in entry && entry.kind === asked.kind)) && JSON.stringify(entry).includes(asked.search ?? ''));
  const from = Number(asked.cursor ?? 0);
  const limit = Number(asked.limit ?? 100);
  return { items: all.slice(from, from + limit), ...(all.length > from + limit ? { nextCursor: String(from + limit) } : {}) };
}

type Noted = <Args, T>(name: string, run: (args: Args) => Promise<IpcAnswer<T>>) => (args: Args) => Promise<IpcAnswer<T>>;

/** A recording that is made up; `served`: one that a test serves, as the service would. */
function scriptedPlayback(noted: Noted, of: Protocol, served: boolean, end: PlaybackEnd): WindowApi['playback'] {
  const pieces = playbackBytes(of, end);
  const starts = pieces.map((_, number) => pieces.slice(0, number).reduce((sum, piece) => sum + piece.length, 0));
  const made: WindowApi['playback']['read'] = ({ offset }) => {
    const number = starts.indexOf(offset);
    const bytes = pieces[number];
    return bytes ? ok({ bytes: new Uint8Array(bytes), done: number === pieces.length - 1 }) : refused('request.invalid', { field: 'offset' });
  };
  const fetched: WindowApi['playback']['read'] = async ({ offset }) => {
    const response = await fetch(`played-recording?offset=${offset}`);
    return ok({ bytes: new Uint8Array(await response.arrayBuffer()), done: response.headers.get('x-done') === 'true' });
  };
  return {
    open: noted('playback.open', () => ok({ playbackId: '00000000-0000-4000-8000-0000000000aa', header: {}, durationMs: 41_000, frames: 11 })),
    read: served ? fetched : made,
    close: noted('playback.close', () => ok({})),
    saveAsciicast: noted('playback.saveAsciicast', () => ok({ saved: true })),
    beginVideo: noted('playback.beginVideo', () => ok({ exportId: '00000000-0000-4000-8000-0000000000ab' })),
    // Of the film its length is noted, not an hour of it.
    appendVideo: ({ bytes }) => noted<{ readonly length: number }, Record<string, never>>('playback.appendVideo', () => ok({}))({ length: bytes.length }),
    endVideo: noted('playback.endVideo', () => ok({})),
    setFullScreen: noted('playback.setFullScreen', () => ok({})),
  };
}

/** The other end of a session's port: sends output under no credit of its own, notes input. */
class ScriptedTarget {
  typed = new Uint8Array(0);
  sentBytes = 0;
  #port: MessagePort | undefined;
  #played: PlayedRdp | undefined;
  #rdp: ScriptedRdpTarget | undefined;
  #undrawn = 0;
  #drawn: (() => void)[] = [];
  #opened: (() => void) | undefined;
  readonly #whenOpen = new Promise<void>((resolve) => {
    this.#opened = resolve;
  });

  open(session: string): void {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#rdp = this.#played && new ScriptedRdpTarget(this.#played, (bytes) => this.#send(bytes));
    port1.addEventListener('message', ({ data }) => this.#take(data));
    port1.start();
    window.postMessage({ kind: 'session-port', sessionId: session }, location.origin, [port2]);
    this.#opened?.();
  }

  async output(sent: string | Uint8Array): Promise<void> {
    await this.#whenOpen;
    const bytes = typeof sent === 'string' ? new TextEncoder().encode(sent) : sent;
    this.#send(bytes);
    await new Promise<void>((resolve) => {
      this.#drawn.push(resolve);
    });
  }

  playRdp(played: PlayedRdp): void {
    this.#played = played;
  }

  #send(bytes: Uint8Array): void {
    this.#undrawn += bytes.length;
    this.sentBytes += bytes.length;
    this.#port?.postMessage({ kind: 'output', bytes });
  }

  #take(data: unknown): void {
    if (!isRecord(data)) return;
    if (data['kind'] === 'input' && data['bytes'] instanceof Uint8Array) {
      const typed = new Uint8Array(this.typed.length + data['bytes'].length);
      typed.set(this.typed);
      typed.set(data['bytes'], this.typed.length);
      this.typed = typed;
      this.#rdp?.take(data['bytes']);
      this.#port?.postMessage({ kind: 'taken', bytes: data['bytes'].length });
    }
    if (data['kind'] === 'drawn' && typeof data['bytes'] === 'number') {
      this.#undrawn -= data['bytes'];
      if (this.#undrawn <= 0) this.#drawn.splice(0).forEach((resolve) => resolve());
    }
  }
}

interface IndexAnswer {
  readonly rows: Omit<ResourceRow, 'favourite' | 'lastUsedAt' | 'segments' | 'availability'>[];
  readonly total: number;
  readonly tags: { tag: string; count: number }[];
  readonly filterProblem: { position: number; code: string } | null;
}

function startIndex(count: number) {
  const worker = new Worker(new URL('./query-worker.ts', import.meta.url), { type: 'module' });
  const waiting = new Map<number, (result: IndexAnswer) => void>();
  let nextId = 0;
  let markReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    markReady = resolve;
  });
  worker.addEventListener('message', ({ data }) => {
    if ('ready' in data) markReady();
    else {
      waiting.get(data.id)?.(data.result);
      waiting.delete(data.id);
    }
  });
  worker.postMessage({ count });
  return {
    ready,
    query: (asked: unknown, favourites: ReadonlySet<string>, lastUsedAt: ReadonlyMap<string, number>) =>
      new Promise<IndexAnswer>((resolve) => {
        nextId += 1;
        waiting.set(nextId, resolve);
        worker.postMessage({ id: nextId, query: asked, favourites: [...favourites], lastUsedAt: [...lastUsedAt] });
      }),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function child(node: unknown, key: string | number): unknown {
  return isRecord(node) ? node[String(key)] : undefined;
}
