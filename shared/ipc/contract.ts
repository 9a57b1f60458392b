import { z } from 'zod';
import { accessRulesRoutes } from '../api/access-rules.ts';
import { auditFilter, auditRoutes, logExportFormat } from '../api/audit.ts';
import { credential, credentialsRoutes } from '../api/credentials.ts';
import { connectionsRoutes } from '../api/connections.ts';
import { diagnosticsRoutes } from '../api/diagnostics.ts';
import { gatewaysRoutes } from '../api/gateways.ts';
import { recordingsRoutes } from '../api/recordings.ts';
import { resourcesRoutes, resourceSummary } from '../api/resources.ts';
import type { Route } from '../api/route.ts';
import { serviceKeysRoutes } from '../api/service-keys.ts';
import { tunnelRoutes } from '../api/tunnel.ts';
import { newPassword, userName, usersRoutes } from '../api/users.ts';
import { credentialDraft } from './credential-draft.ts';
import { MOST_CLIPBOARD_FILES, MOST_FILE_PIECE_BYTES } from './clipboard-files.ts';
import { connectionId, connectionReference, credentialId, gatewayId, profileId, protocol, recordingId, resourceId } from '../ids.ts';
import { lockableFeature } from '../lockable-feature.ts';
import { conflictRule, localPart, localPlace, remotePath } from './files-port.ts';
import { ownLogPiece, ownLogPlace } from './own-log.ts';
import { pageFault } from './page-fault.ts';
import { proxyPassword, proxySetting, proxyUserName } from './proxy-setting.ts';
import { clientSettings, clientSettingsChanges, settingName, settingsImport } from './settings.ts';
import { foreignClientId, foreignKind, logName, sessionId, storeName } from './stores.ts';

/** The kinds of windows, by what they may ask of main. */
export type WindowRole = 'main' | 'session' | 'diagnosis';

/** One call of a page to main: who may make it, and the schemas by which main reads the arguments and answers. */
export interface IpcCall<Args extends z.ZodType = z.ZodType, Result extends z.ZodType = z.ZodType> {
  readonly windows: readonly WindowRole[];
  readonly args: Args;
  readonly result: Result;
}

function call<A extends z.ZodType, R extends z.ZodType>(windows: readonly WindowRole[], args: A, result: R): IpcCall<A, R> {
  return { windows, args, result };
}

const none = z.object({}).strict();
/** One piece of a film: a cluster of ten seconds is less, and main holds one at a time. */
const MOST_VIDEO_BYTES = 16 * 1024 * 1024;
const filePlace = z.number().int().min(0).max(MOST_CLIPBOARD_FILES);
const bothWindows = ['main', 'session'] as const;
const everyWindow = ['main', 'session', 'diagnosis'] as const;
const diagnosingWindows = ['main', 'diagnosis'] as const;
const mainWindow = ['main'] as const;
const sessionWindow = ['session'] as const;

export const profileColour = z.enum(['blue', 'green', 'orange', 'purple', 'red', 'grey']);
/** A service that the user works with (N13): its name and colour stand in every window. The pin is a fingerprint, or null for the system's trust. */
export const profileFields = z.object({ name: z.string().min(1).max(60), colour: profileColour, serviceUrl: z.url({ protocol: /^https$/ }).max(300), pin: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/).nullable(), proxy: proxySetting.default({ kind: 'system' }) });
export type ProfileFields = z.infer<typeof profileFields>;

export const resourceSort = z.enum(['name', 'address', 'recent', 'favourite']);
export const resourceRow = resourceSummary.extend({
  /** Those that an access rule gives the user; all that the resource speaks where the service does not say. */
  allowedProtocols: z.array(protocol),
  favourite: z.boolean(),
  lastUsedAt: z.string().nullable(),
  /** Segment tags of the resource with what is known of them; empty for untagged resources. */
  segments: z.array(z.string()),
  availability: z.enum(['available', 'none-available', 'no-default-gateway', 'unknown']),
});
export type ResourceRow = z.infer<typeof resourceRow>;

