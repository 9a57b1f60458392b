import { describe, expect, test } from 'vitest';
import type { CheckFacts, CheckResult } from '../../../shared/diagnostics/check-result.ts';
import { factLines } from '../../../shared/diagnostics/fact-lines.ts';
import { gatewayId, resourceId } from '../../../shared/ids.ts';
import { createTranslator, type TextLanguage } from '../../../shared/languages/translate.ts';

const OFFICE = gatewayId.parse('00000000-0000-4000-8000-000000000007');
const result = (facts: CheckFacts): CheckResult => ({ id: 'x', check: facts.check, subject: { kind: 'gateway', gatewayId: OFFICE, name: 'office1' }, leg: 'L1', startedAt: '2026-11-26T00:00:00.000Z', milliseconds: 1, outcome: { status: 'found', verdict: 'bad', facts }, tried: [] });
const told = (facts: CheckFacts, language: TextLanguage = 'en'): string[] => factLines(result(facts), createTranslator(language), (at) => at.slice(11, 16)).map(({ name, value }) => `${name}: ${value}`);

const seen: readonly (readonly [what: string, facts: CheckFacts, lines: readonly string[]])[] = [
  ['addresses of each family', { check: 'name', host: 'gw', ipv4: { outcome: 'found', addresses: ['192.0.2.7', '192.0.2.8'], milliseconds: 1 }, ipv6: { outcome: 'none', addresses: [], milliseconds: 1 } }, ['IPv4 address: 192.0.2.7, 192.0.2.8', 'IPv6 address: —']],
  ['whose key TLS showed, and who signed it', { check: 'port', role: 'proxy', host: 'gw', port: 7993, tcp: 'open', tls: { outcome: 'done', version: 'TLSv1.3', alpn: 'mavis-proxy/1', subject: 'x', issuer: 'Inspector', fingerprint: 'SHA256:abc', signedByAnother: true, validUntil: null, trust: 'pin' }, connectMs: 1, pong: null }, ['TLS: TLSv1.3 · mavis-proxy/1', 'Key shown: SHA256:abc', 'Signed by: Inspector']],
  ['what each port carries, and the clock', { check: 'ping', code: null, clockDifferenceMs: -61_000, ports: [{ port: 7993, open: true, protocols: ['ssh', 'sftp'] }, { port: 7994, open: false, protocols: ['rdp'] }] }, ['Port 7993: SSH, SFTP', 'Port 7994: closed on the Gateway', 'Clock: 61 seconds behind here']],
  ['the service’s version and clock', { check: 'api', code: null, args: {}, version: '1.2.3', oldestClient: null, clientVersion: '1', tooOld: false, clockDifferenceMs: 0, database: true, recordings: true }, ['Version: 1.2.3', 'Clock: the same as here']],
  ['the ways out', { check: 'proxy', source: 'system', ways: ['PROXY p:3128', 'DIRECT'], code: null, args: {} }, ['Proxy: PROXY p:3128, DIRECT']],
  ['a Gateway’s state with its reason, age against the interval, and what it was before', { check: 'sync', state: 'unavailable', code: 'gateway.link-time-out', ageSeconds: 40, intervalSeconds: 15, ejected: false, changes: [{ at: '2026-11-26T09:30:00.000Z', state: 'unavailable', code: 'gateway.link-time-out' }, { at: '2026-11-26T08:00:00.000Z', state: 'available', code: null }] }, [
    expect.stringMatching(/^State: Unavailable: .*“office1”/), 'Synchronisation: 40 seconds ago (asked every 15 seconds, and twice more after a failure)', expect.stringMatching(/^09:30: Unavailable: /), '08:00: Available',
  ]],
  ['which segment, which Gateways would be chosen from, and which not and why', { check: 'choice', preview: { resource: { id: resourceId.parse('00000000-0000-4000-8000-000000000009'), name: 'files' }, protocol: 'ssh', segments: ['gateway-a'], tunnel: true, code: 'access.outside-hours', args: { from: '08:00' }, gateways: [{ id: OFFICE, name: 'a1', usable: true, state: 'available', code: null }, { id: OFFICE, name: 'a2', usable: false, state: 'degraded', code: 'gateway.cannot-record' }, { id: OFFICE, name: 'a3', usable: false, state: 'draining', code: 'quantum.flux' }] } }, [
    'Gateway segments: gateway-a', 'Tunnel: by way of the default Gateway', 'Reason: Your access to this resource does not hold at this time.', 'a1: would be chosen from', 'a2: Limited: The Gateway “a2” cannot record now, so it takes no sessions.', 'a3: Draining: quantum.flux',
  ]],
  ['each stage as far as the target, and the identity that it showed', { check: 'target', identitiesKnown: 1, test: { gatewayId: OFFICE, gatewayName: 'a1', stages: [{ stage: 'choice', ok: true, milliseconds: 0.4, detail: '' }, { stage: 'tcp', ok: true, milliseconds: 12, detail: '192.0.2.9:22' }, { stage: 'banner', ok: false, milliseconds: 5000, code: 'target.protocol-error', detail: '' }], identity: { fingerprint: `SHA256:${'a'.repeat(43)}`, kind: 'ssh-ed25519', expected: false } } }, [
    'Gateway chosen: good · a1 · 0 ms', 'Target reached: good · 192.0.2.9:22 · 12 ms', expect.stringMatching(/^Protocol answered: failed · .+ · 5000 ms$/), `Key shown: SHA256:${'a'.repeat(43)} (ssh-ed25519)`,
  ]],
];

describe('what a check saw', () => {
  test.each(seen)('%s', (_what, facts, lines) => {
    expect(told(facts)).toEqual(lines);
    for (const language of ['en', 'ja', 'zh-Hant'] as const) for (const line of told(facts, language)) expect(line).toMatch(/^[^{}]+: [^{}]+$/);
  });

  test('nothing where it could not be run, or there is no more to say', () => {
    expect(factLines({ subject: { kind: 'service' }, outcome: { status: 'not-run', reason: 'cancelled', detail: '' } }, createTranslator('en'), (at) => at)).toEqual([]);
    expect(told({ check: 'disk', freeBytes: 1, writable: true })).toEqual([]);
    expect(told({ check: 'port', role: 'proxy', host: 'gw', port: 7993, tcp: 'refused', tls: null, connectMs: null, pong: null })).toEqual([]);
  });
});
