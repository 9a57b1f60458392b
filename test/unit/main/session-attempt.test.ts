import { produce } from 'immer';
import { describe, expect, test, vi } from 'vitest';
import { connectionOffer } from '../../../shared/api/connections.ts';
import type { Route } from '../../../shared/api/route.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { resourceId } from '../../../shared/ids.ts';
import { type Session, sessionId } from '../../../shared/ipc/stores.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { type AttemptParts, SessionAttempt } from '../../../src-main/sessions/session-attempt.ts';
import type { SessionCommand, SessionReport } from '../../../src-main/sessions/session-process-contract.ts';
import type { SessionProcess } from '../../../src-main/sessions/session-process-handle.ts';

const RESOURCE = resourceId.parse('33333333-3333-4333-8333-333333333333');
const SESSION = sessionId.parse('11111111-1111-4111-8111-111111111111');
const CONNECTION = '44444444-4444-4444-8444-444444444444';
const GATEWAYS = { one: '55555555-5555-4555-8555-555555555551', two: '55555555-5555-4555-8555-555555555552' };

function offerOf(gatewayName: keyof typeof GATEWAYS, changes: object = {}): ReturnType<typeof connectionOffer.parse> {
  return connectionOffer.parse({
    connectionId: CONNECTION, reference: 'MV-ABCDE-12345', protocol: 'ssh', resource: { id: RESOURCE, name: 'web' }, tried: [], policy: {}, notAfter: '2026-01-01T12:00:00.000Z', deadlineMs: 15_000, tunnel: false,
    hops: [{ gatewayId: GATEWAYS[gatewayName], gatewayName, segment: 'gateway-office1', host: '127.0.0.1', ports: [[7993]], pins: ['A'.repeat(43)], ticket: 'T'.repeat(43) }],
    ...changes,
  });
}

/** An offer whose session may run over the link port. */
function overLinkPort(): ReturnType<typeof offerOf> {
  const offer = offerOf('one');
  return { ...offer, hops: offer.hops.map((hop) => ({ ...hop, fallbackPort: 443 })) };
}