/** A call of main for each route that pages may use; main adds token and signature, and answers only what the schema knows. */
function routeCall<R extends Route>(route: R): IpcCall<z.ZodObject<{ params: R['params']; query: R['query']; body: R['body'] }>, R['response']> {
  return call(mainWindow, z.object({ params: route.params, query: route.query, body: route.body }) as z.ZodObject<{ params: R['params']; query: R['query']; body: R['body'] }>, route.response);
}

/**
 * Everything that pages may ask of main: `ipcContract.<subject>.<call>`; the channel's name is `<subject>.<call>`, exposed as
 * `window.mavis.<subject>.<call>(args)`. A page names things by id only; tickets and secrets never come this way.
 */
export const ipcContract = {
  app: {
    about: call(everyWindow, none, z.object({ version: z.string(), engine: z.string(), platform: z.string(), language: z.string(), embedded: z.boolean(), ports: z.array(z.number()).nullable() })),
    /** Asks the user natively, with the true target and the text that stood there, and opens the link where the user agrees. */
    openLink: call(bothWindows, z.object({ url: z.string().max(2000), shown: z.string().max(2000).optional() }), z.object({ opened: z.boolean() })),
    copyText: call(everyWindow, z.object({ text: z.string().max(16 * 1024 * 1024) }), none),
    /** For the app's log. */
    reportFault: call(everyWindow, pageFault, none),
    readClipboardText: call(sessionWindow, none, z.object({ text: z.string() })),
    /** Does what the window's menu does for this action (`shared/actions/actions.ts`): the command palette's way. */
    runAction: call(bothWindows, z.object({ actionId: z.string().max(60) }), none),
  },
  stores: {
    /** The whole state of a store as text of JSON, with its revision; patches follow as `store-patch` events. */
    read: call(everyWindow, z.object({ store: storeName }), z.object({ revision: z.number().int(), state: z.unknown() })),
  },
  settings: {
    update: call(bothWindows, z.object({ changes: clientSettingsChanges }), clientSettings),
    /** Names of the settings that the organisation has set, and whether it has switched anything off. */
    managed: call(mainWindow, none, z.object({ names: z.array(settingName), features: z.array(lockableFeature) })),
    /** Asks the user for a place and saves the settings there; the page never learns the path. */
    export: call(mainWindow, none, z.object({ saved: z.boolean() })),
    /** Asks the user for such a file and takes its settings; null where none was chosen. */
    import: call(mainWindow, none, settingsImport.nullable()),
    /** Everything as it was when the app was new. */
    reset: call(mainWindow, none, clientSettings),
  },
  ownLog: {
    /** The newest lines of this app's own log, or those behind a place of before. */
    read: call(mainWindow, z.object({ from: ownLogPlace.nullable() }), ownLogPiece),
    /** Shows the log's file in the system's file manager. */
    openFolder: call(mainWindow, none, none),
  },
  updates: {
    /** Asks the feed at once; `updates` in the stores tells what comes of it. */
    check: call(mainWindow, none, none),
    /** Fetches what the feed offers, where it is not fetched by itself. */
    download: call(mainWindow, none, none),
    /** Installs what is ready and starts the app anew; asks the user first where sessions are open. */
    install: call(mainWindow, none, z.object({ restarting: z.boolean() })),
    /** Shows the verified file in the system's file manager; the page never learns the path. */
    showFile: call(mainWindow, none, none),
  },
  profiles: {
    add: call(mainWindow, profileFields, z.object({ profileId })),
    update: call(mainWindow, z.object({ profileId, fields: profileFields }), none),
    remove: call(mainWindow, z.object({ profileId }), none),
    select: call(mainWindow, z.object({ profileId }), none),
    /** Reads the certificate that a service shows, so that its fingerprint can be compared before it is pinned. */
    readFingerprint: call(mainWindow, z.object({ serviceUrl: profileFields.shape.serviceUrl, proxy: proxySetting }), z.object({ fingerprint: z.string(), subject: z.string(), issuer: z.string(), trustedBySystem: z.boolean() })),
  },
  account: {
    /** To the service of the profile whose form it was typed into, whatever is selected by then; it is selected with it. */
    signIn: call(mainWindow, z.object({ profileId, name: userName, password: z.string().min(1).max(256), stayNamed: z.boolean() }), none),
    signOut: call(mainWindow, none, none),
    changePassword: call(mainWindow, z.object({ current: z.string().min(1).max(256), next: newPassword }), none),
  },
  network: {
    /** What the user says to a proxy's question; null for nothing. Asked in every window, answered by the first. */
    answerProxy: call(everyWindow, z.object({ questionId: z.uuid(), answer: z.object({ userName: proxyUserName, password: proxyPassword, keep: z.boolean() }).nullable() }), none),
  },
  resources: {
    query: call(
      mainWindow,
      z.object({ filter: z.string().max(500), sort: resourceSort, offset: z.number().int().min(0), limit: z.number().int().min(1).max(500), only: z.enum(['all', 'favourites', 'recent']) }),
      z.object({ rows: z.array(resourceRow), total: z.number().int(), tags: z.array(z.object({ tag: z.string(), count: z.number().int() })), filterProblem: z.object({ position: z.number().int(), code: z.string() }).nullable() }),
    ),
    setFavourite: call(mainWindow, z.object({ resourceId, favourite: z.boolean() }), none),
  },
  gateways: {
    /** Reads the list anew into the store `gateways`; a failure stands there. */
    refresh: call(mainWindow, none, none),
    /** What is needed at the gateway's machine (S36): one line for its shell, and the service's fingerprint to compare. */
    installation: call(mainWindow, z.object({ gatewayId }), z.object({ serviceFingerprint: z.string(), command: z.string().max(256 * 1024), fileName: z.string() })),
    /** Asks where to save a gateway's configuration file, and saves it; the page never learns the path. */
    saveConfiguration: call(mainWindow, z.object({ gatewayId }), z.object({ saved: z.boolean() })),
    /** Finds the public-key line in what was pasted, with the fingerprint of its keys and the one that `init` printed (S38). */
    readPastedKey: call(mainWindow, z.object({ text: z.string().max(20_000) }), z.object({ line: z.string().nullable(), fingerprint: z.string().nullable(), name: z.string().nullable(), printed: z.string().nullable() })),
  },
  credentials: {
    /** Asks the user in the system's dialog for the file of a private key; the page learns its name alone. Null where none was chosen. */
    chooseKeyFile: call(mainWindow, none, z.object({ keyFile: z.object({ id: z.uuid(), name: z.string() }).nullable() })),
    /** Adds a target credential, or replaces one with its secret. What the user typed goes this way once, and none comes back. */
    save: call(mainWindow, z.object({ credentialId: credentialId.nullable(), fields: credentialDraft }), credential),
  },
  sessions: {
    /** Opens a session window, which shows the steps and then the session. */
    connect: call(mainWindow, z.object({ resourceId, protocol }), z.object({ sessionId })),
    /** Opens a window on a session of somebody else's that runs (S58). */
    watch: call(mainWindow, z.object({ connectionId, reference: connectionReference }), z.object({ sessionId })),
    /** Ends the session that the window watches; the reason stands in the audit log. */
    endWatched: call(sessionWindow, z.object({ sessionId, reason: z.string().min(1).max(500) }), none),
    cancel: call(bothWindows, z.object({ sessionId }), none),
    retry: call(bothWindows, z.object({ sessionId }), none),
    /** In the main window for sessions of the user's own programs, which have none. */
    answerPrompt: call(bothWindows, z.object({ sessionId, promptId: z.number().int(), answers: z.array(z.string().max(1024)).max(20) }), none),
    /** Tries at once to go on with a session that is interrupted. */
    tryNow: call(bothWindows, z.object({ sessionId }), none),
    end: call(bothWindows, z.object({ sessionId }), none),
    show: call(mainWindow, z.object({ sessionId }), none),
    /** Asks for the port of the session's bytes; it arrives as `session-port`, see `shared/ipc/session-port.ts`. */
    openPort: call(sessionWindow, z.object({ sessionId }), none),
    /** Lets the session's window fill the screen, or takes it back. */
    toggleFullScreen: call(sessionWindow, z.object({ sessionId }), none),
  },
  foreignClients: {
    /** Opens a port of this computer for one program of the user's own; the one-time password is told here, this once; null where a file holds it that the program opens. */
    open: call(mainWindow, z.object({ resourceId, kind: foreignKind }), z.object({ foreignClientId, password: z.string().nullable() })),
    /** Closes a port, ends a program that was let in, or takes one that has ended from the list. */
    end: call(mainWindow, z.object({ foreignClientId }), none),
  },
  files: {
    /** Asks the user in the system's dialog for a folder of this computer, and lets the window of an SFTP session at it; the page never learns the path. */
    chooseFolder: call(sessionWindow, z.object({ sessionId }), z.object({ chosen: z.boolean() })),
    /**
     * Brings what the user dropped from the desktop to a folder of the session's target. The page gives the files that it was handed,
     * the preload asks where they lie; main asks the user where that is not in the folder that he granted.
     */
    uploadDropped: call(sessionWindow, z.object({ sessionId, paths: z.array(z.string().min(1).max(32_768)).min(1).max(10_000), folder: remotePath, conflict: conflictRule, verify: z.boolean() }), z.object({ taken: z.boolean() })),
    /** Moves files and folders of this computer, below the granted folder, to the system's trash. */
    trash: call(sessionWindow, z.object({ sessionId, place: localPlace, names: z.array(localPart).min(1).max(10_000) }), none),
    /** Begins the system's drag of files that the session has ready; the page knows their number, and no path. */
    dragOut: call(sessionWindow, z.object({ sessionId, dragOutId: z.number().int() }), none),
    /** Opens a window with a terminal of the same resource, and has its shell go to the folder. */
    openTerminal: call(sessionWindow, z.object({ sessionId, folder: remotePath }), none),
  },
  /** Files by a desktop's clipboard. A page names them by their places in a list, and folders of this computer not at all. */
  clipboardFiles: {
    /** Asks the user in the system's dialog for files for the target's clipboard; none where he chose none. They can be read until the next choice. */
    choose: call(sessionWindow, z.object({ sessionId }), z.object({ files: z.array(z.object({ name: z.string(), sizeBytes: z.number().int(), modifiedAtMs: z.number().int() })) })),
    /** A piece of a file that was chosen, shorter only at its end. */
    read: call(sessionWindow, z.object({ sessionId, place: filePlace, at: z.number().int().min(0), bytes: z.number().int().min(0).max(MOST_FILE_PIECE_BYTES) }), z.object({ bytes: z.instanceof(Uint8Array) })),
    /** Asks for a folder for files of the target's clipboard; null where the user chose none. Their bytes come with `append`, file by file and in order. */
    begin: call(sessionWindow, z.object({ sessionId, files: z.array(z.object({ path: z.string().max(260), folder: z.boolean() })).min(1).max(MOST_CLIPBOARD_FILES) }), z.object({ transferId: z.uuid().nullable() })),
    append: call(sessionWindow, z.object({ sessionId, transferId: z.uuid(), place: filePlace, bytes: z.instanceof(Uint8Array).refine((bytes) => bytes.length <= MOST_FILE_PIECE_BYTES, 'too much at once') }), none),
    /** The last file is whole; or it goes, and those before it stay. */
    end: call(sessionWindow, z.object({ sessionId, transferId: z.uuid(), whole: z.boolean() }), none),
  },
  playback: {
    open: call(mainWindow, z.object({ recordingId }), z.object({ playbackId: z.uuid(), header: z.unknown(), durationMs: z.number(), frames: z.number().int() })),
    /** The next at most 256 KiB of frames, in order; `done` after the last. */
    read: call(mainWindow, z.object({ playbackId: z.uuid(), offset: z.number().int().min(0) }), z.object({ bytes: z.instanceof(Uint8Array), done: z.boolean() })),
    close: call(mainWindow, z.object({ playbackId: z.uuid() }), none),
    saveAsciicast: call(mainWindow, z.object({ recordingId }), z.object({ saved: z.boolean() })),
    /** Asks the user for a file and begins a film in it; null where the user chose none. Its bytes come with `appendVideo`, in order. */
    beginVideo: call(mainWindow, z.object({ recordingId }), z.object({ exportId: z.uuid().nullable() })),
    appendVideo: call(mainWindow, z.object({ exportId: z.uuid(), bytes: z.instanceof(Uint8Array).refine((bytes) => bytes.length <= MOST_VIDEO_BYTES, 'too much at once') }), none),
    /** The film is whole and gets its name; or the file goes. */
    endVideo: call(mainWindow, z.object({ exportId: z.uuid(), whole: z.boolean() }), none),
    /** Lets the window in which something is played fill the screen, or takes it back. */
    setFullScreen: call(mainWindow, z.object({ full: z.boolean() }), none),
  },
  logs: {
    /** Asks the user for a file and begins to write what the filter lets through into it; `logWork` tells how far it is. Null where the user chose none. */
    export: call(mainWindow, z.object({ log: logName, format: logExportFormat, filter: auditFilter }), z.object({ exportId: z.uuid().nullable() })),
    /** Ends an export that runs, whose file goes; takes one that does not from the list. */
    dropExport: call(mainWindow, z.object({ exportId: z.uuid() }), none),
    /** Begins to prove the audit chain; `logWork` tells how far it is, and the verdict. */
    prove: call(mainWindow, none, none),
    dropProof: call(mainWindow, none, none),
  },
  diagnostics: {
    /** Begins to check everything that the window is about; `diagnostics` in the stores tells how far it is. */
    run: call(diagnosingWindows, none, none),
    runOne: call(diagnosingWindows, z.object({ id: z.string().max(200) }), none),
    /** Runs again every 15 seconds, or no more. */
    watch: call(diagnosingWindows, z.object({ on: z.boolean() }), none),
    /** Checks the way of a session that failed, in a window of its own beside the session's. */
    ofSession: call(bothWindows, z.object({ sessionId }), none),
    /** Checks the way to a resource, in a window of its own. */
    ofResource: call(mainWindow, z.object({ resourceId, protocol }), none),
    /** The whole report of the last run, as it would be handed over. */
    report: call(diagnosingWindows, z.object({ hideAddresses: z.boolean() }), z.object({ text: z.string(), html: z.string() })),
    /** Sends the report of the last run to the service that is signed in to; gives the reference by which the helpdesk finds it. */
    sendReport: call(diagnosingWindows, z.object({ hideAddresses: z.boolean() }), z.object({ reference: connectionReference })),
    /** Asks the user for a place and saves the report there; the page never learns the path. */
    saveReport: call(diagnosingWindows, z.object({ format: z.enum(['html', 'json']), hideAddresses: z.boolean() }), z.object({ saved: z.boolean() })),
  },
  service: {
    diagnosisReportList: routeCall(diagnosticsRoutes.diagnosisReportList),
    diagnosisReport: routeCall(diagnosticsRoutes.diagnosisReport),
    recordingList: routeCall(recordingsRoutes.recordingList),
    recordingVerify: routeCall(recordingsRoutes.recordingVerify),
    auditList: routeCall(auditRoutes.auditList),
    errorLogList: routeCall(auditRoutes.errorLogList),
    connectionList: routeCall(connectionsRoutes.connectionList),
    connectionTerminate: routeCall(connectionsRoutes.connectionTerminate),
    gatewayList: routeCall(gatewaysRoutes.gatewayList),
    gatewayHistory: routeCall(gatewaysRoutes.gatewayHistory),
    gatewayRegister: routeCall(gatewaysRoutes.gatewayRegister),
    gatewayEnterKey: routeCall(gatewaysRoutes.gatewayEnterKey),
    gatewayRotateKey: routeCall(gatewaysRoutes.gatewayRotateKey),
    gatewaySwitchKey: routeCall(gatewaysRoutes.gatewaySwitchKey),
    gatewayUpdate: routeCall(gatewaysRoutes.gatewayUpdate),
    gatewayRemove: routeCall(gatewaysRoutes.gatewayRemove),
    segmentRename: routeCall(gatewaysRoutes.segmentRename),
    credentialList: routeCall(credentialsRoutes.credentialList),
    credentialUpdate: routeCall(credentialsRoutes.credentialUpdate),
    credentialRemove: routeCall(credentialsRoutes.credentialRemove),
    resourceTags: routeCall(resourcesRoutes.resourceTags),
    resourceTagsChange: routeCall(resourcesRoutes.resourceTagsChange),
    resourceCreate: routeCall(resourcesRoutes.resourceCreate),
    resourceUpdate: routeCall(resourcesRoutes.resourceUpdate),
    resourceRemove: routeCall(resourcesRoutes.resourceRemove),
    serviceKeysRead: routeCall(serviceKeysRoutes.serviceKeysRead),
    serviceKeyRotate: routeCall(serviceKeysRoutes.serviceKeyRotate),
    serviceKeySwitch: routeCall(serviceKeysRoutes.serviceKeySwitch),
    serviceKeyFinish: routeCall(serviceKeysRoutes.serviceKeyFinish),
    tunnelRead: routeCall(tunnelRoutes.tunnelRead),
    tunnelUpdate: routeCall(tunnelRoutes.tunnelUpdate),
    tunnelApplies: routeCall(tunnelRoutes.tunnelApplies),
    userList: routeCall(usersRoutes.userList),
    userCreate: routeCall(usersRoutes.userCreate),
    userUpdate: routeCall(usersRoutes.userUpdate),
    userDisable: routeCall(usersRoutes.userDisable),
    userEnable: routeCall(usersRoutes.userEnable),
    userRevokeTokens: routeCall(usersRoutes.userRevokeTokens),
    userUnlock: routeCall(usersRoutes.userUnlock),
    userResetPassword: routeCall(usersRoutes.userResetPassword),
    accessRuleList: routeCall(accessRulesRoutes.accessRuleList),
    accessRuleMatches: routeCall(accessRulesRoutes.accessRuleMatches),
    accessRuleTry: routeCall(accessRulesRoutes.accessRuleTry),
    accessRuleCreate: routeCall(accessRulesRoutes.accessRuleCreate),
    accessRuleUpdate: routeCall(accessRulesRoutes.accessRuleUpdate),
    accessRuleRemove: routeCall(accessRulesRoutes.accessRuleRemove),
    resourceRead: routeCall(resourcesRoutes.resourceRead),
    resourceConnectionTest: routeCall(resourcesRoutes.resourceConnectionTest),
    resourceConfirmIdentity: routeCall(resourcesRoutes.resourceConfirmIdentity),
  },
} as const satisfies Record<string, Record<string, IpcCall>>;

export type IpcContract = typeof ipcContract;

/** How a call ends: its result, or a code of the catalogue; an exception never crosses the border. */
export type IpcAnswer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: string; readonly args: Record<string, string | number>; readonly reference: string | null };
