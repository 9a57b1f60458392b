import { z } from 'zod';
import { auditVerification } from '../api/audit.ts';
import { gateway, segmentState } from '../api/gateways.ts';
import { triedGateway } from '../api/connections.ts';
import { user } from '../api/users.ts';
import { diagnosticsState } from '../diagnostics/diagnostics-state.ts';
import { connectionId, connectionReference, profileId, protocol, resourceId } from '../ids.ts';
import { sessionPolicy } from '../policy/session-policy.ts';
import { progressStep, prompt } from '../proxy-stream/messages.ts';
import { proxySetting } from './proxy-setting.ts';
import { clientSettings } from './settings.ts';

export const sessionId = z.uuid().brand<'SessionId'>();
export type SessionId = z.infer<typeof sessionId>;

/** An error as a page gets it: the texts come from the catalogue's languages. */
export const shownError = z.object({ code: z.string(), args: z.record(z.string(), z.union([z.string(), z.number()])), reference: connectionReference.nullable() });
export type ShownError = z.infer<typeof shownError>;

export const profile = z.object({ id: profileId, name: z.string(), colour: z.string(), serviceUrl: z.string(), pin: z.string().nullable(), userName: z.string().nullable(), embedded: z.boolean(), proxy: proxySetting.default({ kind: 'system' }), furtherPins: z.array(z.string()).max(3).optional(), managed: z.boolean().optional() });
export type Profile = z.infer<typeof profile>;
export const profilesState = z.object({ items: z.array(profile), selected: profileId.nullable() });

/** Who is signed in to the selected profile. */
export const accountState = z.discriminatedUnion('status', [
  z.object({ status: z.literal('signed-out'), reason: shownError.nullable() }),
  z.object({ status: z.literal('signing-in') }),
  z.object({ status: z.literal('signed-in'), user, expiresAt: z.string() }),
]);
export type AccountState = z.infer<typeof accountState>;

/** What is known of the service and its gateways' segments; `online` is the event stream's own state (S10, S13). */
export const inventoryState = z.object({
  status: z.enum(['empty', 'loading', 'ready', 'failed']),
  error: shownError.nullable(),
  total: z.number().int(),
  loaded: z.number().int(),
  revision: z.number().int(),
  online: z.boolean(),
  segments: z.array(segmentState),
});
export type InventoryState = z.infer<typeof inventoryState>;

/** Gateways by id, for those who may list them (rule 26); empty for everyone else. */
export const gatewaysState = z.object({ status: z.enum(['empty', 'loading', 'ready', 'failed']), error: shownError.nullable(), items: z.record(z.string(), gateway) });
export type GatewaysState = z.infer<typeof gatewaysState>;

/** The steps of a connection in the order that the user sees them. */
export const connectStep = z.enum(['access', 'gateway-chosen', 'gateway-reached', 'target-reached', 'signed-on', 'recording']);
export type ConnectStep = z.infer<typeof connectStep>;

export const sessionPhase = z.discriminatedUnion('status', [
  z.object({ status: z.literal('connecting'), step: connectStep, detail: progressStep.nullable(), prompt: prompt.nullable() }),
  z.object({
    status: z.literal('connected'),
    since: z.string(),
    recording: z.boolean(),
    roundTripMs: z.number().nullable(),
    endsSoon: z.object({ code: z.string(), at: z.string() }).nullable(),
    /** The connection to the gateway was cut then, and is sought again until then; null while it stands (rule 10). */
    resuming: z.object({ since: z.string(), until: z.string() }).nullable(),
  }),
  z.object({ status: z.literal('ended'), error: shownError, exitStatus: z.number().int().nullable(), signal: z.string().nullable(), durationMs: z.number() }),
  z.object({ status: z.literal('failed'), error: shownError, step: connectStep }),
]);
export type SessionPhase = z.infer<typeof sessionPhase>;

/** The user's agent or X server, as a session's target is let to it. `code` names an error of the catalogue. */
export const forwardingState = z.discriminatedUnion('status', [
  z.object({ status: z.literal('off') }),
  /** How often the target opened it and, of an agent, how many signatures it asked for; `code` is what went wrong last. */
  z.object({ status: z.literal('on'), openings: z.number().int(), signatures: z.number().int(), code: z.string().nullable() }),
  z.object({ status: z.literal('failed'), code: z.string() }),
]);
export type ForwardingState = z.infer<typeof forwardingState>;

