import { describe, expect, test } from 'vitest';
import type { ConnectionTest } from '../../../shared/api/resources.ts';
import type { CheckFacts, CheckResult, DiagnosedLeg, FactsOf, Subject, TlsSeen } from '../../../shared/diagnostics/check-result.ts';
import { findingText, isOwnFinding } from '../../../shared/diagnostics/finding-text.ts';
import { doctorCauses } from '../../../shared/diagnostics/doctor/doctor-findings.ts';
import { findFindings, findingRules } from '../../../shared/diagnostics/findings/find-findings.ts';
import { isErrorCode } from '../../../shared/errors/catalogue.ts';
import { gatewayId, resourceId } from '../../../shared/ids.ts';
import { en } from '../../../shared/languages/en.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';

const gatewayOf = (name: string): Subject => ({ kind: 'gateway', name, gatewayId: gatewayId.parse(`00000000-0000-4000-8000-00000000000${name.length}`) });
const gateway = gatewayOf('office1');
const service: Subject = { kind: 'service' };
const device: Subject = { kind: 'device' };
const resource: Subject = { kind: 'resource', name: 'files' };

const seen = (subject: Subject, facts: CheckFacts, leg: DiagnosedLeg = 'L2'): CheckResult => ({ id: `${facts.check} ${JSON.stringify(subject)} ${facts.check === 'port' ? facts.port : ''}`, check: facts.check, subject, leg, startedAt: '2026-11-26T00:00:00.000Z', milliseconds: 1, outcome: { status: 'found', verdict: 'bad', facts }, tried: [] });
const tls = (changes: Partial<TlsSeen> = {}): TlsSeen => ({ outcome: 'done', version: 'TLSv1.3', alpn: null, subject: 'x', issuer: 'x', fingerprint: 'SHA256:x', signedByAnother: false, validUntil: '2026-01-02T00:00:00.000Z', trust: 'good', ...changes });
const port = (changes: Partial<FactsOf<'port'>> = {}): FactsOf<'port'> => ({ check: 'port', role: 'proxy', host: 'gw', port: 7993, tcp: 'open', tls: tls(), connectMs: 1, pong: true, ...changes });
const servicePort = (changes: Partial<FactsOf<'port'>> = {}): CheckResult => seen(service, port({ role: 'service', host: 'mavis.example', port: 443, pong: null, ...changes }), 'L1');
const link = (changes: Partial<FactsOf<'port'>> = {}, of = gateway): CheckResult => seen(of, port({ role: 'link', port: 443, pong: null, ...changes }));
const proxy = (number: number, changes: Partial<FactsOf<'port'>> = {}, of = gateway): CheckResult => seen(of, port({ port: number, ...changes }));
const api = (changes: Partial<FactsOf<'api'>> = {}): CheckResult => seen(service, { check: 'api', code: null, args: {}, version: '1', oldestClient: '0', clientVersion: '1', tooOld: false, clockDifferenceMs: 0, database: true, recordings: true, ...changes }, 'L1');
const sync = (changes: Partial<FactsOf<'sync'>> = {}, of = gateway): CheckResult => seen(of, { check: 'sync', state: 'available', code: null, ageSeconds: 3, intervalSeconds: 15, ejected: false, changes: [], ...changes }, 'L3');
const ping = (changes: Partial<FactsOf<'ping'>> = {}, of = gateway): CheckResult => seen(of, { check: 'ping', code: null, clockDifferenceMs: 0, ports: [], ...changes });
const name = (subject: Subject, outcome: 'none' | 'failed' | 'found'): CheckResult => seen(subject, { check: 'name', host: 'gw.example', ipv4: { outcome, addresses: [], milliseconds: 1 }, ipv6: { outcome: outcome === 'found' ? 'none' : outcome, addresses: [], milliseconds: 1 } });
const roundTrip = (bestMs: number, jitterMs: number): CheckResult => seen(gateway, { check: 'round-trip', port: 7993, samplesMs: [], bestMs, medianMs: bestMs, jitterMs });
const throughput = (downBytesPerSecond: number | null, upBytesPerSecond: number): CheckResult => seen(gateway, { check: 'throughput', port: 7993, upBytesPerSecond, downBytesPerSecond });
const events = (outcome: 'silent' | 'closed'): CheckResult => seen(service, { check: 'events', outcome, code: null, firstEventMs: null });
const choice = (code: string, args = {}): CheckResult => seen(resource, { check: 'choice', preview: { resource: { id: resourceId.parse('00000000-0000-4000-8000-000000000009'), name: 'files' }, protocol: 'ssh', segments: [], tunnel: false, code, args, gateways: [] } });
const target = (stages: ConnectionTest['stages'], identity: ConnectionTest['identity'] = null, identitiesKnown = 0): CheckResult => seen(resource, { check: 'target', test: { gatewayId: gatewayId.parse('00000000-0000-4000-8000-000000000007'), gatewayName: 'office1', stages, identity }, identitiesKnown }, 'L4');
const stage = (which: ConnectionTest['stages'][number]['stage'], code: string): CheckResult => target([{ stage: which, ok: false, milliseconds: 1, code, detail: '' }]);
const proxyFacts = (code: string | null): CheckResult => seen(device, { check: 'proxy', source: 'system', ways: ['PROXY p:3128'], code, args: { proxy: 'p:3128' } }, 'client');
const stranger = { fingerprint: `SHA256:${'a'.repeat(43)}`, kind: 'ssh-ed25519', expected: false };
const all = (changes: Partial<FactsOf<'port'>>): CheckResult[] => [link(changes), proxy(7993, changes), proxy(7994, changes)];

