import { describe, expect, test } from 'vitest';
import type { CheckFacts, CheckResult, FactsOf } from '../../../shared/diagnostics/check-result.ts';
import type { DiagnosisRun } from '../../../shared/diagnostics/diagnosis-run.ts';
import { findFindings } from '../../../shared/diagnostics/findings/find-findings.ts';
import { Redaction } from '../../../shared/diagnostics/redaction.ts';
import { makeReport, sideText } from '../../../shared/diagnostics/report.ts';
import { asPastRun, changedSinceWorked, KEPT_RUNS, pastRun, type PastRun, withRun } from '../../../shared/diagnostics/run-history.ts';
import { profileId } from '../../../shared/ids.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { RunHistory } from '../../../src-main/diagnostics/run-history.ts';

const PROFILE = profileId.parse('00000000-0000-4000-8000-000000000002');
const log = createLog([], () => 0, 1);
const found = (facts: CheckFacts, verdict: 'good' | 'bad', id: string): CheckResult => ({ id, check: facts.check, subject: { kind: 'service' }, leg: 'L1', startedAt: '2026-11-26T04:00:00.000Z', milliseconds: Math.random() * 100, outcome: { status: 'found', verdict, facts }, tried: [] });
const port = (tcp: FactsOf<'port'>['tcp']): CheckResult => found({ check: 'port', role: 'service', host: 'mavis.example', port: 443, tcp, tls: null, connectMs: Math.random() * 10, pong: null }, tcp === 'open' ? 'good' : 'bad', 'port service 443');
const name = (...addresses: string[]): CheckResult => found({ check: 'name', host: 'mavis.example', ipv4: { outcome: 'found', addresses, milliseconds: Math.random() }, ipv6: { outcome: 'none', addresses: [], milliseconds: 1 } }, 'good', 'name service');
const run = (minute: number, results: readonly CheckResult[], resource: DiagnosisRun['resource'] = null): DiagnosisRun => ({ id: '00000000-0000-4000-8000-000000000001', startedAt: new Date(Date.UTC(2026, 10, 26, 4, minute)).toISOString(), milliseconds: 5, profileName: null, service: 'https://mavis.example', resource, clientVersion: '0', platform: 'test', results: [...results], findings: findFindings(results) });
const well = (minute: number): DiagnosisRun => run(minute, [port('open'), name('192.0.2.7')]);
const broken = (minute: number): DiagnosisRun => run(minute, [port('refused'), name('192.0.2.8')]);
const kept = (...runs: readonly DiagnosisRun[]): PastRun[] => runs.reduce<PastRun[]>((all, one) => withRun(all, asPastRun(one)), []);