/** Over which way a session's traffic leaves this computer: the gateway's port, whether it is the link port (443) in place of a proxy port, and the HTTP proxy on the way. */
export const sessionWay = z.object({ port: z.number().int(), over443: z.boolean(), proxy: z.string().max(300).nullable() });
export type SessionWay = z.infer<typeof sessionWay>;

export const foreignClientId = z.uuid().brand<'ForeignClientId'>();
export type ForeignClientId = z.infer<typeof foreignClientId>;

export const session = z.object({
  id: sessionId,
  profileName: z.string(),
  profileColour: z.string(),
  resourceId,
  resourceName: z.string(),
  protocol,
  userName: z.string(),
  reference: connectionReference.nullable(),
  gatewayName: z.string().nullable(),
  segment: z.string().nullable(),
  way: sessionWay.nullable(),
  /** The gateway before it, where the way has two hops (Tunnel); null where it has one. */
  firstGatewayName: z.string().nullable(),
  /** Tunnel applies to this connection. */
  tunnel: z.boolean(),
  /** Milliseconds that each finished step took. */
  stepsMs: z.partialRecord(connectStep, z.number()),
  tried: z.array(triedGateway),
  policy: sessionPolicy.nullable(),
  /** The resource's protocols in which the user might open a connection when this one was asked for; none before the service has answered. */
  allowedProtocols: z.array(protocol),
  /** Whether the way from the last gateway to the target is encrypted; null until the gateway has said so. */
  targetEncrypted: z.boolean().nullable(),
  /** DER of the certificate that the target showed, base64; null until the gateway has said so, and where there is none. */
  targetCertificate: z.string().nullable(),
  phase: sessionPhase,
  forwarding: z.object({ agent: forwardingState, x11: forwardingState }),
  /** Where the window shows somebody else's session (S58): whose, and whether this user may end it. Null for one's own sessions. */
  watching: z.object({ connectionId, userName: z.string(), mayEnd: z.boolean() }).nullable(),
  /** The program of the user's own that the session was opened for (`foreignClients` in the stores); such a session has no window. */
  foreignClientId: foreignClientId.nullable(),
  /** So many people watch the session now; their names where the policy tells them. Null while nobody does. */
  watchedBy: z.object({ watchers: z.number().int(), names: z.array(z.string()) }).nullable(),
  /** Rises with each reconnect in place; the page asks for a new port when it does. */
  attempt: z.number().int(),
});
export type Session = z.infer<typeof session>;
export const sessionsState = z.object({ items: z.record(z.string(), session) });

/** A command line for a program of the user's own, as it is typed into a shell of this computer. */
export const foreignCommand = z.object({ program: z.enum(['ssh', 'sftp', 'scp', 'rsync', 'vncviewer', 'screen-sharing', 'mstsc', 'xfreerdp', 'windows-app']), text: z.string() });
export type ForeignCommand = z.infer<typeof foreignCommand>;

/** What a program of the user's own speaks on a port of this computer: SSH, with files and forwards in it, RFB or RDP. */
export const foreignKind = z.enum(['ssh', 'vnc', 'rdp']);
export type ForeignKind = z.infer<typeof foreignKind>;

/** A program of the user's own that is let into a resource, or waited for. Its sessions name it. */
export const foreignClient = z.object({
  id: foreignClientId,
  profileName: z.string(),
  profileColour: z.string(),
  resourceId,
  resourceName: z.string(),
  /** What it may ask for. */
  protocols: z.array(protocol),
  /** By which it comes: a port of this computer that was opened in the app, or the command line. */
  by: z.enum(['port', 'command']),
  commands: z.array(foreignCommand),
  phase: z.discriminatedUnion('status', [
    z.object({ status: z.literal('waiting'), until: z.string() }),
    z.object({ status: z.literal('connected'), since: z.string() }),
    z.object({ status: z.literal('ended'), at: z.string(), error: shownError.nullable() }),
  ]),
});
export type ForeignClient = z.infer<typeof foreignClient>;
export const foreignClientsState = z.object({ items: z.record(z.string(), foreignClient) });

/** Counts that rise when the service tells that a list changed, or may have: pages that show it ask again. They say nothing else. */
export const changesState = z.object({ audit: z.number().int(), 'error-log': z.number().int(), recordings: z.number().int(), users: z.number().int(), 'access-rules': z.number().int(), credentials: z.number().int(), tunnel: z.number().int(), 'service-keys': z.number().int(), connections: z.number().int() });
export type ChangesState = z.infer<typeof changesState>;

export const logName = z.enum(['audit', 'error-log']);
export type LogName = z.infer<typeof logName>;