/** One row for each rule: results, and what is found first. */
const table: readonly (readonly [rule: string, code: string, results: readonly CheckResult[]])[] = [
  ['device-offline', 'device-offline', [seen(device, { check: 'network', online: false, addresses: 0, ipv6: false }, 'client'), servicePort({ tcp: 'unreachable', tls: null })]],
  ['captive-portal', 'captive-portal', [seen(device, { check: 'portal', found: true, status: 302, leadsTo: 'portal.example' }, 'client'), servicePort({ tls: tls({ outcome: 'not-tls' }) })]],
  ['dns-broken', 'dns-broken', [name(service, 'failed')]],
  ['proxy', 'proxy.authentication-required', [proxyFacts('proxy.authentication-required')]],
  ['clock-of-device', 'clock-of-device', [api({ clockDifferenceMs: 60_000 }), ping({ clockDifferenceMs: 60_500 })]],
  ['clock-of-service', 'clock-of-service', [api({ clockDifferenceMs: 60_000 }), ping()]],
  ['clock-of-gateway', 'clock-of-gateway', [api(), ping({ clockDifferenceMs: -60_000 }), sync({ state: 'degraded', code: 'gateway.clock-differs' })]],
  ['disk-full', 'disk-full', [seen(device, { check: 'disk', freeBytes: 1000, writable: true }, 'client')]],
  ['service.client-too-old', 'service.client-too-old', [api({ tooOld: true, oldestClient: '2.0.0' })]],
  ['service.name-unknown', 'service.name-unknown', [name(service, 'none')]],
  ['service-refused', 'service-refused', [servicePort({ tcp: 'refused', tls: null })]],
  ['service-dropped', 'service-dropped', [servicePort({ tcp: 'dropped', tls: null })]],
  ['service-unroutable', 'service-unroutable', [servicePort({ tcp: 'unreachable', tls: null })]],
  ['service-reset', 'service-reset', [servicePort({ tcp: 'reset', tls: null })]],
  ['service-silent', 'service-silent', [servicePort({ tls: tls({ outcome: 'silent' }) })]],
  ['service-not-tls', 'service-not-tls', [servicePort({ tls: tls({ outcome: 'not-tls' }) })]],
  ['service-tls-failed', 'service-tls-failed', [servicePort({ tls: tls({ outcome: 'closed', trust: 'not-checked' }) })]],
  ['tls-inspected', 'tls-inspected', [servicePort({ tls: tls({ trust: 'issuer', signedByAnother: true, issuer: 'Inspector' }) }), proxy(7993, { tls: tls({ trust: 'pin', signedByAnother: true, issuer: 'Inspector' }) })]],
  ['service.pin-mismatch', 'service.pin-mismatch', [servicePort({ tls: tls({ trust: 'pin' }) })]],
  ['service.certificate-untrusted', 'service.certificate-untrusted', [servicePort({ tls: tls({ trust: 'issuer', signedByAnother: true }) })]],
  ['service-certificate-expired', 'service-certificate-expired', [servicePort({ tls: tls({ trust: 'expired' }) })]],
  ['service-certificate-early', 'service-certificate-early', [servicePort({ tls: tls({ trust: 'not-yet-valid' }) })]],
  ['service-certificate-name', 'service-certificate-name', [servicePort({ tls: tls({ trust: 'name' }) })]],
  ['service-other', 'service-other', [servicePort(), api({ code: 'service.answer-invalid' })]],
  ['service-overloaded', 'service-overloaded', [servicePort(), api({ code: 'service.time-out' })]],
  ['service-cut', 'service-cut', [servicePort(), api({ code: 'service.unreachable' })]],
  ['service-failing', 'service-failing', [servicePort(), api({ code: 'internal' })]],
  ['service-says', 'service.stopping', [servicePort(), api({ code: 'service.stopping' })]],
  ['service.database-unavailable', 'service.database-unavailable', [servicePort(), api({ database: false })]],
  ['service-cannot-store', 'service-cannot-store', [servicePort(), api({ recordings: false })]],
  ['events-held', 'events-held', [servicePort(), api(), events('silent')]],
  ['events-cut', 'events-cut', [servicePort(), api(), events('closed')]],
  ['sign-in', 'sign-in.expired', [seen(service, { check: 'sign-in', status: 'signed-out', code: 'sign-in.expired', args: {} })]],
  ['gateway-name-unknown', 'gateway-name-unknown', [name(gateway, 'none')]],
  ['gateway-down', 'gateway-down', [...all({ tcp: 'refused', tls: null }), sync({ state: 'unavailable', code: 'gateway.link-unreachable' })]],
  ['gateway-dropped', 'gateway-dropped', all({ tcp: 'dropped', tls: null })],
  ['gateway-unroutable', 'gateway-unroutable', all({ tcp: 'unreachable', tls: null })],
  ['gateway-reset', 'gateway-reset', all({ tcp: 'reset', tls: null })],
  ['ports-refused', 'ports-refused', [link(), proxy(7993, { tcp: 'refused', tls: null }), proxy(7994)]],
  ['ports-dropped', 'ports-dropped', [link(), proxy(7993, { tcp: 'dropped', tls: null })]],
  ['ports-reset', 'ports-reset', [link(), proxy(7993, { tcp: 'reset', tls: null })]],
  ['gateway-port-taken', 'gateway-port-taken', [link(), proxy(7993, { tcp: 'refused', tls: null }), ping({ ports: [{ port: 7993, open: false, protocols: [] }] }), sync({ state: 'degraded', code: 'gateway.port-closed' })]],
  ['link-port-closed', 'link-port-closed', [link({ tcp: 'dropped', tls: null }), proxy(7993)]],
  ['gateway-inspected', 'gateway-inspected', [link(), proxy(7993, { tls: tls({ trust: 'pin', signedByAnother: true, issuer: 'Inspector' }) })]],
  ['gateway-key-changed', 'gateway-key-changed', [...all({ tls: tls({ trust: 'pin' }) }), sync({ state: 'unavailable', code: 'gateway.link-pin-mismatch' })]],
  ['gateway-silent', 'gateway-silent', all({ tls: tls({ outcome: 'silent', trust: 'not-checked' }) })],
  ['gateway-tls-old', 'gateway-tls-old', [link(), proxy(7993, { tls: tls({ outcome: 'old', trust: 'not-checked' }) })]],
  ['gateway-other-program', 'gateway-other-program', [link(), proxy(7993, { pong: false })]],
  ['gateway-stale', 'gateway-stale', [sync({ ageSeconds: 50 })]],
  ['gateway-stale', 'gateway-stale', [sync({ state: 'unavailable', ageSeconds: 90 })]],
  ['gateway-unavailable', 'gateway.link-time-out', [sync({ state: 'unavailable', code: 'gateway.link-time-out', ageSeconds: 90 })]],
  ['gateway-unavailable', 'gateway.link-time-out', [sync({ state: 'unavailable', code: 'gateway.link-time-out' })]],
  ['gateway-unavailable', 'gateway-unavailable', [sync({ state: 'unavailable' })]],
  ['gateway.no-key', 'gateway.no-key', [sync({ state: 'pending', ageSeconds: null })]],
  ['gateway.draining', 'gateway.draining', [sync({ state: 'draining' })]],
  ['gateway-disabled', 'gateway-disabled', [sync({ state: 'disabled', ageSeconds: 900 })]],
  ['gateway-degraded', 'gateway.cannot-record', [sync({ state: 'degraded', code: 'gateway.cannot-record' })]],
  ['gateway-ejected', 'gateway-ejected', [sync({ ejected: true })]],
  ['gateway-narrow', 'gateway-narrow', [throughput(150_000, 150_000)]],
  ['gateway-narrow', 'gateway-narrow', [throughput(null, 20_000)]],
  ['gateway-slow', 'gateway-slow', [roundTrip(400, 10)]],
  ['gateway-unsteady', 'gateway-unsteady', [roundTrip(20, 200)]],
  ['choice', 'access.outside-hours', [choice('access.outside-hours', { from: '08:00' })]],
  ['choice', 'gateway.segment-unknown', [choice('gateway.segment-unknown', { segment: 'gateway-x' })]],
  ['gateway.none-available', 'gateway.none-available', [choice('gateway.none-available', { segment: 'gateway-x' })]],
  ['target', 'target.refused', [stage('tcp', 'target.refused')]],
  ['grant', 'gateway.link-failed', [stage('grant', 'gateway.link-failed')]],
  ['target.identity-changed', 'target.identity-changed', [target([], stranger, 1)]],
  ['target.identity-unknown', 'target.identity-unknown', [target([], stranger, 0)]],
  ['sign-on', 'target.sign-on-refused', [seen(resource, { check: 'sign-on', code: 'target.sign-on-refused', args: {} })]],
  ['a word of a newer service', 'newer-code', [choice('quantum.flux')]],
];