describe('the last runs', () => {
  test('what looks the same is one entry from the first time to the last, whatever took how long', () => {
    const runs = kept(well(0), well(1), well(2), broken(3), broken(4), well(5));
    expect(runs.map(({ firstAt, lastAt, findings }) => [firstAt.slice(14, 16), lastAt.slice(14, 16), findings.length])).toEqual([['00', '02', 0], ['03', '04', 1], ['05', '05', 0]]);
    expect(runs.map((one) => pastRun.parse(JSON.parse(JSON.stringify(one))))).toEqual(runs);
  });

  test('they are bounded, and the last that was well stays however many that were not come after it', () => {
    const later = Array.from({ length: 59 }, (_, minute) => (minute % 2 === 0 ? broken(minute + 1) : run(minute + 1, [port('dropped'), name('192.0.2.7')])));
    const runs = kept(well(0), ...later);
    expect(runs).toHaveLength(KEPT_RUNS);
    expect(runs[0]).toMatchObject({ findings: [], firstAt: well(0).startedAt });
    expect(runs.at(-1)?.firstAt).toBe(broken(59).startedAt);
  });

  test('what changed since it last worked: what went wrong first, then what is merely otherwise; numbers of time are none', () => {
    const since = changedSinceWorked(kept(well(0), well(1)), asPastRun(broken(2)));
    expect(since?.at).toBe(well(1).startedAt);
    expect(since?.changes).toMatchObject([
      { id: 'port service 443', before: { state: 'good', seen: 'open' }, now: { state: 'bad', seen: 'refused' } },
      { id: 'name service', before: { seen: '192.0.2.7' }, now: { seen: '192.0.2.8' } },
    ]);
  });

  test('nothing is said where all is well, or where it is not known to have worked; a run for the same resource is what is compared with', () => {
    expect(changedSinceWorked(kept(well(0)), asPastRun(well(1)))).toBeNull();
    expect(changedSinceWorked(kept(broken(0)), asPastRun(broken(1)))).toBeNull();
    const files = { name: 'files', protocol: 'ssh' } as const;
    const runs = kept(run(0, [port('open')], files), well(1));
    expect(changedSinceWorked(runs, asPastRun(run(2, [port('refused')], files)))?.at).toBe(run(0, []).startedAt);
    expect(changedSinceWorked(runs, asPastRun(broken(2)))?.at).toBe(well(1).startedAt);
  });

  test('they are kept for each service over a restart; what is not of the form is left out, and a full disk stops nothing', async () => {
    const written: unknown[] = [];
    const history = new RunHistory({ write: async (value) => void written.push(structuredClone(value)) }, log);
    await history.keep(PROFILE, well(0));
    await history.keep(PROFILE, broken(1));
    const again = new RunHistory({ write: () => Promise.reject(new Error('ENOSPC')) }, log);
    again.load(written[1]);
    expect(again.shown(PROFILE, null).map(({ findings }) => findings.length)).toEqual([1, 0]);
    expect(again.since(PROFILE, broken(2))?.changes).toHaveLength(2);
    await expect(again.keep(PROFILE, well(3))).resolves.toBeUndefined();
    again.load({ profiles: { [PROFILE]: [{ firstAt: 'yesterday' }] } });
    expect(again.shown(PROFILE, null)).toEqual([]);
  });

  test('a run for a resource is shown, and compared with, where the same resource is looked at, and nowhere else', async () => {
    const files = { name: 'files', protocol: 'ssh' } as const;
    const history = new RunHistory({ write: async () => undefined }, log);
    await history.keep(PROFILE, run(0, [port('open')], files));
    await history.keep(PROFILE, broken(1));
    expect(history.shown(PROFILE, files).map(({ resource }) => resource)).toEqual([null, files]);
    for (const other of [null, { ...files, protocol: 'vnc' } as const, { ...files, name: 'mail' }]) {
      expect(history.shown(PROFILE, other).map(({ resource }) => resource)).toEqual([null]);
      expect(history.since(PROFILE, run(2, [port('refused')], other))).toBeNull();
    }
  });

  test('what was seen is worded: states of Gateways in the language, a key only where it is another one, no words of the wire', () => {
    const translator = createTranslator('ja');
    const side = (check: CheckFacts['check'], before: string, now: string): string[] => (['before', 'now'] as const).map((when) => sideText({ id: check, check, subject: { kind: 'service' }, before: { state: 'good', seen: before }, now: { state: 'bad', seen: now } }, when, translator));
    expect(side('sync', 'available', 'unavailable · gateway.link-unreachable')).toEqual(['正常 (利用可能)', '異常 (使用不可 · gateway.link-unreachable)']);
    expect(side('port', 'open · good · SHA256:abc', 'refused')).toEqual(['正常 (開)', '異常 (拒否)']);
    expect(side('port', 'open · good · SHA256:abc', 'open · pin · SHA256:def').join()).toContain('SHA256:def');
    expect(side('events', 'flowing', 'silent')).toEqual(['正常', '異常']);
  });

  test.each(['en', 'ja', 'zh-Hant'] as const)('the report tells it, and takes its addresses out where asked (%s)', (language) => {
    const since = changedSinceWorked(kept(well(0)), asPastRun(broken(1)));
    const report = (hideAddresses: boolean) => makeReport({ run: broken(1), since, translator: createTranslator(language), redaction: new Redaction({ names: [], addresses: ['mavis.example'], hideAddresses }), log: [], when: (at) => at });
    for (const text of [report(false).text, report(false).html, report(false).json]) expect(text).toContain('192.0.2.8');
    if (language === 'ja') expect(report(false).text).toContain('中央サービス · ポート 443: 正常 (開) → 異常 (拒否)');
    for (const text of Object.values(report(true))) expect(text).not.toMatch(/192\.0\.2\.[78]/);
    expect(JSON.parse(report(true).json)).toMatchObject({ since: { at: well(0).startedAt } });
  });
});
