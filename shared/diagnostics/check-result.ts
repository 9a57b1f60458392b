import { z } from 'zod';
import { choicePreview, MAX_TOLD_CHANGES } from '../api/diagnostics.ts';
import { gatewayState, gatewayStateChange } from '../api/gateways.ts';
import { connectionTest } from '../api/resources.ts';
import { gatewayId, instant, protocol } from '../ids.ts';

/** The most that one result tells of what it tried; a check that tries more has gone wrong. */
const MAX_ATTEMPTS = 40;
/** Words of peers (issuers, host names of redirects) are cut here. */
const peerText = z.string().max(300);

/** What a result speaks of. */
export const subject = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('device') }),
  z.object({ kind: z.literal('service') }),
  z.object({ kind: z.literal('gateway'), gatewayId, name: z.string().max(100) }),
  z.object({ kind: z.literal('resource'), name: z.string().max(200) }),
]);
export type Subject = z.infer<typeof subject>;

/** The part of the way: this computer itself, or one of the four legs. */
export const diagnosedLeg = z.enum(['client', 'L1', 'L2', 'L3', 'L4']);
export type DiagnosedLeg = z.infer<typeof diagnosedLeg>;

/** One thing that was tried, when, where and with what outcome: `ok`, or a word of the system (`ECONNREFUSED`), of TLS or of HTTP (`407`). */
export const attempt = z.object({ at: instant, action: z.enum(['resolve-ipv4', 'resolve-ipv6', 'tcp', 'tls', 'proxy', 'http', 'frame', 'measure-up', 'measure-down', 'read']), to: peerText, outcome: peerText, milliseconds: z.number() });
export type Attempt = z.infer<typeof attempt>;

/** How one address family of a name was found. */
export const familyFound = z.object({ outcome: z.enum(['found', 'literal', 'none', 'failed', 'time-out']), addresses: z.array(z.string().max(64)).max(16), milliseconds: z.number() });
export type FamilyFound = z.infer<typeof familyFound>;

/** What a TCP port did: `dropped` never answered, `reset` took the connection and tore it down, `no-address` has no address to try. */
export const tcpOutcome = z.enum(['open', 'refused', 'dropped', 'reset', 'unreachable', 'no-address']);
export type TcpOutcome = z.infer<typeof tcpOutcome>;

/** What answered the TLS handshake on an open port. */
export const tlsSeen = z.object({
  /** `silent`: nothing came back; `closed`: it hung up; `not-tls`: other words came back; `old`: no TLS 1.3 where that is demanded. */
  outcome: z.enum(['done', 'silent', 'closed', 'not-tls', 'old', 'failed']),
  version: z.string().max(20).nullable(),
  alpn: z.string().max(50).nullable(),
  subject: peerText.nullable(),
  issuer: peerText.nullable(),
  fingerprint: z.string().max(60).nullable(),
  /** Another authority signed it, rather than its own key. */
  signedByAnother: z.boolean(),
  validUntil: instant.nullable(),
  /** How the key was judged. `issuer`: not to be trusted for who signed it; `expired` and `name` are said only where the issuer is trusted. */
  trust: z.enum(['good', 'not-checked', 'pin', 'issuer', 'expired', 'not-yet-valid', 'name']),
});
export type TlsSeen = z.infer<typeof tlsSeen>;