describe('what checks say together', () => {
  test.each(table)('rule %s: %s', (_rule, code, results) => {
    const found = findFindings(results);
    expect(found.map((one) => one.code)).toEqual([code]);
    for (const language of ['en', 'ja', 'zh-Hant'] as const) for (const one of found) for (const text of Object.values(findingText(createTranslator(language), one))) expect(text).not.toMatch(/undefined|\{|\}|\[object/);
  });

  test('every rule has its row', () => {
    expect(findingRules.map(({ code }) => code).filter((code) => !table.some(([rule]) => rule === code))).toEqual([]);
  });

  test('every text of a finding belongs to a code that a rule or a look at a server can find, and to none of the catalogue', () => {
    const codes = Object.keys(en).flatMap((key) => /^finding\.(.+)\.cause$/.exec(key)?.[1] ?? []);
    expect(codes.filter((code) => !table.some(([, found]) => found === code) && !Object.hasOwn(doctorCauses, code)).toSorted()).toEqual(['gateway-degraded']);
    expect(Object.keys(doctorCauses).filter((code) => !codes.includes(code))).toEqual([]);
    expect(codes.filter(isErrorCode)).toEqual([]);
    expect(codes.every(isOwnFinding)).toBe(true);
  });

  test('nothing wrong: nothing found', () => {
    expect(findFindings([seen(device, { check: 'network', online: true, addresses: 1, ipv6: false }), seen(device, { check: 'disk', freeBytes: 1e12, writable: true }), proxyFacts(null), name(service, 'found'), servicePort(), api(), link(), proxy(7993), ping(), sync(), roundTrip(5, 1), throughput(190_000, 33_000), target([])])).toEqual([]);
    expect(findFindings([])).toEqual([]);
  });

  test('a check that could not be run is no finding', () => {
    expect(findFindings([{ ...servicePort(), outcome: { status: 'not-run', reason: 'time-limit', detail: '' } }])).toEqual([]);
  });

  test('the same of several gateways is one finding that names them', () => {
    const [found, ...others] = findFindings([...all({ tcp: 'refused', tls: null }), ...['office22', 'office333'].map(gatewayOf).flatMap((of) => [link({ tcp: 'refused', tls: null }, of), proxy(7993, { tcp: 'refused', tls: null }, of), proxy(7994, { tcp: 'refused', tls: null }, of)])]);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ code: 'gateway-down', args: { gateway: 'office1, office22, office333' } });
  });

  test('most likely cause first: what is nearer to this computer explains more', () => {
    expect(findFindings([roundTrip(400, 1), seen(device, { check: 'disk', freeBytes: 0, writable: false }), servicePort({ tcp: 'dropped', tls: null })]).map(({ code }) => code)).toEqual(['service-dropped', 'disk-full', 'gateway-slow']);
  });

  test('S64: closed ports carry their numbers, for the commands', () => {
    expect(findFindings([link(), proxy(7993, { tcp: 'dropped', tls: null }), proxy(7995, { tcp: 'dropped', tls: null })])[0]).toMatchObject({ ports: [7993, 7995], args: { ports: '7993, 7995' } });
    expect(findFindings(all({ tcp: 'refused', tls: null }))[0]?.ports).toEqual([]);
  });
});
