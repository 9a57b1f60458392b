import { z } from 'zod';
import { hostAddress, hostKeyFingerprint, port } from '../api/resources.ts';
import { recordingState } from '../api/recordings.ts';
import { portMap } from '../gateway-configuration.ts';
import { gatewayPublicKeys } from '../gateway-key.ts';
import { connectionId, connectionReference, gatewayId, instant, protocol, recordingId, resourceId, sha256, userId } from '../ids.ts';
import { sessionPolicy } from '../policy/session-policy.ts';
import { textToStore } from '../storable-text.ts';

/** The target's secret as it travels to the last gateway, over the pinned link only. */
export const grantedCredential = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('password'), userName: z.string(), password: z.string() }),
  z.object({ kind: z.literal('private-key'), userName: z.string(), privateKey: z.string(), passphrase: z.string().optional() }),
  /** The user's own credentials are asked for in the session. */
  z.object({ kind: z.literal('ask-user'), userName: z.string().optional() }),
]);
export type GrantedCredential = z.infer<typeof grantedCredential>;

const grantBase = z.object({
  connectionId,
  reference: connectionReference,
  /** SHA-256 of the ticket's 43 letters (UTF-8): the gateway never holds the ticket itself. */
  ticketSha256: sha256,
  /** SHA-256 of the SubjectPublicKeyInfo of the client's key (rule 3). */
  clientKeyThumbprint: sha256,
  /** The ticket works for so long from receipt, on the gateway's monotonic clock (rule 2). */
  ticketSeconds: z.number().int().min(1).max(30),
  /** The session ends then (rule 2). */
  notAfter: instant,
  /** Whether the ticket may be shown on the link port (443): a grant that does not say so is for the proxy ports alone. */
  over443: z.boolean().default(false),
});

/** To the last gateway: who, which target, credentials, policy. */
export const targetGrant = grantBase.extend({
  kind: z.literal('target'),
  user: z.object({ id: userId, name: z.string(), displayName: z.string() }),
  resource: z.object({ id: resourceId, name: z.string() }),
  protocol,
  /** `identityRequired`: a target of which identities are known shows one of them, whatever its protocol (not where they may be another protocol's of the same resource). `allowAnonymousTls`: VeNCrypt may run without a certificate (rule 14). `allowUnencrypted`: the protocol itself may run unencrypted to the target; never in Tunnel mode unless the resource allows it (rule 8). */
  target: z.object({ host: hostAddress, port, allowSpecialAddress: z.boolean(), identities: z.array(hostKeyFingerprint), firstUseTrust: z.boolean(), allowUnencrypted: z.boolean().default(true), allowAnonymousTls: z.boolean().default(false), identityRequired: z.boolean().default(true) }),
  credential: grantedCredential,
  policy: sessionPolicy,
  /** The session ends after so long without a word from the service (rule 11): 900 where nothing is said, 60 for vendors. */
  maxUnsupervisedSeconds: z.number().int().min(15).max(86_400).optional(),
});
export type TargetGrant = z.infer<typeof targetGrant>;

/** The one place to which a forward leads: a gateway, and the ports to try in the order given. */
export const nextHop = z.object({ gatewayId, gatewayName: z.string().max(100), host: hostAddress, ports: z.array(z.array(port).min(1).max(8)).min(1).max(8) });
export type NextHop = z.infer<typeof nextHop>;

/** To a first hop (Tunnel): only the next hop. Of the user it learns the id, so that disabling him cuts him off here too (rule 11). */
export const forwardGrant = grantBase.extend({ kind: z.literal('forward'), userId, next: nextHop, maxUnsupervisedSeconds: targetGrant.shape.maxUnsupervisedSeconds });
export type ForwardGrant = z.infer<typeof forwardGrant>;
/** To the gateway of a session that runs: who may look at it, and nothing else (S58). The ticket opens a stream to the watcher alone. */
export const watchGrant = grantBase.extend({ kind: z.literal('watch'), watchId: z.uuid(), protocol, watcher: z.object({ id: userId, name: z.string().max(200) }), maxUnsupervisedSeconds: targetGrant.shape.maxUnsupervisedSeconds });
export type WatchGrant = z.infer<typeof watchGrant>;
export const grant = z.discriminatedUnion('kind', [targetGrant, forwardGrant, watchGrant]);
export type Grant = z.infer<typeof grant>;

