import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { gatewayId, protocol } from '../../../shared/ids.ts';
import type { GatewayStatusReport } from '../../../shared/link/messages.ts';
import { defaultPortPreference } from '../../../shared/gateway-configuration.ts';
import { asChoosable, type GatewayRow } from '../../../src-service/gateways/gateway-record.ts';
import { isWorse, judgeReport, type Judgement } from '../../../src-service/gateways/status-judgement.ts';
import { SYNC_INTERVAL_MS, STATUS_LIMIT_MS, StatusSync } from '../../../src-service/gateways/status-sync.ts';

const ports = [7993, 7994, 7995];
const now = new Date('2026-03-01T09:00:00.000Z');

function makeRow(changes: Partial<GatewayRow> = {}): GatewayRow {
  return {
    id: gatewayId.parse(randomUUID()), name: 'office1', segment: 'gateway-office1', host: '192.0.2.1', reachedThrough: 'direct', linkPort: 443, proxyPorts: ports, portPreference: defaultPortPreference([7993, 7994, 7995]), over443: true,
    tlsKey: 'tls', signingKey: 'signing', nextTlsKey: null, nextSigningKey: null, formerSigningKeys: [], keysChangedAt: null, serviceKeysToldAt: null,
    state: 'available', stateCode: null, stateDetail: '', stateChangedAt: now, confirmedAt: now, ejectedAt: null, draining: false, disabled: false, sessions: 0, version: '1', roundTripMs: 1, clockDifferenceMs: 0, loadCpu: 0, loadMemoryBytes: 0,
    ports: ports.map((port) => ({ port, open: true, protocols: [...protocol.options] })), leaseHolder: null, leaseEpoch: 1, journal: 0, journalCursor: 0, journalHash: null, createdAt: now, updatedAt: now, removedAt: null, ...changes,
  };
}

function makeReport(row: GatewayRow, changes: Partial<GatewayStatusReport> = {}): GatewayStatusReport {
  return {
    gatewayId: row.id, version: '1', startedAt: now.toISOString(), clock: now.toISOString(), sessions: 0, forwards: 0, draining: false, canRecord: true, spoolFreeBytes: 1e9,
    ports: ports.map((port) => ({ port, open: true, protocols: [...protocol.options] })), shortages: [], load: { cpu: 0, memoryBytes: 0 }, journalHead: { sequence: 0, hash: '' }, recordings: [], ...changes,
  };
}

/** A sync whose gateway answers as scripted, with what was waited, asked and written. */
function makeSync(answers: (MavisError | 'good')[], row = makeRow()) {
  const seen = { waits: [] as number[], limits: [] as number[], confirmed: [] as Judgement[], failed: [] as Judgement[], dropped: 0 };
  const sync = new StatusSync({
    clock: { now: () => now, monotonicMs: () => 0 },
    delay: async (milliseconds) => void seen.waits.push(milliseconds),
    states: { confirm: async (_id, _epoch, judgement) => void seen.confirmed.push(judgement), fail: async (_id, _epoch, judgement) => void seen.failed.push(judgement) },
    measured: () => undefined,
  });
  const link = {
    status: async (_epoch: number, { timeLimitMs }: { timeLimitMs: number }) => {
      seen.limits.push(timeLimitMs);
      const answer = answers.shift() ?? 'good';
      if (answer === 'good') return makeReport(row);
      throw answer;
    },
    dropControl: () => void (seen.dropped += 1),
  };
  return { seen, run: () => sync.sync(row, link, 1, new AbortController().signal) };
}
const timeOut = () => new MavisError('gateway.link-time-out', { gateway: 'office1' });