/** An export of a log to a file that the user chose; pages know the file's name, never its path. */
export const logExport = z.object({
  id: z.uuid(),
  log: logName,
  fileName: z.string(),
  entries: z.number().int(),
  bytes: z.number().int(),
  phase: z.discriminatedUnion('status', [z.object({ status: z.literal('running') }), z.object({ status: z.literal('done') }), z.object({ status: z.literal('cancelled') }), z.object({ status: z.literal('failed'), error: shownError })]),
});
export type LogExport = z.infer<typeof logExport>;

/** The proof of the audit chain, as far as it is. */
export const chainProof = z.discriminatedUnion('status', [
  z.object({ status: z.literal('not-asked') }),
  z.object({ status: z.literal('running'), entries: z.number().int(), of: z.number().int() }),
  z.object({ status: z.literal('known'), result: auditVerification, at: z.string() }),
  z.object({ status: z.literal('failed'), error: shownError }),
]);
export type ChainProof = z.infer<typeof chainProof>;
export const logWorkState = z.object({ exports: z.record(z.string(), logExport), proof: chainProof });

/** What the way out of this computer's network asks of the user: a proxy wants to know who he is. `refused` where it was told before and did not take it. */
export const networkState = z.object({ proxyQuestion: z.object({ id: z.uuid(), proxy: z.string(), refused: z.boolean(), canKeep: z.boolean() }).nullable() });
export type ProxyQuestion = NonNullable<z.infer<typeof networkState>['proxyQuestion']>;

/** A release that a feed offers this computer: what is new, as plain text, and how much there is to fetch. */
export const offeredUpdate = z.object({ version: z.string(), notes: z.string(), sizeBytes: z.number().int() });
export type OfferedUpdate = z.infer<typeof offeredUpdate>;

/** Why this app takes no updates: the organisation has said so, it was built without the publisher's keys, or it was not installed by one of our packages. */
export const updatesOff = z.enum(['managed', 'no-keys', 'no-package']);
export type UpdatesOff = z.infer<typeof updatesOff>;

/** Where looking for an update stands; what goes with each stands beside it. */
export const updatePhase = z.discriminatedUnion('status', [
  z.object({ status: z.literal('off'), why: updatesOff }),
  z.object({ status: z.literal('unchecked') }),
  z.object({ status: z.literal('checking') }),
  /** No service is chosen, and the organisation has named no address. */
  z.object({ status: z.literal('no-source') }),
  z.object({ status: z.literal('none-offered') }),
  z.object({ status: z.literal('up-to-date') }),
  /** There is one, and the roll-out has not come to this computer. */
  z.object({ status: z.literal('held-back'), version: z.string() }),
  z.object({ status: z.literal('available'), offer: offeredUpdate }),
  z.object({ status: z.literal('downloading'), offer: offeredUpdate, receivedBytes: z.number().int() }),
  /** Fetched and verified. `by-hand`: this package is installed by the system, the user or IT, not by the app. */
  z.object({ status: z.literal('ready'), offer: offeredUpdate, install: z.enum(['restart', 'by-hand']), fileName: z.string() }),
  z.object({ status: z.literal('failed'), error: shownError }),
]);
export type UpdatePhase = z.infer<typeof updatePhase>;

/** Updates of this app; `source` is where it asked last, `checkedAt` when it last had an answer that the publisher signed. */
export const updatesState = z.object({ version: z.string(), source: z.enum(['service', 'address']).nullable(), checkedAt: z.string().nullable(), phase: updatePhase });
export type UpdatesState = z.infer<typeof updatesState>;

/** The stores that main owns. A page gets the whole state, then patches (RFC 6902 operations), each under the next revision; a gap means: read again. */
export const storeSchemas = { settings: clientSettings, profiles: profilesState, account: accountState, inventory: inventoryState, gateways: gatewaysState, sessions: sessionsState, foreignClients: foreignClientsState, changes: changesState, logWork: logWorkState, network: networkState, updates: updatesState, diagnostics: diagnosticsState } as const;
export const storeName = z.enum(['settings', 'profiles', 'account', 'inventory', 'gateways', 'sessions', 'foreignClients', 'changes', 'logWork', 'network', 'updates', 'diagnostics']);
export type StoreName = z.infer<typeof storeName>;
export type StoreStates = { [K in StoreName]: z.infer<(typeof storeSchemas)[K]> };

export const storePatch = z.object({ store: storeName, revision: z.number().int(), patch: z.array(z.object({ op: z.enum(['add', 'remove', 'replace']), path: z.array(z.union([z.string(), z.number()])), value: z.unknown().optional() })) });
export type StorePatch = z.infer<typeof storePatch>;