const fact = z.union([z.string().max(2000), z.number(), z.boolean(), z.null()]);
export const journalKind = z.enum(['gateway-started', 'gateway-stopped', 'ticket-used', 'ticket-refused', 'connected', 'failed', 'ended', 'recording-closed', 'identity-seen', 'granted', 'forwarding', 'cut', 'resumed', 'forwarded', 'forward-ended', 'watch-began', 'watch-ended', 'peer-refused']);
/** What a gateway of this version writes. */
export type JournalKind = z.infer<typeof journalKind>;
/** One event of the gateway's journal: numbered without gaps from 1, each bound to the hash of the one before. */
export const journalEvent = z.object({
  sequence: z.number().int().min(1),
  at: instant,
  /** One of `journalKind`, or a word of a newer gateway: what is not known here is kept and told as such, and stalls nothing. */
  kind: z.string().regex(/^[a-z][a-z0-9-]{0,59}$/),
  connectionId: connectionId.nullable(),
  reference: connectionReference.nullable(),
  /** `code` where something failed; `recordingId`, `state`, `bytes`, `durationMs`, `targetIdentity` and the like. Never a secret. */
  facts: z.record(z.string(), fact),
  hash: sha256,
});
export type JournalEvent = z.infer<typeof journalEvent>;

/** The keys that a gateway will go by, signed with the present signing key; `known` where the service said that it has them (rule 15). */
export const announcedKeys = gatewayPublicKeys.extend({ signature: z.string().max(200), known: z.boolean() });
export type AnnouncedKeys = z.infer<typeof announcedKeys>;

/** `SHA256:` and base64 without padding, of both of a gateway's keys. */
const keyFingerprint = z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/);

/** Far above what a gateway carries, far below what the service's store counts to. */
const sessionCount = z.number().int().min(0).max(1_000_000);

/** Each number and text within what the service stores: a status beyond is none, and the gateway is shown as unavailable. */
export const gatewayStatusReport = z.object({
  gatewayId,
  version: textToStore(100),
  startedAt: instant,
  clock: instant,
  /** Sessions and forwards together: what a stop would end. */
  sessions: sessionCount,
  /** How many of them are forwards to a next gateway (Tunnel). */
  forwards: sessionCount.default(0),
  draining: z.boolean(),
  canRecord: z.boolean(),
  spoolFreeBytes: z.number(),
  ports: z.array(z.object({ port, open: z.boolean(), protocols: z.array(protocol).max(10) })).max(100),
  /** The port map that it goes by now; the service sends its own where the two differ. */
  portMap: portMap.optional(),
  /** The fingerprint of the keys that it goes by, and the keys to come. */
  keys: z.object({ fingerprint: keyFingerprint, next: announcedKeys.nullable() }).optional(),
  /** Resources that run short, as codes of the error catalogue. */
  shortages: z.array(z.string().max(100)).max(100),
  load: z.object({ cpu: z.number().min(0).max(1_000_000), memoryBytes: z.number().min(0).max(Number.MAX_SAFE_INTEGER) }),
  journalHead: z.object({ sequence: z.number().int().min(0), hash: z.string().max(100) }),
  /** Heads of live recordings: one that ends before its last head known is incomplete (rule 19). */
  recordings: z.array(z.object({ recordingId, frames: z.number().int().min(0), headHash: sha256 })).max(10_000),
});
export type GatewayStatusReport = z.infer<typeof gatewayStatusReport>;

export const probeResult = z.object({
  stages: z.array(z.object({ stage: z.enum(['resolve', 'tcp', 'banner', 'identity']), ok: z.boolean(), milliseconds: z.number(), code: z.string().optional(), detail: z.string().max(500).default('') })),
  identity: z.object({ fingerprint: hostKeyFingerprint, kind: z.string().max(100) }).nullable(),
});
export type ProbeResult = z.infer<typeof probeResult>;

/** Recordings of one answer: a third of a frame of the link, and a spool of ten thousand in ten answers. */
export const MAX_RECORDINGS_A_PAGE = 1000;

export const spooledRecording = z.object({ recordingId, connectionId, reference: connectionReference, protocol, startedAt: instant, state: recordingState, code: z.string().nullable(), sizeBytes: z.number().int(), sha256: sha256.nullable() });
export type SpooledRecording = z.infer<typeof spooledRecording>;

/** A live session, all of a user (sessions, grants, watches), or only what a user watches, as a gateway can be told to end it. */
const terminateTarget = z.discriminatedUnion('kind', [z.object({ kind: z.literal('connection'), connectionId }), z.object({ kind: z.literal('user'), userId }), z.object({ kind: z.literal('watcher'), userId })]);

/** Where an instance of the service and its database are, as it announces it; signed with the service's Ed25519 key (`signed-texts.ts`). */
export const addressAnnouncement = z.object({
  /** Names one instance of the service over its restarts. */
  instance: sha256,
  /** `host`, `host:port` or `[address]:port`, as in the configuration file. */
  addresses: z.array(z.string().max(300)).max(100),
  issuedAt: instant,
  signature: z.string().max(200),
});
export type AddressAnnouncement = z.infer<typeof addressAnnouncement>;

