import { z } from 'zod';
import { hop } from '../../shared/api/connections.ts';
import { connectionReference, instant, protocol } from '../../shared/ids.ts';
import { TERMINAL_BOUNDS } from '../../shared/ipc/session-port.ts';
import { conflictRule, remotePath } from '../../shared/ipc/files-port.ts';
import { forwardingState, sessionWay } from '../../shared/ipc/stores.ts';
import { waysOut } from '../network/way-out.ts';
import { progressStep, prompt } from '../../shared/proxy-stream/messages.ts';
import { forwardingOffer } from './forwarding/forwarding-offer.ts';

/**
 * What main and a session's process tell each other: one contract for all protocols. Bytes of the session never come this
 * way; they go over the port between the process and the page (`shared/ipc/session-port.ts`), which main hands to both.
 */
const errorArgs = z.record(z.string(), z.union([z.string(), z.number()]));

/** A gateway as the process dials it. */
const dialledHop = hop.pick({ gatewayName: true, host: true, ports: true, fallbackPort: true, pins: true, ticket: true });

/** Main to the session's process. `port` comes with the port itself beside it. */
export const sessionCommand = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    protocol,
    /** The stream is a copy of another's session, which is only looked at. */
    watch: z.literal(true).optional(),
    /** The protocol is spoken by a program of the user's own: its bytes go through as they are, whatever it is. */
    foreign: z.literal(true).optional(),
    hops: z.array(dialledHop).min(1).max(2),
    identity: z.object({ privateKeyPem: z.string(), certificatePem: z.string() }),
    /** The dial and the gateway's way to the target end after so long; the user's time for prompts does not count. */
    deadlineMs: z.number().min(0).max(60_000),
    terminal: z.object({ columns: z.number().int(), rows: z.number().int() }),
    environment: z.record(z.string(), z.string()),
    /** The folder of the target to which a shell goes first; where it begins by itself where it is left out. */
    startFolder: remotePath.optional(),
    /** Of the user's machine; nothing where it is left out. */
    forwarding: forwardingOffer.optional(),
  }),
  /** The ways out of this computer's network to the first gateway's link port; follows a `start` that may need them. */
  z.object({ kind: z.literal('ways-out'), ways: waysOut }),
  /** Another first gateway, as the process asked for one; null where there is none now. `over`: the code that ended the session. */
  z.object({ kind: z.literal('first-hop'), hop: dialledHop.nullable(), over: z.string().nullable() }),
  z.object({ kind: z.literal('port') }),
  /** The folder of this computer that an SFTP session may use: the home of the user, or one that he chose. */
  z.object({ kind: z.literal('local-folder'), path: z.string().min(1).max(32_768) }),
  /** Files and folders of this computer that the user dropped on an SFTP session's window, to be brought to a folder of the target. */
  z.object({ kind: z.literal('upload'), paths: z.array(z.string().min(1).max(32_768)).max(10_000), folder: remotePath, conflict: conflictRule, verify: z.boolean() }),
  /** The system has no program for a file that it was to open. */
  z.object({ kind: z.literal('file-not-opened'), path: z.string().min(1).max(32_768) }),
  /** Where an SFTP session keeps its unfinished transfers, and where processes that are gone left theirs, which it takes over; and where it puts what is to be dragged out of its window, and copies of files that are edited. */
  z.object({ kind: z.literal('transfer-journals'), folder: z.string().min(1).max(32_768), left: z.array(z.string().min(1).max(32_768)), dragOutFolder: z.string().min(1).max(32_768), editedFolder: z.string().min(1).max(32_768) }),
  z.object({ kind: z.literal('prompt-answer'), id: z.number().int(), answers: z.array(z.string()) }),
  /** Gives up what has not been accepted yet. */
  z.object({ kind: z.literal('cancel') }),
  /** The machine woke up, the network changed or the user asks for it: is the connection still there, and else is there another now? */
  z.object({ kind: z.literal('check-line') }),
  /** Ends the session because the user wants it. */
  z.object({ kind: z.literal('end') }),
]);
export type SessionCommand = z.infer<typeof sessionCommand>;
export type StartCommand = Extract<SessionCommand, { kind: 'start' }>;

/** The session's process to main, in the order that things happen; after `failed`, or after `ended` and `drained`, nothing more comes. */
export const sessionReport = z.discriminatedUnion('kind', [
  /** The gateway's TLS stands and its key is the pinned one. */
  z.object({ kind: z.literal('reached'), port: z.number().int() }),
  /** Over which way the session's traffic goes from now on; told before `reached`, and again where a resumed stream took another. */
  z.object({ kind: z.literal('way'), way: sessionWay }),
  z.object({ kind: z.literal('progress'), step: progressStep }),
  z.object({ kind: z.literal('prompt'), prompt }),
  z.object({ kind: z.literal('failed'), code: z.string(), args: errorArgs, leg: z.enum(['L2', 'L4']), credentialSent: z.boolean(), milliseconds: z.number() }),
  z.object({ kind: z.literal('accepted'), reference: connectionReference, sshHostKey: z.string().nullable(), recording: z.boolean(), targetEncrypted: z.boolean(), targetCertificate: z.string().nullable(), notAfter: instant }),
  /** The protocol itself is connected (for SSH: the shell's channel is open). */
  z.object({ kind: z.literal('connected') }),
  z.object({ kind: z.literal('recording') }),
  /** So many people watch the session now. */
  z.object({ kind: z.literal('watched'), watchers: z.number().int().min(0), by: z.array(z.string().max(200)).max(20) }),
  z.object({ kind: z.literal('ends-soon'), code: z.string(), secondsLeft: z.number() }),
  z.object({ kind: z.literal('round-trip'), milliseconds: z.number() }),
  /** The connection to the gateway was cut; for so long it is sought again (rule 10). */
  z.object({ kind: z.literal('interrupted'), secondsLeft: z.number() }),
  /** A resume is tried, and this proxy wants to know who the user is. */
  z.object({ kind: z.literal('proxy-sign-on'), proxy: z.string().max(300) }),
  z.object({ kind: z.literal('resumed') }),
  /** The first of two gateways is gone, or knows nothing of the session any more: another one is wanted (rule 10). */
  z.object({ kind: z.literal('first-hop-wanted') }),
  z.object({ kind: z.literal('resized'), columns: z.number().int().min(TERMINAL_BOUNDS.minColumns).max(TERMINAL_BOUNDS.maxColumns), rows: z.number().int().min(TERMINAL_BOUNDS.minRows).max(TERMINAL_BOUNDS.maxRows) }),
  z.object({ kind: z.literal('forwarding'), what: z.enum(['agent', 'x11']), state: forwardingState }),
  /** A file that an SFTP session brought here is to be opened in the user's program for it. */
  z.object({ kind: z.literal('open-file'), path: z.string().min(1).max(32_768) }),
  /** All that can be dragged out of an SFTP session's window now. */
  z.object({ kind: z.literal('drag-outs'), ready: z.array(z.object({ id: z.number().int(), paths: z.array(z.string().min(1).max(32_768)).min(1).max(500) })).max(50) }),
  z.object({ kind: z.literal('ended'), code: z.string(), args: errorArgs, exitStatus: z.number().int().nullable(), signal: z.string().nullable() }),
  /** The page has been given everything; the process has nothing left to do. */
  z.object({ kind: z.literal('drained') }),
]);
export type SessionReport = z.infer<typeof sessionReport>;
export type EndedReport = Extract<SessionReport, { kind: 'ended' }>;
