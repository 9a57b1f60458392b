import { describe, expect, test } from 'vitest';
import { doctorCauses, doctorFinding, isDoctorCause, rankedFindings, type Server } from '../../../shared/diagnostics/doctor/doctor-findings.ts';
import { doctorReport, doctorText, makeDoctorReport } from '../../../shared/diagnostics/doctor/doctor-report.ts';
import { judgeCertificate, judgeClock, judgeDisk, judgeFiles, judgePorts, judgeSchema, judgeVersion } from '../../../shared/diagnostics/doctor/judgements.ts';
import { type DoctorCheck, runDoctorChecks } from '../../../shared/diagnostics/doctor/run-doctor.ts';
import { findingText } from '../../../shared/diagnostics/finding-text.ts';
import type { Finding } from '../../../shared/diagnostics/diagnosis-run.ts';
import { systemLanguage } from '../../../shared/languages/system-language.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';

const servers: readonly Server[] = ['mavis-service', 'mavis-gateway'];
const languages = ['en', 'ja', 'zh-Hant'] as const;
const now = Date.parse('2026-11-26T00:00:00.000Z');
const day = 86_400_000;
const codes = (findings: readonly Finding[]): string[] => findings.map(({ code }) => code);
const file = (path: string, mode: number, changes: { readonly owner?: number; readonly secret?: boolean } = {}) => ({ path, mode, owner: 1000, secret: true, ...changes });
const step = (name: string) => ({ name, sha256: name });
const steps = ['0001', '0002', '0003'].map(step);

/** What was seen, and what it says: nothing on one side of each bound, its code on the other. */
const table: readonly (readonly [what: string, found: readonly Finding[], expected: readonly string[]])[] = [
  ['a closed folder', judgeFiles('mavis-service', [file('.', 0o40700), file('keys/tls.pem', 0o100600)]), []],
  ['a key that others may read', judgeFiles('mavis-service', [file('.', 0o40700), file('keys/tls.pem', 0o100640)]), ['server-files-open']],
  ['a settings file that others may read', judgeFiles('mavis-gateway', [file('.', 0o40700), file('port-map.json', 0o100644, { secret: false })]), []],
  ['a file of another account', judgeFiles('mavis-gateway', [file('.', 0o40700), file('journal', 0o40700, { owner: 0 })]), ['server-files-foreign']],
  ['just enough room', judgeDisk('mavis-gateway', '/data', 100, 100), []],
  ['too little room', judgeDisk('mavis-gateway', '/data', 99, 100), ['server-disk-low']],
  ['a certificate of a month', judgeCertificate('mavis-service', 'tls.crt', now + 30 * day, now), []],
  ['a certificate of less', judgeCertificate('mavis-service', 'tls.crt', now + 30 * day - 1, now), ['server-certificate-ending']],
  ['clocks that agree', judgeClock('mavis-service', -10_000), []],
  ['a service’s clock behind', judgeClock('mavis-service', -10_001), ['clock-of-service']],
  ['a gateway’s clock behind', judgeClock('mavis-gateway', 60_000, { gateway: 'office1' }), ['clock-of-gateway']],
  ['the installed version', judgeVersion('mavis-gateway', '1.0.0', '1.0.0'), []],
  ['another version', judgeVersion('mavis-gateway', '1.0.0', '1.1.0'), ['server-version-differs']],
  ['ports as they should be', judgePorts('mavis-gateway', [{ port: 443, outcome: 'own' }, { port: 7993, outcome: 'free' }, { port: 7994, outcome: 'silent' }]), []],
  ['ports with each fault', judgePorts('mavis-gateway', [{ port: 443, outcome: 'closed' }, { port: 7993, outcome: 'taken' }, { port: 7994, outcome: 'forbidden' }, { port: 7995, outcome: 'wrong-key' }]), ['server-port-taken', 'server-port-forbidden', 'server-wrong-key', 'server-port-closed']],
  ['the schema of this version', judgeSchema(steps, steps), []],
  ['a schema that lacks steps', judgeSchema(steps.slice(0, 1), steps), ['server-database-behind']],
  ['a schema of a newer version', judgeSchema([...steps, step('0004')], steps), ['server-database-foreign']],
  ['a step that was changed', judgeSchema([{ name: '0001', sha256: 'other' }], steps), ['server-database-foreign']],
];

describe('what is seen on a server', () => {
  test.each(table)('%s', (_what, found, expected) => {
    expect(codes(found)).toEqual(expected);
  });

  test('each cause reads whole in three languages, and names who must act', () => {
    for (const server of servers) {
      for (const code of Object.keys(doctorCauses).filter(isDoctorCause)) {
        for (const language of languages) {
          const { cause, remedy, actorName } = findingText(createTranslator(language), doctorFinding(server, code, 'files', { count: 2 }));
          for (const text of [cause, remedy, actorName]) expect(text).toMatch(/^(?!.*(?:undefined|\{|\}|\[object)).+$/);
        }
      }
    }
    expect(doctorFinding('mavis-service', 'server-hangs', 'process')).toMatchObject({ leg: 'service', actor: 'helpdesk' });
    expect(doctorFinding('mavis-gateway', 'server-hangs', 'process')).toMatchObject({ leg: 'gateway', actor: 'gateway-administrator' });
    expect(doctorFinding('mavis-gateway', 'server-no-link', 'link')).toMatchObject({ leg: 'L3', actor: 'gateway-administrator' });
  });

  test('most likely cause first: what stops the program before what can wait', () => {
    const found = (['server-certificate-ending', 'server-not-running', 'gateway.full', 'server-disk-low'] as const).map((code) => doctorFinding('mavis-gateway', code, 'x'));
    expect(codes(rankedFindings(found))).toEqual(['server-disk-low', 'server-not-running', 'gateway.full', 'server-certificate-ending']);
  });

  test('a check that takes too long, or throws, is not run and no finding; the others go on', async () => {
    const never: DoctorCheck<null> = { check: 'port', limitMs: 1, run: () => new Promise(() => undefined) };
    const throws: DoctorCheck<null> = { check: 'keys', limitMs: 1000, run: () => Promise.reject(Object.assign(new Error('canary-secret'), { code: 'EIO' })) };
    const finds: DoctorCheck<null> = { check: 'disk', limitMs: 1000, run: async () => ({ facts: { freeBytes: 1 }, findings: judgeDisk('mavis-service', '/data', 1, 2) }) };
    const results = await runDoctorChecks([never, throws, finds], { monotonicMs: () => 0, limit: (milliseconds) => ({ signal: null, over: milliseconds === 1 ? Promise.resolve() : new Promise(() => undefined), end: () => undefined }) });
    expect(results.map(({ state, reason }) => [state, reason])).toEqual([['not-run', 'time limit'], ['not-run', 'EIO'], ['bad', '']]);
    const report = makeDoctorReport({ program: 'mavis-service', programVersion: '1.0.0', startedAt: '2026-11-26T00:00:00.000Z', milliseconds: 5 }, results);
    expect(doctorReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
    expect(JSON.stringify(report)).not.toContain('canary-secret');
    for (const language of languages) {
      const text = doctorText(report, createTranslator(language), (line) => line.toUpperCase());
      expect(text).toContain('/DATA');
      expect(text.split('\n')).toHaveLength(11);
    }
  });
});

test('the language of a command line is that of its environment', () => {
  expect([{ LANG: 'ja_JP.UTF-8' }, { LC_ALL: 'zh_TW', LANG: 'ja_JP' }, { LANG: 'C.UTF-8' }, {}].map(systemLanguage)).toEqual(['ja-JP', 'zh-TW', 'en', 'en']);
});