/**
 * By which keys the service opens its links from now on, as it announces it; signed with its Ed25519 key (`signed-texts.ts`).
 * Two while it rotates them (rule 15); a few more leave room for whatever comes.
 */
export const servicePinAnnouncement = z.object({ pins: z.array(sha256).min(1).max(4), issuedAt: instant, signature: z.string().max(200) });
export type ServicePinAnnouncement = z.infer<typeof servicePinAnnouncement>;

/** The methods of the link: all are asked by the service and answered by the gateway. `binary` answers are a binary frame. */
export const linkMethods = {
  control: {
    status: { params: z.object({ epoch: z.number().int().min(0) }), result: gatewayStatusReport },
    grant: { params: z.object({ grant }), result: z.object({ acceptedAt: instant }) },
    /** `by`: who asked for it; the user is told where the session's policy says so. */
    terminate: { params: z.object({ target: terminateTarget, code: z.string(), by: z.string().max(200).optional() }), result: z.object({ ended: z.number().int(), grantsDropped: z.number().int() }) },
    probe: { params: z.object({ protocol, target: targetGrant.shape.target, timeLimitMs: z.number().int().max(10_000) }), result: probeResult },
    journalRead: { params: z.object({ epoch: z.number().int(), after: z.number().int().min(0), limit: z.number().int().min(1).max(500) }), result: z.object({ events: z.array(journalEvent) }) },
    journalRelease: { params: z.object({ epoch: z.number().int(), upTo: z.number().int().min(0) }), result: z.object({}) },
    auditHead: { params: z.object({ sequence: z.number().int(), hash: z.string(), signedAt: instant, signature: z.string() }), result: z.object({}) },
    /** What an administrator changed of the ports: in force at once, kept over a restart (S75). */
    setPortMap: { params: portMap.extend({ epoch: z.number().int().min(0) }), result: z.object({}) },
    /** Makes the gateway's next keys, where there are none, and gives them. */
    nextKeys: { params: z.object({}), result: announcedKeys },
    /** The service knows the next keys: from now on the gateway may switch to them. */
    nextKeysKnown: { params: z.object({ fingerprint: keyFingerprint }), result: z.object({}) },
    /** The gateway goes by its next keys from the next handshake on; connections that stand go on. */
    switchKeys: { params: z.object({ fingerprint: keyFingerprint }), result: z.object({}) },
    /** Answered with the pins that are in force there now: an older announcement changes nothing. */
    announceServicePins: { params: servicePinAnnouncement, result: z.object({ pins: z.array(sha256).max(100) }) },
    announceAddresses: { params: addressAnnouncement, result: z.object({}) },
  },
  bulk: {
    /** At most `limit` recordings behind `after`, in the order of their ids; fewer mean that there are no more. A gateway of before the pages gives all at once. */
    recordingList: { params: z.object({ after: recordingId.optional(), limit: z.number().int().min(1).max(MAX_RECORDINGS_A_PAGE).default(MAX_RECORDINGS_A_PAGE) }), result: z.object({ recordings: z.array(spooledRecording).max(10_000) }) },
    /** Answered by a binary frame of at most `length` bytes; fewer mean the end of what is there now. */
    recordingRead: { params: z.object({ recordingId, offset: z.number().int().min(0), length: z.number().int().min(1).max(256 * 1024) }), result: 'binary' },
    recordingRelease: { params: z.object({ epoch: z.number().int(), recordingId, sha256 }), result: z.object({}) },
  },
} as const;

export const linkRequest = z.object({ id: z.number().int().min(0).max(0xffff_ffff), channel: z.enum(['control', 'bulk']), method: z.string().max(50), params: z.unknown() });
/** What the service asks of a default gateway by `LINK_FORWARD_ALPN`: a wire to the link port of the gateway behind it. Answered as a request is. */
export const linkForwardRequest = z.object({ id: z.number().int().min(0).max(0xffff_ffff), next: z.object({ gatewayId, gatewayName: z.string().max(100), host: hostAddress, port }) });
export type LinkForwardRequest = z.infer<typeof linkForwardRequest>;

export const linkAnswer = z.union([
  z.object({ id: z.number().int(), result: z.unknown() }),
  z.object({ id: z.number().int(), error: z.object({ code: z.string(), args: z.record(z.string(), z.union([z.string(), z.number()])).default({}) }) }),
]);

/** What a gateway answers to `GET /ping` on its link port, to anyone (S60, S62); `version` only to client keys that a grant named (rule 26). */
export const pingAnswer = z.object({ product: z.literal('MAVIS Gateway'), time: instant, proxyPorts: z.array(z.object({ port, open: z.boolean(), protocols: z.array(protocol) })), version: z.string().optional() });
export type PingAnswer = z.infer<typeof pingAnswer>;
