import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { diagnosedGateway } from '../../../shared/api/diagnostics.ts';
import type { CheckResult } from '../../../shared/diagnostics/check-result.ts';
import { findFindings } from '../../../shared/diagnostics/findings/find-findings.ts';
import { gatewayId, profileId } from '../../../shared/ids.ts';
import type { Profile } from '../../../shared/ipc/stores.ts';
import { createTranslator } from '../../../shared/languages/translate.ts';
import type { Diagnosis, DiagnosisRequest } from '../../../src-main/diagnostics/diagnosis.ts';
import { DiagnosticsDesk } from '../../../src-main/diagnostics/diagnostics-desk.ts';
import { KnownGateways } from '../../../src-main/diagnostics/known-gateways.ts';
import { RunHistory } from '../../../src-main/diagnostics/run-history.ts';
import { recentLog } from '../../../src-main/diagnostics/recent-log.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { readSettingsFile } from '../../../src-main/settings/settings.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';

const log = createLog([], () => 0, 1);
const GATEWAY = gatewayId.parse('00000000-0000-4000-8000-000000000007');
const NISHI: Profile = { id: profileId.parse('00000000-0000-4000-8000-000000000002'), name: 'Nishi', colour: 'blue', serviceUrl: 'https://mavis.example', pin: null, userName: null, embedded: false, proxy: { kind: 'system' } };
const disk = (freeBytes: number): CheckResult => ({ id: 'disk', check: 'disk', subject: { kind: 'device' }, leg: 'client', startedAt: '2026-11-26T04:00:00.000Z', milliseconds: 1, outcome: { status: 'found', verdict: 'good', facts: { check: 'disk', freeBytes, writable: true } }, tried: [] });
const trip = (bestMs: number): CheckResult => ({ id: 'trip', check: 'round-trip', subject: { kind: 'gateway', gatewayId: GATEWAY, name: 'office1' }, leg: 'L2', startedAt: '2026-11-26T04:00:00.000Z', milliseconds: 1, outcome: { status: 'found', verdict: 'good', facts: { check: 'round-trip', port: 1, samplesMs: [bestMs], bestMs, medianMs: bestMs, jitterMs: 0 } }, tried: [] });

/** A desk whose runs end when the test says so, with what it says. */
function desk(profile?: Profile) {
  const { settings } = readSettingsFile({ readAtStart: () => ({ status: 'absent' }) }, log);
  const { diagnostics: store } = createStores(settings);
  const asked: DiagnosisRequest[] = [];
  const ends: ((results: CheckResult[]) => Promise<void>)[] = [];
  const diagnosis: Pick<Diagnosis, 'run'> = {
    run: (request) => {
      asked.push(request);
      request.onBegun?.([disk(0), trip(0)]);
      return new Promise((resolve) => {
        ends.push(async (results) => {
          for (const result of results) request.onResult?.(result);
          resolve({ id: '00000000-0000-4000-8000-000000000001', startedAt: '2026-11-26T04:00:00.000Z', milliseconds: 5, profileName: null, service: null, resource: null, clientVersion: '0', platform: 'test', results, findings: findFindings(results) });
          await new Promise((done) => setImmediate(done));
        });
      });
    },
  };
  const made = new DiagnosticsDesk({
    store, diagnosis, log,
    history: new RunHistory({ write: async () => undefined }, log),
    translator: () => createTranslator('en'),
    profile: () => profile,
    subject: undefined,
    names: () => ['yuki.tanaka'],
    recentLog: async () => ['yuki.tanaka signed in'],
  });
  return { made, store, asked, ends };
}

