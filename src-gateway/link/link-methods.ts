import type { z } from 'zod';
import { type ErrorCode, knownErrorCode } from '../../shared/errors/catalogue.ts';
import { MavisError } from '../../shared/errors/mavis-error.ts';
import { type GatewayStatusReport, type Grant, linkMethods, type ProbeResult, type SpooledRecording, type TargetGrant } from '../../shared/link/messages.ts';
import { type Clock, instantOf } from '../clock/clock.ts';
import type { ForwardRegister } from '../forwards/forward-register.ts';
import type { GrantRegister } from '../grants/grant-register.ts';
import type { KnownClientKeys } from '../grants/known-client-keys.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeysInUse } from '../keys/keys-in-use.ts';
import type { PortMapInForce } from '../proxy-port/port-map.ts';
import type { RecordingSource } from '../sessions/recording-source.ts';
import type { SessionRegister } from '../sessions/session-register.ts';
import type { WatchRegister } from '../watches/watch-register.ts';
import type { AuditHeads } from './audit-heads.ts';
import type { LeaseEpoch } from './lease-epoch.ts';
import type { Pace } from './pace.ts';
import type { ServiceAddresses } from './service-addresses.ts';
import type { ServicePins } from './service-pins.ts';

/** Answers one request: JSON, or bytes for a binary frame. Rejects with a MavisError that the service is told. */
export type LinkHandler = (params: unknown, signal: AbortSignal) => Promise<unknown>;

export interface LinkMethodsParts {
  readonly clock: Clock;
  readonly status: () => Promise<GatewayStatusReport>;
  readonly grants: Pick<GrantRegister, 'add' | 'dropConnection' | 'dropUser' | 'dropWatcher'>;
  readonly knownKeys: Pick<KnownClientKeys, 'add'>;
  readonly sessions: Pick<SessionRegister, 'end'>;
  readonly forwards: Pick<ForwardRegister, 'end'>;
  readonly watches: Pick<WatchRegister, 'end' | 'assertWatchable'>;
  readonly journal: Pick<Journal, 'append' | 'read' | 'release'>;
  readonly recordings: Pick<RecordingSource, 'list' | 'read' | 'release'>;
  readonly auditHeads: Pick<AuditHeads, 'keep'>;
  readonly servicePins: Pick<ServicePins, 'announce'>;
  readonly keys: Pick<KeysInUse, 'begin' | 'known' | 'switchTo'>;
  readonly portMap: Pick<PortMapInForce, 'set'>;
  readonly serviceAddresses: Pick<ServiceAddresses, 'announce'>;
  readonly epoch: LeaseEpoch;
  readonly bulkPace: Pick<Pace, 'take'>;
  readonly probe: (protocol: TargetGrant['protocol'], target: TargetGrant['target'], signal: AbortSignal) => Promise<ProbeResult>;
  /** Throws where no session, or no forward, may begin now, so that the service chooses another gateway. */
  readonly assertReady: (kind: Grant['kind']) => void;
}

/** The methods of both channels, by name, each with its parameters parsed by the schema of the link. */
export function linkHandlers(parts: LinkMethodsParts): { readonly control: ReadonlyMap<string, LinkHandler>; readonly bulk: ReadonlyMap<string, LinkHandler> } {
  const { control, bulk } = linkMethods;
  return {
    control: new Map<string, LinkHandler>([
      ['status', handler(control.status, leased(parts, () => parts.status()))],
      ['grant', handler(control.grant, async ({ grant }) => takeGrant(parts, grant))],
      ['terminate', handler(control.terminate, async (asked) => terminate(parts, asked))],
      ['probe', handler(control.probe, ({ protocol, target, timeLimitMs }, signal) => parts.probe(protocol, target, AbortSignal.any([signal, probeLimit(timeLimitMs)])))],
      ['journalRead', handler(control.journalRead, leased(parts, async ({ after, limit }) => ({ events: await parts.journal.read(after, limit) })))],
      ['journalRelease', handler(control.journalRelease, leased(parts, ({ upTo }) => done(parts.journal.release(upTo))))],
      ['auditHead', handler(control.auditHead, (head) => done(parts.auditHeads.keep(head)))],
      ['setPortMap', handler(control.setPortMap, leased(parts, ({ portPreference, over443 }) => done(parts.portMap.set({ portPreference, over443 }))))],
      ['announceAddresses', handler(control.announceAddresses, (announcement) => done(parts.serviceAddresses.announce(announcement)))],
      ['nextKeys', handler(control.nextKeys, () => parts.keys.begin())],
      ['nextKeysKnown', handler(control.nextKeysKnown, ({ fingerprint }) => done(parts.keys.known(fingerprint)))],
      ['switchKeys', handler(control.switchKeys, ({ fingerprint }) => done(parts.keys.switchTo(fingerprint)))],
      ['announceServicePins', handler(control.announceServicePins, async (announcement) => ({ pins: [...(await parts.servicePins.announce(announcement))] }))],
    ]),
    bulk: new Map<string, LinkHandler>([
      ['recordingList', handler(bulk.recordingList, async ({ after = '', limit }) => ({ recordings: pageOf(parts.recordings.list(), after, limit) }))],
      ['recordingRead', binaryHandler(bulk.recordingRead, (params) => readRecording(parts, params))],
      ['recordingRelease', handler(bulk.recordingRelease, leased(parts, ({ recordingId, sha256 }) => done(parts.recordings.release(recordingId, sha256))))],
    ]),
  };
}

