import { describe, expect, test } from 'vitest';
import type { CheckResult, FactsOf } from '../../../shared/diagnostics/check-result.ts';
import type { DiagnosisRun } from '../../../shared/diagnostics/diagnosis-run.ts';
import { Redaction } from '../../../shared/diagnostics/redaction.ts';
import { makeReport } from '../../../shared/diagnostics/report.ts';
import { gatewayId } from '../../../shared/ids.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';

const SECRETS = ['canary-password-7f3e', 'Y2FuYXJ5OmNhbmFyeQ==', 'canaryTokenAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'canary-url-word', 'canary-key-line', 'yuki.tanaka', 'tanaka-home'];

/** Planted wherever a report takes text from: attempts, issuers, arguments, the log. */
const planted: DiagnosisRun = {
  id: '00000000-0000-4000-8000-000000000001', startedAt: '2026-11-26T04:00:00.000Z', milliseconds: 900, profileName: 'office of yuki.tanaka', service: 'https://mavis.example:8443', resource: null, clientVersion: '0.1.0', platform: 'linux x64',
  results: [{
    id: 'port service 8443', check: 'port', subject: { kind: 'service' }, leg: 'L1', startedAt: '2026-11-26T04:00:00.000Z', milliseconds: 3,
    outcome: { status: 'found', verdict: 'bad', facts: { check: 'port', role: 'service', host: 'mavis.example', port: 8443, tcp: 'refused', tls: null, connectMs: null, pong: null } },
    tried: [
      { at: '2026-11-26T04:00:00.000Z', action: 'proxy', to: 'http://aiko:canary-url-word@proxy.example:3128', outcome: 'Proxy-Authorization: Basic Y2FuYXJ5OmNhbmFyeQ==', milliseconds: 1 },
      { at: '2026-11-26T04:00:00.000Z', action: 'read', to: '/home/tanaka-home/.config/mavis', outcome: 'password=canary-password-7f3e', milliseconds: 1 },
      { at: '2026-11-26T04:00:00.000Z', action: 'read', to: 'C:\\Users\\tanaka-home\\AppData', outcome: '-----BEGIN PRIVATE KEY-----\ncanary-key-line', milliseconds: 1 },
      { at: '2026-11-26T04:00:00.000Z', action: 'tcp', to: '10.20.30.40:8443', outcome: 'Bearer canaryTokenAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', milliseconds: 1 },
    ],
  }],
  findings: [{ code: 'service.certificate-untrusted', args: { issuer: '<script>alert(1)</script>' }, leg: 'L1', actor: 'your-it', ports: [443], evidence: [] }],
};
const log = ['{"level":30,"time":1,"msg":"signed in","file":"/Users/tanaka-home/x","token":"canaryTokenAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}', 'yuki.tanaka at 10.20.30.40 and [2001:db8::7]'];
const report = (hideAddresses: boolean) => makeReport({ run: planted, since: null, translator: createTranslator('en'), redaction: new Redaction({ names: ['yuki.tanaka', 'jo'], addresses: ['mavis.example'], hideAddresses }), log, when: (at) => at });

describe('the report to hand over', () => {
  test.each([true, false])('holds no planted secret and no name, in none of its forms (addresses taken out: %s)', (hideAddresses) => {
    for (const [form, text] of Object.entries(report(hideAddresses))) for (const secret of SECRETS) expect(`${form}: ${text}`).not.toContain(secret);
  });

  test('the search would find them: the run itself holds each', () => {
    const raw = JSON.stringify(planted) + log.join('\n');
    for (const secret of SECRETS) expect(raw).toContain(secret);
  });

  test('addresses stand, or where asked each has a number that is the same all through', () => {
    expect(report(false).html).toContain('10.20.30.40');
    expect(report(false).json).toContain('mavis.example');
    for (const text of Object.values(report(true))) expect(text).not.toMatch(/10\.20\.30\.40|mavis\.example|2001:db8/);
    expect(report(true).json.match(/\[address \d+\]/g)?.length).toBeGreaterThan(2);
    expect(JSON.parse(report(true).json)).toMatchObject({ kind: 'mavis-diagnosis', run: { startedAt: '2026-11-26T04:00:00.000Z' } });
  });

  test('the numbers of a line stand in it, in each language', () => {
    const gateway = { kind: 'gateway', gatewayId: gatewayId.parse('00000000-0000-4000-8000-000000000001'), name: 'office1' } as const;
    const found = (facts: FactsOf<'round-trip'> | FactsOf<'throughput'>): CheckResult => ({ id: facts.check, check: facts.check, subject: gateway, leg: 'L2', startedAt: planted.startedAt, milliseconds: 1, outcome: { status: 'found', verdict: 'good', facts }, tried: [] });
    const run = { ...planted, results: [found({ check: 'round-trip', port: 7993, samplesMs: [], bestMs: 4, medianMs: 5, jitterMs: 2 }), found({ check: 'throughput', port: 7993, upBytesPerSecond: 250_000, downBytesPerSecond: 1_250_000 })] };
    const told = (['en', 'ja', 'zh-Hant'] as const).map((language) => makeReport({ run, since: null, translator: createTranslator(language), redaction: new Redaction({ names: [], addresses: [], hideAddresses: false }), log: [], when: (at) => at }));
    expect(told[0]?.text).toContain('office1 · Round trip: good (best 4 ms, median 5 ms, jitter 2 ms)\noffice1 · Throughput: good (10 Mb/s from the Gateway, 2 Mb/s to it)');
    for (const { text, html } of told) for (const form of [text, html]) expect(form).toMatch(/4.+5.+2[^]+10.+2/);
  });

  test('what it is for stays: fingerprints, causes, who must act, commands', () => {
    const fingerprint = `SHA256:${'k9Qz'.repeat(10)}abc`;
    expect(new Redaction({ names: [], addresses: [], hideAddresses: true }).text(`key ${fingerprint} at 7993`)).toBe(`key ${fingerprint} at 7993`);
    const { text, html } = report(false);
    expect(text).toContain('Who must act: Your IT');
    expect(html).toContain('sudo ufw allow 443/tcp');
  });

  test('a name is taken out whatever letters and signs it has', () => {
    for (const name of ['yuki-tanaka', 'y.tanaka+it', 'tanaka/yuki', 'yuki (IT)', '田中 陽子', 'a^b$c|d*e?']) {
      expect(new Redaction({ names: [name], addresses: [], hideAddresses: false }).text(`signed in: ${name}, again`)).toBe('signed in: [user], again');
    }
  });

  test('A4: what a peer said is text in it, never markup', () => {
    expect(report(false).html).not.toContain('<script>alert');
    expect(report(false).html).toContain('&lt;script&gt;');
    expect(report(false).html).toContain("default-src 'none'");
  });
});
