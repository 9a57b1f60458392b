import { createServer, type Server } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { isOlder } from '../../../shared/diagnostics/versions.ts';
import { type Check, runCheck } from '../../../src-main/diagnostics/check.ts';
import { clockDifference } from '../../../src-main/diagnostics/checks/service-api.ts';
import { probeTcp } from '../../../src-main/diagnostics/tcp-probe.ts';

const clocks = { clock: () => Date.parse('2026-11-26T04:00:00Z'), monotonic: () => performance.now() };
const check = (run: Check['run'], limitMs = 1000): Check => ({ id: 'one', check: 'network', subject: { kind: 'device' }, leg: 'client', limitMs, run });
const never = new AbortController().signal;
const open: Server[] = [];
afterAll(() => open.forEach((server) => server.close()));

describe('a check', () => {
  test('notes what it tried, and keeps whether it could be run apart from what it found', async () => {
    const result = await runCheck(check(async (_signal, tries) => {
      await tries.note('tcp', 'a:1', async () => 'x', (value) => `got ${value}`);
      await tries.note('tcp', 'b:1', () => Promise.reject(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }))).catch(() => undefined);
      return { verdict: 'good', facts: { check: 'network', online: true, addresses: 1, ipv6: false } };
    }), clocks, never);
    expect(result.outcome).toEqual({ status: 'found', verdict: 'good', facts: { check: 'network', online: true, addresses: 1, ipv6: false } });
    expect(result.tried.map(({ to, outcome, at }) => [to, outcome, at])).toEqual([['a:1', 'got x', '2026-11-26T04:00:00.000Z'], ['b:1', 'ECONNREFUSED', '2026-11-26T04:00:00.000Z']]);
  });

  test('ends at its own limit and is told to stop; one that throws was not run', async () => {
    let stopped = false;
    const late = runCheck(check((signal) => new Promise(() => signal.addEventListener('abort', () => (stopped = true))), 20), clocks, never);
    expect((await late).outcome).toMatchObject({ status: 'not-run', reason: 'time-limit' });
    expect(stopped).toBe(true);
    expect((await runCheck(check(() => Promise.reject(new Error('defect'))), clocks, never)).outcome).toMatchObject({ status: 'not-run', reason: 'earlier-step' });
  });

  test('a run that is given up ends at once', async () => {
    const given = new AbortController();
    const running = runCheck(check(() => new Promise(() => undefined)), clocks, given.signal);
    given.abort();
    expect((await running).outcome).toMatchObject({ status: 'not-run', reason: 'cancelled' });
    expect((await runCheck(check(() => new Promise(() => undefined)), clocks, AbortSignal.abort())).outcome).toMatchObject({ reason: 'cancelled' });
  });

  test('a port that is open, refused, or has no address', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).resume());
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const tries = { note: <T>(_action: string, _to: string, work: () => Promise<T>): Promise<T> => work() };
    const opened = await probeTcp({ host: '127.0.0.1', port }, tries, never);
    expect(opened.outcome).toBe('open');
    if (opened.outcome === 'open') opened.socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect((await probeTcp({ host: '127.0.0.1', port }, tries, never)).outcome).toBe('refused');
    expect((await probeTcp({ host: 'mavis.example', port: 1, lookup: (_host, _options, done) => done(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), '', 4) }, tries, never)).outcome).toBe('no-address');
    expect((await probeTcp({ host: '127.0.0.1', port: 1 }, tries, AbortSignal.abort())).outcome).toBe('dropped');
  });

  test('a clock differs by what the time of the answer does not explain', () => {
    expect([clockDifference(1000, 900, 1100), clockDifference(500, 900, 1100), clockDifference(2000, 900, 1100)]).toEqual([0, -400, 900]);
  });

  test('versions are compared by their numbers', () => {
    expect([isOlder('0.9.9', '0.10.0'), isOlder('1.0.0', '1.0.0'), isOlder('1.2', '1.1.9'), isOlder('odd', '9.0.0'), isOlder('1.0.0-beta', '1.0.1')]).toEqual([true, false, false, false, true]);
  });
});