/** In the order of ids, which do not change while pages are read: what comes or goes meanwhile moves none of the others. */
function pageOf(recordings: readonly SpooledRecording[], after: string, limit: number): SpooledRecording[] {
  return recordings
    .filter(({ recordingId }) => recordingId > after)
    .sort((one, other) => (one.recordingId < other.recordingId ? -1 : 1))
    .slice(0, limit);
}

/** Only for the instance that holds the lease (rule 17). */
function leased<P extends { readonly epoch: number }, R>({ epoch }: Pick<LinkMethodsParts, 'epoch'>, handle: (params: P) => Promise<R>): (params: P) => Promise<R> {
  return async (params) => {
    epoch.assertCurrent(params.epoch);
    return handle(params);
  };
}

async function done(work: Promise<void>): Promise<Record<string, never>> {
  await work;
  return {};
}

function takeGrant(parts: LinkMethodsParts, grant: z.output<typeof linkMethods.control.grant.params>['grant']): { acceptedAt: string } {
  parts.assertReady(grant.kind);
  if (grant.kind === 'watch') parts.watches.assertWatchable(grant);
  parts.grants.add(grant);
  parts.knownKeys.add(grant.clientKeyThumbprint);
  // A watch is written when it begins: nothing of the session itself is granted.
  if (grant.kind === 'watch') return { acceptedAt: instantOf(parts.clock) };
  parts.journal.append({
    kind: 'granted',
    connectionId: grant.connectionId,
    reference: grant.reference,
    facts:
      grant.kind === 'forward'
        ? { forward: true, userId: grant.userId, nextGatewayId: grant.next.gatewayId, nextGatewayName: grant.next.gatewayName }
        : { protocol: grant.protocol, userId: grant.user.id, userName: grant.user.name, resourceId: grant.resource.id, resourceName: grant.resource.name, allowSpecialAddress: grant.target.allowSpecialAddress },
  });
  return { acceptedAt: instantOf(parts.clock) };
}

function terminate(parts: LinkMethodsParts, { target, code: said, by }: z.output<typeof linkMethods.control.terminate.params>): { ended: number; grantsDropped: number } {
  const code = knownErrorCode(said);
  // Grants first: one that were used between the two steps would be a session that nobody ended.
  const grantsDropped = dropGrants(parts, target, code);
  return { ended: parts.sessions.end(target, code, by) + parts.forwards.end(target, code) + parts.watches.end(target, code), grantsDropped };
}

function dropGrants({ grants }: LinkMethodsParts, target: z.output<typeof linkMethods.control.terminate.params>['target'], code: ErrorCode): number {
  if (target.kind === 'connection') return grants.dropConnection(target.connectionId);
  return target.kind === 'user' ? grants.dropUser(target.userId, code) : grants.dropWatcher(target.userId);
}

/** A recording lies in several files: pieces are put together until there is as much as was asked for, or no more. */
async function readRecording({ bulkPace, recordings }: LinkMethodsParts, { recordingId, offset, length }: z.output<typeof linkMethods.bulk.recordingRead.params>): Promise<Uint8Array> {
  await bulkPace.take(length);
  const pieces: Uint8Array[] = [];
  let read = 0;
  while (read < length) {
    const piece = await recordings.read(recordingId, offset + read, length - read);
    if (piece.length === 0) break;
    pieces.push(piece);
    read += piece.length;
  }
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

function probeLimit(timeLimitMs: number): AbortSignal {
  const limit = new AbortController();
  setTimeout(() => limit.abort(new MavisError('target.time-out')), timeLimitMs).unref();
  return limit.signal;
}

function handler<P extends z.ZodType, R extends z.ZodType>(method: { readonly params: P; readonly result: R }, handle: (params: z.output<P>, signal: AbortSignal) => Promise<z.input<R>>): LinkHandler {
  return async (params, signal) => handle(parsedParams(method.params, params), signal);
}

function binaryHandler<P extends z.ZodType>(method: { readonly params: P; readonly result: 'binary' }, handle: (params: z.output<P>) => Promise<Uint8Array>): LinkHandler {
  return async (params) => handle(parsedParams(method.params, params));
}

function parsedParams<P extends z.ZodType>(schema: P, params: unknown): z.output<P> {
  const parsed = schema.safeParse(params);
  if (!parsed.success) throw new MavisError('request.invalid', { field: parsed.error.issues[0]?.path.join('.') ?? '' });
  return parsed.data;
}