/** What each check finds. */
export const checkFacts = z.discriminatedUnion('check', [
  z.object({ check: z.literal('network'), online: z.boolean(), addresses: z.number().int(), ipv6: z.boolean() }),
  z.object({ check: z.literal('disk'), freeBytes: z.number(), writable: z.boolean() }),
  z.object({ check: z.literal('portal'), found: z.boolean(), status: z.number().int().nullable(), leadsTo: peerText.nullable() }),
  /** Ways out of this computer's network, and what the first proxy among them did. `code` is of the error catalogue. */
  z.object({ check: z.literal('proxy'), source: z.enum(['profile', 'system', 'environment', 'none']), ways: z.array(peerText).max(8), code: z.string().max(100).nullable(), args: z.record(z.string(), z.union([z.string(), z.number()])) }),
  z.object({ check: z.literal('name'), host: peerText, ipv4: familyFound, ipv6: familyFound }),
  z.object({ check: z.literal('port'), role: z.enum(['service', 'link', 'proxy']), host: peerText, port: z.number().int(), tcp: tcpOutcome, tls: tlsSeen.nullable(), connectMs: z.number().nullable(), pong: z.boolean().nullable() }),
  z.object({ check: z.literal('ping'), code: z.string().max(100).nullable(), clockDifferenceMs: z.number().nullable(), ports: z.array(z.object({ port: z.number().int(), open: z.boolean(), protocols: z.array(protocol) })).max(8) }),
  z.object({ check: z.literal('api'), code: z.string().max(100).nullable(), args: z.record(z.string(), z.union([z.string(), z.number()])), version: z.string().max(50).nullable(), oldestClient: z.string().max(50).nullable(), clientVersion: z.string().max(50), tooOld: z.boolean(), clockDifferenceMs: z.number().nullable(), database: z.boolean().nullable(), recordings: z.boolean().nullable() }),
  z.object({ check: z.literal('events'), outcome: z.enum(['flowing', 'silent', 'closed', 'refused']), code: z.string().max(100).nullable(), firstEventMs: z.number().nullable() }),
  z.object({ check: z.literal('sign-in'), status: z.enum(['signed-in', 'signing-in', 'signed-out']), code: z.string().max(100).nullable(), args: z.record(z.string(), z.union([z.string(), z.number()])) }),
  z.object({ check: z.literal('sync'), state: gatewayState, code: z.string().max(100).nullable(), ageSeconds: z.number().nullable(), intervalSeconds: z.number().int(), ejected: z.boolean(), changes: z.array(gatewayStateChange).max(MAX_TOLD_CHANGES) }),
  z.object({ check: z.literal('round-trip'), port: z.number().int(), samplesMs: z.array(z.number()).max(20), bestMs: z.number(), medianMs: z.number(), jitterMs: z.number() }),
  /** Bytes a second each way; `down` is null where so little went up that nothing was asked back. */
  z.object({ check: z.literal('throughput'), port: z.number().int(), upBytesPerSecond: z.number(), downBytesPerSecond: z.number().nullable() }),
  z.object({ check: z.literal('choice'), preview: choicePreview }),
  z.object({ check: z.literal('target'), test: connectionTest, identitiesKnown: z.number().int() }),
  /** What the connection that was tried found; a diagnosis signs on nowhere. `code` is of the error catalogue. */
  z.object({ check: z.literal('sign-on'), code: z.string().max(100).nullable(), args: z.record(z.string(), z.union([z.string(), z.number()])) }),
]);
export type CheckFacts = z.infer<typeof checkFacts>;
export type CheckName = CheckFacts['check'];
export type FactsOf<Name extends CheckName> = Extract<CheckFacts, { check: Name }>;
export const checkName = z.enum(['network', 'disk', 'portal', 'proxy', 'name', 'port', 'ping', 'api', 'events', 'sign-in', 'sync', 'round-trip', 'throughput', 'choice', 'target', 'sign-on']) satisfies z.ZodType<CheckName>;

/** Why a check could not say anything: that is no finding about what it would have looked at. */
export const notRunReason = z.enum(['time-limit', 'not-signed-in', 'service-not-reached', 'by-way-of', 'not-configured', 'earlier-step', 'no-connection', 'cancelled']);
export type NotRunReason = z.infer<typeof notRunReason>;

/** Whether a check could be run, apart from what it found. */
export const checkOutcome = z.discriminatedUnion('status', [
  z.object({ status: z.literal('found'), verdict: z.enum(['good', 'attention', 'bad']), facts: checkFacts }),
  z.object({ status: z.literal('not-run'), reason: notRunReason, detail: peerText }),
]);
export type CheckOutcome = z.infer<typeof checkOutcome>;

export const checkResult = z.object({
  /** Names the check and what it looked at; the same in each run. */
  id: z.string().max(200),
  check: checkName,
  subject,
  leg: diagnosedLeg,
  startedAt: instant,
  milliseconds: z.number(),
  outcome: checkOutcome,
  tried: z.array(attempt).max(MAX_ATTEMPTS),
});
export type CheckResult = z.infer<typeof checkResult>;