describe('the desk of diagnoses', () => {
  test('a run shows what has begun, each result as it comes, and in the end what they say together', async () => {
    const { made, store, ends } = desk();
    made.run();
    expect(store.state).toMatchObject({ running: true, begun: 2, run: null });
    expect(store.state.pending.map(({ id }) => id)).toEqual(['disk', 'trip']);
    await ends[0]?.([disk(0), trip(4)]);
    expect(store.state).toMatchObject({ running: false, pending: [], run: { findings: [{ code: 'disk-full' }] }, roundTrips: { [GATEWAY]: [4] } });
  });

  test('a run is kept for its service, and the next that finds something says what changed since; one check alone is not kept', async () => {
    const { made, store, ends } = desk(NISHI);
    made.run();
    await ends[0]?.([disk(1e12)]);
    expect(store.state).toMatchObject({ since: null, history: [{ findings: [] }] });
    made.runOne('disk');
    await ends[1]?.([{ ...disk(0), outcome: { status: 'found', verdict: 'bad', facts: { check: 'disk', freeBytes: 0, writable: false } } }]);
    expect(store.state).toMatchObject({ since: { changes: [{ id: 'disk', before: { state: 'good' }, now: { state: 'bad' } }] }, history: [{ findings: [] }] });
  });

  test('one check again changes its own result alone, and what follows from it', async () => {
    const { made, store, asked, ends } = desk();
    made.run();
    await ends[0]?.([disk(0), trip(4)]);
    made.runOne('disk');
    expect(asked[1]?.only).toBe('disk');
    await ends[1]?.([disk(1e12)]);
    expect(Object.keys(store.state.results)).toEqual(['disk', 'trip']);
    expect(store.state.run?.findings).toEqual([]);
  });

  test('a new run ends the one before, whose late results change nothing', async () => {
    const { made, store, asked, ends } = desk();
    made.run();
    made.run();
    expect(asked[0]?.signal.aborted).toBe(true);
    await ends[0]?.([disk(0)]);
    expect(store.state).toMatchObject({ running: true, results: {}, run: null });
    await ends[1]?.([disk(1e12)]);
    expect(store.state.run?.findings).toEqual([]);
  });

  test('another service: nothing of the one before is shown', async () => {
    const { made, store, ends } = desk();
    made.run();
    await ends[0]?.([disk(0)]);
    made.forget();
    expect(store.state).toMatchObject({ running: false, results: {}, run: null, roundTrips: {} });
    await expect(made.report(false)).rejects.toMatchObject({ code: 'request.not-found' });
  });

  test('the report is of the last run, without the names of people, and goes to the service that it is about alone', async () => {
    const { made, ends } = desk(NISHI);
    made.run();
    await ends[0]?.([disk(0)]);
    const { json } = await made.report(true);
    expect(json).toContain('disk-full');
    expect(json).toContain('[user] signed in');
    await expect(made.reportToSend(true, profileId.parse('00000000-0000-4000-8000-000000000003'))).rejects.toMatchObject({ code: 'sign-in.required' });
    expect(await made.reportToSend(true, NISHI.id)).toMatchObject({ json, findings: ['disk-full'] });
  });
});

describe('what is kept for a diagnosis', () => {
  test('the Gateways that a service told, for each profile, over a restart; what is not of the form is left out', async () => {
    const written: unknown[] = [];
    const profile = profileId.parse('00000000-0000-4000-8000-000000000002');
    const gateway = diagnosedGateway.parse({ id: GATEWAY, name: 'office1', segment: null, place: { host: '192.0.2.1', linkPort: 443, proxyPorts: [7993], over443: true }, by: null, pins: [], state: 'available', code: null, confirmedAt: null, ejected: false });
    await new KnownGateways({ write: async (value) => void written.push(structuredClone(value)) }, log).remember(profile, [gateway]);
    const again = new KnownGateways({ write: async () => undefined }, log);
    again.load(written[0]);
    expect(again.recall(profile)).toEqual([gateway]);
    again.load({ profiles: { [profile]: [{ id: 'x' }, gateway] } });
    expect(again.recall(profile)).toEqual([gateway]);
    again.load('no file of ours');
    await expect(new KnownGateways({ write: () => Promise.reject(new Error('ENOSPC')) }, log).remember(profile, [])).resolves.toBeUndefined();
  });

  test('a busy hour pushes no crash out of what is kept, nor a page that fails again and again the hour', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mavis-log-'));
    try {
      const now = Date.now();
      const line = (msg: string, index: number): string => JSON.stringify({ level: 30, time: now - 5000 + index, msg, index });
      const crashes = Array.from({ length: 600 }, (_, index) => line('fault in a page', index));
      const others = Array.from({ length: 600 }, (_, index) => line('status', 1000 + index));
      await writeFile(join(folder, 'main.log'), `${[...crashes, ...others].join('\n')}\n`);
      expect(await recentLog(folder, now)).toEqual([...crashes.slice(-100), ...others.slice(-400)]);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });

  test('the log of the last hour with the crashes of the last month, and none where there is no log', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mavis-log-'));
    try {
      const now = Date.now();
      await writeFile(join(folder, 'main.log'), `{"level":50,"time":${now - 31 * 86_400_000},"msg":"page process gone"}\n{"level":50,"time":${now - 29 * 86_400_000},"msg":"page process gone"}\n{"level":30,"time":${now - 7_200_000},"msg":"old"}\n{"level":30,"time":${now - 1000},"msg":"new"}\nno line of ours\n`);
      expect(await recentLog(folder, now)).toEqual([`{"level":50,"time":${now - 29 * 86_400_000},"msg":"page process gone"}`, `{"level":30,"time":${now - 1000},"msg":"new"}`]);
      expect(await recentLog(join(folder, 'absent'), now)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