class FakeProcess implements SessionProcess<object> {
  readonly commands: SessionCommand[] = [];
  killed = false;
  report: (report: SessionReport) => void = () => undefined;
  exit: (code: number) => void = () => undefined;
  #onCommand: (() => void)[] = [];
  send(command: SessionCommand): void {
    this.commands.push(command);
    for (const listener of this.#onCommand.splice(0)) listener();
  }
  onReport(listener: (report: unknown) => void): void {
    this.report = listener;
  }
  onExit(listener: (code: number) => void): void {
    this.exit = listener;
  }
  kill(): void {
    this.killed = true;
    this.exit(0);
  }
  async started(times: number): Promise<void> {
    while (this.commands.filter(({ kind }) => kind === 'start').length < times) await new Promise<void>((resolve) => this.#onCommand.push(resolve));
  }
}

type Answer = object | MavisError;

function world(answers: Record<string, Answer[]>, network: AttemptParts<object>['network'] = { waysOut: async () => [{ kind: 'direct' }], renewSignOn: async () => false }): { attempt: SessionAttempt<object>; process: FakeProcess; asked: { path: string; body: unknown }[]; session: () => Session; advance: (ms: number) => void } {
  let session: Session = {
    id: SESSION, profileName: 'p', profileColour: 'blue', resourceId: RESOURCE, resourceName: 'web', protocol: 'ssh', userName: 'u', reference: null, gatewayName: null, segment: null, firstGatewayName: null, tunnel: false, way: null, stepsMs: {}, tried: [],
    policy: null, allowedProtocols: [], targetEncrypted: null, targetCertificate: null, phase: { status: 'connecting', step: 'access', detail: null, prompt: null }, attempt: 1, forwarding: { agent: { status: 'off' }, x11: { status: 'off' } }, watching: null, foreignClientId: null, watchedBy: null,
  };
  let now = 0;
  const asked: { path: string; body: unknown }[] = [];
  const process = new FakeProcess();
  const call = async (route: Route, { body }: { body: unknown }): Promise<never> => {
    asked.push({ path: route.path, body });
    const answer = answers[route.path]?.shift() ?? {};
    if (answer instanceof MavisError) throw answer;
    return answer as never;
  };
  const attempt = new SessionAttempt<object>(
    { sessionId: SESSION, resourceId: RESOURCE, protocol: 'ssh', startFolder: '/srv/reports' },
    {
      client: { call }, process, identity: { privateKeyPem: 'key', certificatePem: 'certificate' }, terminal: { columns: 80, rows: 24 }, environment: { LANG: 'C.UTF-8', SECRET: 'x' },
      update: (recipe) => {
        session = produce(session, recipe);
      },
      network,
      onResized: () => undefined, openFile: () => Promise.resolve(), clock: () => now, monotonic: () => now, log: createLog([], () => 0, 1),
      forwarding: async () => ({ agent: null, display: null }),
    },
  );
  return { attempt, process, asked, session: () => session, advance: (ms) => (now += ms) };
}

const ASK = '/v1/connections';
const RETRY = '/v1/connections/:connectionId/retry';
const TERMINATE = '/v1/connections/:connectionId/terminate';
const CLAIM = '/v1/connections/:connectionId/claim';
const RESUME_WAY = '/v1/connections/:connectionId/resume-way';
const failed = (code: string, changes: Partial<Extract<SessionReport, { kind: 'failed' }>> = {}): SessionReport => ({ kind: 'failed', code, args: {}, leg: 'L2', credentialSent: false, milliseconds: 12, ...changes });

describe('one attempt to connect', () => {
  test('S14: the steps are told as they happen, with what each took, up to connected and recording', async () => {
    const { attempt, process, session, advance } = world({ [ASK]: [offerOf('one', { protocols: ['ssh', 'sftp'] })] });
    const running = attempt.run();
    await process.started(1);
    expect(session()).toMatchObject({ reference: 'MV-ABCDE-12345', allowedProtocols: ['ssh', 'sftp'], gatewayName: 'one', segment: 'gateway-office1', phase: { status: 'connecting', step: 'gateway-reached' } });
    advance(5);
    process.report({ kind: 'reached', port: 7993 });
    advance(7);
    process.report({ kind: 'progress', step: 'target-reached' });
    process.report({ kind: 'progress', step: 'signing-on' });
    expect(session().phase).toMatchObject({ step: 'signed-on', detail: 'signing-on' });
    advance(11);
    process.report({ kind: 'progress', step: 'signed-on' });
    process.report({ kind: 'accepted', reference: offerOf('one').reference, recording: true, sshHostKey: null, targetEncrypted: true, targetCertificate: null, notAfter: '2026-01-01T12:00:00.000Z' });
    process.report({ kind: 'connected' });
    expect(session().phase).toMatchObject({ status: 'connected', recording: false });
    advance(3);
    process.report({ kind: 'recording' });
    process.report({ kind: 'round-trip', milliseconds: 1.234 });
    expect(session().phase).toMatchObject({ status: 'connected', recording: true, roundTripMs: 1.2 });
    expect(session().stepsMs).toMatchObject({ 'gateway-reached': 5, 'target-reached': 7, 'signed-on': 11, recording: 3 });
    process.report({ kind: 'ended', code: 'session.ended', args: {}, exitStatus: 3, signal: null });
    await running;
    expect(session().phase).toMatchObject({ status: 'ended', error: { code: 'session.ended', reference: 'MV-ABCDE-12345' }, exitStatus: 3 });
  });

  test('the process is told what the policy lets through of the environment, and of the offer nothing it does not need', async () => {
    const { attempt, process } = world({ [ASK]: [offerOf('one')] });
    const running = attempt.run();
    await process.started(1);
    expect(process.commands[0]).toMatchObject({ kind: 'start', environment: { LANG: 'C.UTF-8' }, startFolder: '/srv/reports' });
    expect(JSON.stringify(process.commands[0])).not.toContain('SECRET');
    attempt.end();
    process.report(failed('connect.cancelled'));
    await running;
  });

  test('S60: over which way the session goes stands in the store, and the ways out of the network go to the process only where the link port may be used', async () => {
    const asked: unknown[] = [];
    const network: AttemptParts<object>['network'] = {
      waysOut: async (place) => {
        asked.push(place);
        return [{ kind: 'http-proxy', host: 'proxy', port: 3128, credentials: null }];
      },
      renewSignOn: async () => false,
    };
    const { attempt, process, session } = world({ [ASK]: [overLinkPort()] }, network);
    const running = attempt.run();
    await process.started(1);
    await vi.waitFor(() => expect(process.commands.at(-1)).toEqual({ kind: 'ways-out', ways: [{ kind: 'http-proxy', host: 'proxy', port: 3128, credentials: null }] }));
    expect(asked).toEqual([{ host: '127.0.0.1', port: 443 }]);
    process.report({ kind: 'way', way: { port: 443, over443: true, proxy: 'proxy:3128' } });
    expect(session().way).toEqual({ port: 443, over443: true, proxy: 'proxy:3128' });
    attempt.end();
    process.report(failed('connect.cancelled'));
    await running;

    const without = world({ [ASK]: [offerOf('one')] }, network);
    const other = without.attempt.run();
    await without.process.started(1);
    without.attempt.end();
    without.process.report(failed('connect.cancelled'));
    await other;
    expect(asked).toHaveLength(1);
  });

  test('a proxy that wants to know the user: he is asked, the connection that waited ends with that reason, and another is asked for', async () => {
    const shown: unknown[] = [];
    const { attempt, process, asked, session } = world({ [ASK]: [overLinkPort(), overLinkPort()] }, {
      waysOut: async () => [{ kind: 'http-proxy', host: 'proxy', port: 3128, credentials: { userName: 'ann', password: 'old' } }],
      renewSignOn: async (proxy, used) => {
        shown.push([proxy, used]);
        return true;
      },
    });
    const running = attempt.run();
    await process.started(1);
    await vi.waitFor(() => expect(process.commands.some(({ kind }) => kind === 'ways-out')).toBe(true));
    process.report(failed('proxy.authentication-failed', { args: { proxy: 'proxy:3128' } }));
    await process.started(2);
    expect(shown).toEqual([['proxy:3128', { userName: 'ann', password: 'old' }]]);
    expect(asked.map(({ path }) => path)).toEqual([ASK, CLAIM, ASK]);
    expect(asked[1]?.body).toEqual({ outcome: 'failed', code: 'proxy.authentication-failed' });
    expect(session().phase.status).toBe('connecting');
    attempt.end();
    process.report(failed('connect.cancelled'));
    await running;
  });

  test('Resume: a proxy that no longer knows the user has him asked once, not at every try; what he says is shown to the proxy at once', async () => {
    const questions: ((given: boolean) => void)[] = [];
    const credentials = { userName: 'ann', password: 'new' };
    const { attempt, process } = world({ [ASK]: [overLinkPort()] }, {
      waysOut: async () => [{ kind: 'http-proxy', host: 'proxy', port: 3128, credentials: questions.length === 0 ? null : credentials }],
      renewSignOn: () => new Promise((resolve) => questions.push(resolve)),
    });
    const running = attempt.run();
    await process.started(1);
    process.report({ kind: 'accepted', reference: offerOf('one').reference, recording: true, sshHostKey: null, targetEncrypted: true, targetCertificate: null, notAfter: '2026-01-01T12:00:00.000Z' });
    process.report({ kind: 'connected' });
    process.report({ kind: 'interrupted', secondsLeft: 300 });
    for (let tries = 0; tries < 3; tries += 1) process.report({ kind: 'proxy-sign-on', proxy: 'proxy:3128' });
    await vi.waitFor(() => expect(questions).toHaveLength(1));
    questions[0]?.(true);
    await vi.waitFor(() => expect(process.commands.slice(-2)).toEqual([{ kind: 'ways-out', ways: [{ kind: 'http-proxy', host: 'proxy', port: 3128, credentials }] }, { kind: 'check-line' }]));
    // It was refused again: he is asked again. Once the session is back, a late answer does nothing.
    process.report({ kind: 'proxy-sign-on', proxy: 'proxy:3128' });
    await vi.waitFor(() => expect(questions).toHaveLength(2));
    process.report({ kind: 'resumed' });
    const before = process.commands.length;
    questions[1]?.(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(process.commands).toHaveLength(before);
    process.report({ kind: 'ended', code: 'session.ended', args: {}, exitStatus: 0, signal: null });
    await running;
  });

  test('who does not sign on to the proxy sees that it is needed, and who gives up while he is asked is not held', async () => {
    const declined = world({ [ASK]: [overLinkPort()] });
    const first = declined.attempt.run();
    await declined.process.started(1);
    declined.process.report(failed('proxy.authentication-required', { args: { proxy: 'proxy:3128' } }));
    await first;
    expect(declined.session().phase).toMatchObject({ status: 'failed', error: { code: 'proxy.authentication-required', args: { proxy: 'proxy:3128' } } });
    expect(declined.asked.map(({ path }) => path)).toEqual([ASK, CLAIM]);

    const waiting = world({ [ASK]: [overLinkPort()] }, { waysOut: async () => [{ kind: 'direct' }], renewSignOn: () => new Promise(() => undefined) });
    const second = waiting.attempt.run();
    await waiting.process.started(1);
    waiting.process.report(failed('proxy.authentication-required', { args: { proxy: 'proxy:3128' } }));
    await Promise.resolve();
    waiting.attempt.end();
    await second;
    expect(waiting.session().phase.status).toBe('failed');
  });

  test('S11: a gateway that fails on L2 is followed by another, and both stand in what was tried', async () => {
    const tried = { gatewayId: GATEWAYS.one, gatewayName: 'one', leg: 'L2', code: 'gateway.refused', milliseconds: 12 };
    const { attempt, process, asked, session } = world({ [ASK]: [offerOf('one')], [RETRY]: [offerOf('two', { tried: [tried] })] });
    const running = attempt.run();
    await process.started(1);
    process.report(failed('gateway.refused', { args: { gateway: 'one' } }));
    await process.started(2);
    expect(asked[1]).toEqual({ path: RETRY, body: { gatewayId: GATEWAYS.one, leg: 'L2', code: 'gateway.refused', milliseconds: 12 } });
    expect(session()).toMatchObject({ gatewayName: 'two', tried: [tried] });
    process.report(failed('target.sign-on-refused', { leg: 'L4', credentialSent: true }));
    await running;
    expect(session()).toMatchObject({ phase: { status: 'failed', error: { code: 'target.sign-on-refused' } }, tried: [tried, { gatewayName: 'two' }] });
  });

  describe('a way of two hops (Tunnel)', () => {
    const hop = (name: keyof typeof GATEWAYS, changes: object = {}): object => ({ gatewayId: GATEWAYS[name], gatewayName: name, segment: null, host: '127.0.0.1', ports: [[7993]], pins: ['A'.repeat(43)], ticket: 'T'.repeat(43), ...changes });
    const twoHops = offerOf('one', { tunnel: true, hops: [hop('one'), hop('two', { host: null, ports: [] })] });

    test('S22: both gateways stand in the session, and that Tunnel is why', async () => {
      const { attempt, process, session } = world({ [ASK]: [twoHops] });
      const running = attempt.run();
      await process.started(1);
      expect(session()).toMatchObject({ gatewayName: 'two', firstGatewayName: 'one', tunnel: true });
      process.report(failed('connect.cancelled'));
      await running;
    });

    test.each([
      ['tunnel.next-unreachable', 'L4', { gateway: 'two' }, 'two'],
      ['gateway.pin-mismatch', 'L2', { gateway: 'two' }, 'two'],
      ['gateway.unreachable', 'L2', { gateway: 'one' }, 'one'],
      ['gateway.time-out', 'L2', {}, 'one'],
      ['target.unreachable', 'L4', {}, 'two'],
    ] as const)('S11: %s on %s with %o is told of the gateway that it speaks of', async (code, leg, args, of) => {
      const { attempt, process, asked, session } = world({ [ASK]: [twoHops], [RETRY]: [new MavisError('tunnel.no-default-gateway')] });
      const running = attempt.run();
      await process.started(1);
      process.report(failed(code, { leg, args }));
      await running;
      expect(asked[1]).toMatchObject({ path: RETRY, body: { gatewayId: GATEWAYS[of], leg, code } });
      // That no default gateway is left is not why the connection failed.
      expect(session().phase).toMatchObject({ status: 'failed', error: { code } });
    });
  });

  test('rule 4: after a credential was sent no other gateway is tried', async () => {
    const { attempt, process, asked, session } = world({ [ASK]: [offerOf('one')] });
    const running = attempt.run();
    await process.started(1);
    process.report(failed('target.unreachable', { leg: 'L4', credentialSent: true }));
    await running;
    expect(asked.map(({ path }) => path)).toEqual([ASK, CLAIM]);
    expect(session().phase).toMatchObject({ status: 'failed', error: { code: 'target.unreachable', reference: 'MV-ABCDE-12345' } });
  });

  test('rule 4: when the time is over no other gateway is tried', async () => {
    const { attempt, process, asked, advance } = world({ [ASK]: [offerOf('one')] });
    const running = attempt.run();
    await process.started(1);
    advance(14_800);
    process.report(failed('gateway.time-out'));
    await running;
    expect(asked.map(({ path }) => path)).toEqual([ASK, CLAIM]);
  });

  test.each([new MavisError('gateway.none-available', { segment: 'gateway-office1' }), new MavisError('request.conflict', { what: 'journal' })])('that no other gateway is given ($code) does not hide why the first one failed', async (refusal) => {
    const { attempt, process, session } = world({ [ASK]: [offerOf('one')], [RETRY]: [refusal] });
    const running = attempt.run();
    await process.started(1);
    process.report(failed('gateway.pin-mismatch', { args: { gateway: 'one' } }));
    await running;
    expect(session().phase).toMatchObject({ status: 'failed', error: { code: 'gateway.pin-mismatch' }, step: 'gateway-reached' });
  });

  test('S17: no gateway available is a failure at the choice, with the service\'s reference and nothing to claim', async () => {
    const reference = offerOf('one').reference;
    const { attempt, asked, session, process } = world({ [ASK]: [new MavisError('gateway.none-available', { segment: 'gateway-office1' }, { reference })] });
    await attempt.run();
    expect(session()).toMatchObject({ reference, phase: { status: 'failed', step: 'gateway-chosen', error: { code: 'gateway.none-available', args: { segment: 'gateway-office1' }, reference } } });
    expect(asked.map(({ path }) => path)).toEqual([ASK]);
    expect(process.killed).toBe(true);
  });

  test('no right to the resource is a failure of the access', async () => {
    const { attempt, session } = world({ [ASK]: [new MavisError('access.denied')] });
    await attempt.run();
    expect(session().phase).toMatchObject({ status: 'failed', step: 'access', error: { code: 'access.denied' } });
  });

  test('cancelling is claimed as cancelled', async () => {
    const { attempt, process, asked, session } = world({ [ASK]: [offerOf('one')] });
    const running = attempt.run();
    await process.started(1);
    attempt.end();
    expect(process.commands.at(-1)).toEqual({ kind: 'cancel' });
    process.report(failed('connect.cancelled'));
    await running;
    expect(session().phase).toMatchObject({ status: 'failed', error: { code: 'connect.cancelled' } });
    expect(asked.at(-1)).toEqual({ path: CLAIM, body: { outcome: 'cancelled', code: 'connect.cancelled' } });
  });

  test('a process that dies is session.crashed, while connecting and after', async () => {
    const early = world({ [ASK]: [offerOf('one')] });
    const running = early.attempt.run();
    await early.process.started(1);
    early.process.exit(1);
    await running;
    expect(early.session().phase).toMatchObject({ status: 'failed', error: { code: 'session.crashed' } });
    const late = world({ [ASK]: [offerOf('one')] });
    const following = late.attempt.run();
    await late.process.started(1);
    late.process.report({ kind: 'connected' });
    expect(late.attempt.isConnected).toBe(true);
    late.process.exit(139);
    await following;
    expect(late.session().phase).toMatchObject({ status: 'ended', error: { code: 'session.crashed' } });
    expect(late.asked.at(-1)).toEqual({ path: CLAIM, body: { outcome: 'failed', code: 'session.crashed' } });
  });

  test.each([['drained', 'ended'], ['ended', 'drained']] as const)('the process lives until it has %s and has %s', async (first, second) => {
    const reports = { drained: { kind: 'drained' }, ended: { kind: 'ended', code: 'session.ended', args: {}, exitStatus: 7, signal: null } } as const satisfies Record<string, SessionReport>;
    const { attempt, process, session } = world({ [ASK]: [offerOf('one')] });
    const running = attempt.run();
    await process.started(1);
    process.report({ kind: 'connected' });
    process.report(reports[first]);
    expect(process.killed).toBe(false);
    process.report(reports[second]);
    expect(process.killed).toBe(true);
    await running;
    expect(session().phase).toMatchObject({ status: 'ended', error: { code: 'session.ended' }, exitStatus: 7 });
  });

  test('Resume: a session whose connection is cut says since when and until when it is sought again, and goes on', async () => {
    const { attempt, process, session, asked, advance } = world({ [ASK]: [offerOf('one')] });
    const running = attempt.run();
    await process.started(1);
    attempt.checkLine();
    expect(process.commands.some(({ kind }) => kind === 'check-line')).toBe(false);
    process.report({ kind: 'connected' });
    process.report({ kind: 'round-trip', milliseconds: 3 });
    advance(60_000);
    process.report({ kind: 'interrupted', secondsLeft: 300 });
    expect(session().phase).toMatchObject({ status: 'connected', roundTripMs: null, resuming: { since: '1970-01-01T00:01:00.000Z', until: '1970-01-01T00:06:00.000Z' } });
    attempt.checkLine();
    expect(process.commands.at(-1)).toEqual({ kind: 'check-line' });
    process.report({ kind: 'resumed' });
    expect(session().phase).toMatchObject({ status: 'connected', resuming: null });
    attempt.end();
    process.report({ kind: 'ended', code: 'session.closed-by-user', args: {}, exitStatus: null, signal: null });
    process.report({ kind: 'drained' });
    await running;
    // The gateway was told over the connection that stood.
    expect(asked.map(({ path }) => path)).not.toContain(TERMINATE);
  });

  test('Resume: what cannot be told to the gateway over its connection is told through the service: an end while interrupted', async () => {
    const interrupted = world({ [ASK]: [offerOf('one')] });
    const running = interrupted.attempt.run();
    await interrupted.process.started(1);
    interrupted.process.report({ kind: 'connected' });
    interrupted.process.report({ kind: 'interrupted', secondsLeft: 300 });
    interrupted.attempt.end();
    interrupted.attempt.end();
    interrupted.process.report({ kind: 'ended', code: 'session.closed-by-user', args: {}, exitStatus: null, signal: null });
    await running;
    expect(interrupted.asked.filter(({ path }) => path === TERMINATE)).toHaveLength(1);
    expect(interrupted.session().phase).toMatchObject({ status: 'ended', error: { code: 'session.closed-by-user' } });
    // Over two gateways, the first of which is gone: the last one knows nothing of it.
    const hops = [...offerOf('one').hops, { ...offerOf('two').hops[0], host: null }];
    const tunnel = world({ [ASK]: [offerOf('one', { hops })] });
    const lost = tunnel.attempt.run();
    await tunnel.process.started(1);
    tunnel.process.report({ kind: 'connected' });
    tunnel.process.report({ kind: 'interrupted', secondsLeft: 300 });
    tunnel.process.report({ kind: 'ended', code: 'session.gateway-lost', args: { gateway: 'two' }, exitStatus: null, signal: null });
    await lost;
    expect(tunnel.asked.filter(({ path }) => path === TERMINATE)).toHaveLength(1);
    // The service is gone too: the session has ended here all the same.
    const alone = world({ [ASK]: [offerOf('one')], [TERMINATE]: [new MavisError('service.unreachable', { address: 'x' })] });
    const following = alone.attempt.run();
    await alone.process.started(1);
    alone.process.report({ kind: 'connected' });
    alone.process.report({ kind: 'interrupted', secondsLeft: 300 });
    alone.attempt.end();
    alone.process.report({ kind: 'ended', code: 'session.closed-by-user', args: {}, exitStatus: null, signal: null });
    await following;
    expect(alone.session().phase).toMatchObject({ status: 'ended', error: { code: 'session.closed-by-user' } });
  });

  test('what a process says against the contract changes nothing', async () => {
    const { attempt, process, session } = world({ [ASK]: [offerOf('one')] });
    const running = attempt.run();
    await process.started(1);
    const before = session();
    for (const report of [null, 'connected', { kind: 'connected!' }, { kind: 'round-trip', milliseconds: 'x' }]) process.report(report as never);
    expect(session()).toBe(before);
    process.report(failed('gateway.none-of-ours' as never));
    await running;
    expect(session().phase).toMatchObject({ status: 'failed', error: { code: 'internal' } });
  });
});

describe('another first gateway for a session over two (rule 10)', () => {
  const hopOf = (gatewayName: keyof typeof GATEWAYS): object => ({ ...offerOf(gatewayName).hops[0], ticket: 'N'.repeat(43), fallbackPort: null });
  const connected = async (answers: Answer[]) => {
    const offer = offerOf('one');
    const made = world({ [ASK]: [{ ...offer, tunnel: true, hops: [...offer.hops, ...offerOf('two').hops] }], [RESUME_WAY]: answers });
    const running = made.attempt.run();
    await made.process.started(1);
    made.process.report({ kind: 'connected' });
    const wanted = async (): Promise<SessionCommand | undefined> => {
      const before = made.process.commands.length;
      made.process.report({ kind: 'first-hop-wanted' });
      await vi.waitFor(() => expect(made.process.commands.length).toBeGreaterThan(before));
      return made.process.commands.at(-1);
    };
    const end = async (): Promise<void> => {
      made.process.report({ kind: 'ended', code: 'session.ended', args: {}, exitStatus: 0, signal: null });
      await running;
    };
    return { ...made, wanted, end };
  };

  test('Resume: the service is asked for it and told which one failed; the process gets what it needs to dial it, and the window shows it', async () => {
    const { wanted, asked, session, end } = await connected([hopOf('two'), hopOf('one')]);
    expect(session().firstGatewayName).toBe('one');
    expect(await wanted()).toEqual({ kind: 'first-hop', hop: { gatewayName: 'two', host: '127.0.0.1', ports: [[7993]], fallbackPort: null, pins: ['A'.repeat(43)], ticket: 'N'.repeat(43) }, over: null });
    expect(session().firstGatewayName).toBe('two');
    await wanted();
    expect(asked.filter(({ path }) => path === RESUME_WAY).map(({ body }) => body)).toEqual([{ gatewayId: GATEWAYS.one }, { gatewayId: GATEWAYS.two }]);
    await end();
  });

  test('Resume: where there is none now, or the service is not reached, the process may ask again; where the session is over it is told so', async () => {
    const { wanted, session, end } = await connected([new MavisError('tunnel.no-default-gateway'), new MavisError('service.unreachable', { address: 'x' }), new MavisError('session.user-disabled')]);
    expect(await wanted()).toEqual({ kind: 'first-hop', hop: null, over: null });
    expect(await wanted()).toEqual({ kind: 'first-hop', hop: null, over: null });
    expect(await wanted()).toEqual({ kind: 'first-hop', hop: null, over: 'session.user-disabled' });
    expect(session().firstGatewayName).toBe('one');
    await end();
  });
});

test.each([
  ['session.terminated', 'a name', 'session.terminated-by', { by: 'hana' }, { by: 'hana' }],
  ['session.user-disabled', 'a name', 'session.user-disabled-by', { by: 'hana' }, { by: 'hana' }],
  ['session.terminated', 'no name', 'session.terminated', {}, {}],
  ['session.terminated', 'an empty name', 'session.terminated', { by: '' }, { by: '' }],
  ['session.terminated', 'a name of 5,000 letters', 'session.terminated-by', { by: 'x'.repeat(5000) }, { by: 'x'.repeat(200) }],
  ['session.ended', 'a name', 'session.ended', { by: 'hana' }, { by: 'hana' }],
] as const)('rule 11: %s with %s is shown as %s: by whom only where the gateway tells it', async (code, _with, shown, args, shownArgs) => {
  const { attempt, process, session } = world({ [ASK]: [offerOf('one')] });
  const running = attempt.run();
  await process.started(1);
  process.report({ kind: 'connected' });
  process.report({ kind: 'ended', code, args, exitStatus: null, signal: null });
  await running;
  expect(session().phase).toMatchObject({ status: 'ended', error: { code: shown, args: shownArgs } });
});
