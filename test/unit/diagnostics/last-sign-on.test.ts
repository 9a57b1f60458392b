import { describe, expect, test } from 'vitest';
import { lastConnectionOf, lastSignOn } from '../../../src-main/diagnostics/checks/last-sign-on.ts';
import { runCheck } from '../../../src-main/diagnostics/check.ts';

const CLOCKS = { clock: () => 0, monotonic: () => 0 };
const outcomeOf = async (last: Parameters<typeof lastSignOn>[1]) => (await runCheck(lastSignOn({ kind: 'resource', name: 'files' }, last), CLOCKS, new AbortController().signal)).outcome;

describe('rule 14: what is told of a sign-on, which no diagnosis tries', () => {
  test('nothing where no connection was tried', async () => {
    expect(await outcomeOf(undefined)).toEqual({ status: 'not-run', reason: 'no-connection', detail: '' });
  });

  test('good where the connection stood', async () => {
    expect(await outcomeOf({ code: null, step: null, args: {} })).toMatchObject({ status: 'found', verdict: 'good' });
  });

  test.each(['target.sign-on-refused', 'target.account-locked', 'target.account-disabled', 'target.password-expired', 'target.logon-not-allowed', 'target.security-unsupported'])('%s is told as what it is', async (code) => {
    expect(await outcomeOf({ code, step: 'signed-on', args: { offered: 'x' } })).toEqual({ status: 'found', verdict: 'bad', facts: { check: 'sign-on', code, args: { offered: 'x' } } });
  });

  test('a failure before the sign-on says nothing of it', async () => {
    expect(await outcomeOf({ code: 'target.refused', step: 'target-reached', args: {} })).toEqual({ status: 'not-run', reason: 'earlier-step', detail: 'target.refused' });
  });

  test.each([['recording', 'target.channel-refused'], ['signed-on', 'target.channel-refused'], ['signed-on', 'target.no-terminal'], ['recording', 'gateway.cannot-record']] as const)('good where it failed after the sign-on, at %s: %s', async (step, code) => {
    expect(await outcomeOf({ code, step, args: { offered: 'x' } })).toEqual({ status: 'found', verdict: 'good', facts: { check: 'sign-on', code: null, args: {} } });
  });

  test('a refusal that a target says late is told as what it is', async () => {
    expect(await outcomeOf({ code: 'target.logon-not-allowed', step: 'recording', args: {} })).toMatchObject({ verdict: 'bad', facts: { code: 'target.logon-not-allowed' } });
  });

  test('a session that connects is not known yet; one that failed, stands or ended is', () => {
    expect(lastConnectionOf(undefined)).toBeUndefined();
    expect(lastConnectionOf({ status: 'connecting', step: 'access', detail: null, prompt: null })).toBeUndefined();
    expect(lastConnectionOf({ status: 'failed', error: { code: 'target.sign-on-refused', args: {}, reference: null }, step: 'signed-on' })).toEqual({ code: 'target.sign-on-refused', step: 'signed-on', args: {} });
    expect(lastConnectionOf({ status: 'ended', error: { code: 'session.ended', args: {}, reference: null }, exitStatus: null, signal: null, durationMs: 1 })).toEqual({ code: null, step: null, args: {} });
  });
});
