import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Hop } from '../../../shared/api/connections.ts';
import type { TargetGrant } from '../../../shared/link/messages.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { FaultyGateway } from '../../fixtures/faulty-gateway.ts';
import { HeadlessSession, offerOf } from '../../fixtures/headless-client.ts';
import { LoggedClient } from '../../fixtures/rdp-session.ts';
import { installRdpEngine } from '../../fixtures/rdp-engine.ts';
import { RfbClient } from '../../fixtures/rfb-client.ts';
import { watchedPicture } from '../../fixtures/watched-picture.ts';
import { WatchedRdpPicture } from '../../fixtures/watched-rdp-picture.ts';
import { runToEnd } from '../../../scripts/processes/finished-process.ts';
import { type NlaTarget, startNlaTarget } from '../../targets/nla-target.ts';
import { startVncTarget, type VncTarget } from '../../targets/vnc-target.ts';

/** What an RDP desktop shows at each time: red, green and blue. */
const COLOURS: Readonly<Record<string, readonly number[]>> = { 'before the cut': [0xc0, 0x30, 0x20], 'while it is cut': [0x20, 0xa0, 0x40], 'after the cut': [0x30, 0x50, 0xc0] };

/** The session runner as it is shipped at both ends, of the user and of whoever watches, real gateways and real desktops. */
describe('S58: a desktop that is watched, and networks that go', () => {
  const [key, watcherKey] = [new ClientKey(() => Date.now()), new ClientKey(() => Date.now())];
  let gateway: FaultyGateway;
  let entry: FaultyGateway;
  let vnc: VncTarget;
  let rdp: NlaTarget;

  beforeAll(async () => {
    installRdpEngine((name, value) => void vi.stubGlobal(name, value));
    [gateway, entry, vnc, rdp] = await Promise.all([FaultyGateway.start(), FaultyGateway.start(), startVncTarget({ width: 320, height: 200 }), startNlaTarget()]);
  });
  afterAll(async () => {
    await Promise.all([gateway.stop(), entry.stop(), vnc.stop(), rdp.stop()]);
    vi.unstubAllGlobals();
  });

  interface Opened {
    readonly grant: TargetGrant;
    readonly session: HeadlessSession;
    readonly client: RfbClient;
  }

  /** The same hop past the fault proxies: what is done to the network is not done to this one. */
  const spared = (hop: Hop): Hop => ({ ...hop, ports: gateway.ports.map((port) => [port]) });

  async function open(wayOf: (grant: TargetGrant, hop: Hop) => Promise<readonly Hop[]>): Promise<Opened> {
    const { host, port, password } = vnc;
    const { grant, hop } = await gateway.grantFor({ protocol: 'vnc', host, port, credential: { kind: 'password', userName: 'unused', password } }, key.thumbprint);
    const session = new HeadlessSession({ ...offerOf(grant, hop), hops: [...(await wayOf(grant, hop))] }, key);
    const client = await new RfbClient(session.carry()).begin([0, -308]);
    await session.report('connected');
    await client.refresh();
    return { grant, session, client };
  }

  async function watch(grant: TargetGrant, wayOf: (hop: Hop) => Promise<readonly Hop[]>): Promise<{ readonly watching: HeadlessSession; readonly seen: RfbClient }> {
    const hop = await gateway.watchOf(grant, watcherKey.thumbprint);
    const watching = new HeadlessSession({ ...offerOf(grant, hop), hops: [...(await wayOf(hop))] }, watcherKey, undefined, undefined, true);
    await watching.report('connected');
    return { watching, seen: await watchedPicture(watching) };
  }

  /** Shows something else on the desktop, away from the pointer, which is no part of the picture. */
  const draw = (what: string): Promise<string> => vnc.showTerminal('20x2+5+5', `echo '${what}'; sleep 3600`);

  /** Reads on until the picture is the target's own, point for point. */
  async function untilSame(client: RfbClient): Promise<void> {
    while (!client.picture.pixels.equals((await vnc.picture()).pixels)) await client.message();
  }

  const watchers = ({ session }: Opened): number[] => session.reports.flatMap(({ report }) => (report.kind === 'watched' ? [report.watchers] : []));
  const cuts = (session: HeadlessSession): number => session.reports.filter(({ report }) => report.kind === 'interrupted').length;

  async function watchEnds(grant: TargetGrant, count: number): Promise<unknown[]> {
    const events = await gateway.journalUntil(grant, (all) => all.filter(({ kind }) => kind === 'watch-ended').length === count);
    return events.filter(({ kind }) => kind === 'watch-ended').map(({ facts }) => facts['code']);
  }

  /** A session that is watched from outside the network of its user; `drawn` shows something else on the desktop, and resolves when both see it. */
  interface Watched {
    readonly session: HeadlessSession;
    readonly watching: HeadlessSession;
    readonly grant: TargetGrant;
    readonly drawn: (what: string, by: 'watcher' | 'both') => Promise<void>;
  }

  async function watchedVnc(): Promise<Watched> {
    const { session, client, grant } = await open(async (_grant, hop) => [hop]);
    const { watching, seen } = await watch(grant, async (hop) => [spared(hop)]);
    return {
      session, watching, grant,
      drawn: async (what, by) => {
        await draw(what);
        if (by === 'both') await untilSame(client);
        await untilSame(seen);
      },
    };
  }

  async function watchedRdp(): Promise<Watched> {
    const { host, port, user, password, fingerprint, display } = rdp;
    const { grant, hop } = await gateway.grantFor({ protocol: 'rdp', host, port, identity: fingerprint, credential: { kind: 'password', userName: user, password } }, key.thumbprint);
    const session = new HeadlessSession(offerOf(grant, hop), key);
    const client = new LoggedClient(session.carry());
    expect(await client.ask()).toBe(true);
    await client.connect('freerdpShadow');
    await session.report('connected');
    const watching = new HeadlessSession({ ...offerOf(grant, spared(await gateway.watchOf(grant, watcherKey.thumbprint))) }, watcherKey, undefined, undefined, true);
    await watching.report('connected');
    const picture = new WatchedRdpPicture(watching);
    return {
      session, watching, grant,
      drawn: async (what, by) => {
        const before = client.bytes.length;
        const colour = COLOURS[what] ?? [];
        await runToEnd('xsetroot', ['-display', display, '-solid', `#${Buffer.from(colour).toString('hex')}`]);
        // The codec loses a little of each colour.
        await expect.poll(async () => (await picture.colourAt(700, 500)).map((part, at) => Math.abs(part - (colour[at] ?? 0)) < 8), { timeout: 60_000 }).toEqual([true, true, true]);
        if (by === 'both') await expect.poll(() => client.bytes.length, { timeout: 60_000 }).toBeGreaterThan(before);
      },
    };
  }

  test.each([
    ['VNC', watchedVnc],
    ['RDP', watchedRdp],
  ])('%s: the network of the user goes: whoever watches sees on what the desktop draws meanwhile, and what comes when the session has resumed; his watch ends with the session', async (_protocol, begin) => {
    const { session, watching, grant, drawn } = await begin();
    await drawn('before the cut', 'both');
    await gateway.setDown(true);
    await session.report('interrupted');
    await drawn('while it is cut', 'watcher');
    await gateway.setDown(false);
    session.checkLine();
    await session.report('resumed');
    await drawn('after the cut', 'both');
    expect(cuts(watching)).toBe(0);
    session.end();
    expect(await watching.report('ended')).toMatchObject({ code: 'session.ended' });
    expect(await watchEnds(grant, 1)).toEqual(['session.ended']);
  });

  test('his own network goes: he is told at once, the session goes on untouched, its user hears that nobody watches, and he may look anew', async () => {
    const opened = await open(async (_grant, hop) => [spared(hop)]);
    const { session, client, grant } = opened;
    const first = await watch(grant, async (hop) => [hop]);
    await draw('seen');
    await untilSame(first.seen);
    gateway.resetAll();
    expect(await first.watching.report('ended')).toMatchObject({ code: 'session.gateway-lost', args: { gateway: 'office1' } });
    expect(await watchEnds(grant, 1)).toEqual(['session.watch-ended']);
    await session.until(() => watchers(opened).at(-1) === 0);
    const again = await watch(grant, async (hop) => [hop]);
    await draw('seen anew');
    await untilSame(again.seen);
    await untilSame(client);
    expect(watchers(opened)).toEqual([1, 0, 1]);
    expect(cuts(session)).toBe(0);
    again.watching.end();
    expect(await again.watching.report('ended')).toMatchObject({ code: 'session.watch-ended' });
    expect(await watchEnds(grant, 2)).toEqual(['session.watch-ended', 'session.watch-ended']);
    session.end();
    await session.report('ended');
  });

  test('S22: over two hops it is the same: the first one\u2019s network goes, the session resumes, whoever watched over it is told and may look anew over two', async () => {
    const overEntry = async (grant: TargetGrant, hop: Hop): Promise<readonly Hop[]> => [await entry.forwardTo(gateway, grant), { ...hop, host: null, ports: [] }];
    const opened = await open(overEntry);
    const { session, client, grant } = opened;
    const ofWatcher = (hop: Hop): Promise<readonly Hop[]> => overEntry({ ...grant, clientKeyThumbprint: watcherKey.thumbprint }, hop);
    const first = await watch(grant, ofWatcher);
    await draw('over two');
    await untilSame(first.seen);
    entry.resetAll();
    expect(await first.watching.report('ended')).toMatchObject({ code: 'session.gateway-lost' });
    await session.report('resumed');
    const again = await watch(grant, ofWatcher);
    await draw('anew over two');
    await untilSame(again.seen);
    await untilSame(client);
    session.end();
    expect(await again.watching.report('ended')).toMatchObject({ code: 'session.ended' });
    expect(await watchEnds(grant, 2)).toEqual(['session.watch-ended', 'session.ended']);
  });
});