describe('the sync of a gateway', () => {
  test('S10, S42: every 15 seconds, each status within 3 seconds', () => {
    expect([SYNC_INTERVAL_MS, STATUS_LIMIT_MS]).toEqual([15_000, 3_000]);
  });

  test('S11, S42: a failed status is asked again after 0.5 and 1 s before the gateway is unavailable', async () => {
    const { seen, run } = makeSync([timeOut(), timeOut(), timeOut()]);
    await run();
    expect(seen.waits).toEqual([500, 1_000]);
    expect(seen.limits).toEqual([3_000, 3_000, 3_000]);
    expect(seen.failed).toEqual([expect.objectContaining({ state: 'unavailable', code: 'gateway.link-time-out' })]);
    expect(seen.dropped).toBe(3);
  });

  test.each([1, 2])('S11: %d failure(s) before a good answer leave the gateway available', async (failures) => {
    const { seen, run } = makeSync(Array.from({ length: failures }, timeOut));
    await run();
    expect(seen.failed).toEqual([]);
    expect(seen.confirmed).toEqual([expect.objectContaining({ state: 'available' })]);
  });

  test('a disabled gateway stays disabled, whatever its link says', async () => {
    const { seen, run } = makeSync([timeOut(), timeOut(), timeOut()], makeRow({ disabled: true, state: 'disabled' }));
    await run();
    expect(seen.failed).toEqual([expect.objectContaining({ state: 'disabled' })]);
  });
});

describe('what a report says', () => {
  const row = makeRow();
  const judge = (changes: Partial<GatewayStatusReport>, clockDifferenceMs = 0, gateway = row) => judgeReport(makeReport(gateway, changes), gateway, clockDifferenceMs);

  test.each<[string, Partial<GatewayStatusReport>, number, Judgement['state'], string | null]>([
    ['all is well', {}, 0, 'available', null],
    ['a port is closed', { ports: [{ port: 7993, open: true, protocols: ['ssh'] }, { port: 7994, open: false, protocols: ['ssh'] }] }, 0, 'degraded', 'gateway.port-closed'],
    ['it cannot record', { canRecord: false }, 0, 'degraded', 'gateway.cannot-record'],
    ['its spool is low', { shortages: ['gateway.spool-low'] }, 0, 'degraded', 'gateway.spool-low'],
    ['it drains', { draining: true }, 0, 'draining', 'gateway.draining'],
    ['its clock is off', {}, 31_000, 'degraded', 'gateway.clock-differs'],
    ['its clock is behind', {}, -31_000, 'degraded', 'gateway.clock-differs'],
    ['its clock is nearly right', {}, 2_000, 'available', null],
    ['its clock is nearly right, behind', {}, -2_000, 'available', null],
  ])('%s', (_what, changes, difference, state, code) => {
    expect(judge(changes, difference)).toMatchObject({ state, code });
  });

  test('names the closed ports, and one that cannot record or is full carries nothing', () => {
    expect(judge({ ports: [{ port: 7993, open: true, protocols: ['ssh'] }] }).detail).toBe('7994, 7995');
    for (const changes of [{ canRecord: false }, { shortages: ['gateway.full'] }]) {
      const { state, ports: left } = judge(changes);
      expect(asChoosable(makeRow({ state, ports: left }), now).carries.size).toBe(0);
    }
  });

  test('another gateway in its place is no status', () => {
    expect(() => judge({ gatewayId: gatewayId.parse(randomUUID()) })).toThrow(expect.objectContaining({ code: 'gateway.identity-conflict' }));
  });

  test("an administrator's switch wins over the report", () => {
    expect(judge({}, 0, makeRow({ disabled: true })).state).toBe('disabled');
    expect(judge({}, 0, makeRow({ draining: true })).state).toBe('draining');
  });

  test('S12: only changes for the worse are errors', () => {
    const good = { state: 'available', code: null } as const;
    const degraded = { state: 'degraded', code: 'gateway.port-closed' } as const;
    const gone = { state: 'unavailable', code: 'gateway.link-time-out' } as const;
    expect([isWorse(good, degraded), isWorse(degraded, gone), isWorse(good, gone), isWorse({ state: 'pending', code: null }, gone)]).toEqual([true, true, true, true]);
    expect([isWorse(gone, degraded), isWorse(gone, good), isWorse(degraded, good), isWorse(gone, gone)]).toEqual([false, false, false, false]);
    expect(isWorse(gone, { state: 'unavailable', code: 'gateway.link-pin-mismatch' })).toBe(true);
  });

  test('a state that nobody confirmed for a minute counts as unavailable', () => {
    expect(asChoosable(makeRow({ confirmedAt: new Date(now.getTime() - 59_000) }), now).state).toBe('available');
    expect(asChoosable(makeRow({ confirmedAt: new Date(now.getTime() - 61_000) }), now).state).toBe('unavailable');
  });
});
