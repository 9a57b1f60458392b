import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TargetGrant } from '../../../shared/link/messages.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { FaultyGateway, type GrantedTarget } from '../../fixtures/faulty-gateway.ts';
import { HeadlessSession, offerOf } from '../../fixtures/headless-client.ts';
import { LoggedClient } from '../../fixtures/rdp-session.ts';
import { messages, RfbClient } from '../../fixtures/rfb-client.ts';
import { startNlaTarget, type NlaTarget } from '../../targets/nla-target.ts';
import { startVncTarget, type VncTarget } from '../../targets/vnc-target.ts';

/** The client's session runner as it is shipped, a real gateway process, real servers of desktops, and faults on the wire between. */
describe('Resume: a desktop whose network goes', () => {
  const key = new ClientKey(() => Date.now());
  let gateway: FaultyGateway;
  let vnc: VncTarget;
  let rdp: NlaTarget;

  beforeAll(async () => {
    [gateway, vnc, rdp] = await Promise.all([FaultyGateway.start(), startVncTarget({ width: 640, height: 480 }), startNlaTarget()]);
  });
  afterAll(async () => {
    await Promise.all([gateway.stop(), vnc.stop(), rdp.stop()]);
  });

  interface Opened {
    readonly session: HeadlessSession;
    readonly grant: TargetGrant;
  }

  async function open(target: GrantedTarget): Promise<Opened> {
    const { grant, hop } = await gateway.grantFor(target, key.thumbprint);
    return { session: new HeadlessSession(offerOf(grant, hop), key), grant };
  }

  async function openVnc({ host, port, password }: VncTarget = vnc): Promise<Opened & { readonly client: RfbClient }> {
    const opened = await open({ protocol: 'vnc', host, port, credential: { kind: 'password', userName: 'unused', password } });
    const client = await new RfbClient(opened.session.carry()).begin([0, -308]);
    await opened.session.report('connected');
    return { ...opened, client };
  }

  async function openRdp({ host, port, user, password, fingerprint }: NlaTarget = rdp): Promise<Opened & { readonly client: LoggedClient }> {
    const opened = await open({ protocol: 'rdp', host, port, identity: fingerprint, credential: { kind: 'password', userName: user, password } });
    const client = new LoggedClient(opened.session.carry());
    expect(await client.ask()).toBe(true);
    await client.connect('freerdpShadow');
    await opened.session.report('connected');
    return { ...opened, client };
  }

  /** How it ended for the user and in the journal, and how often it was connected, recorded and ended. */
  async function outcome({ session, grant }: Opened): Promise<object> {
    const { code: told } = await session.report('ended');
    const events = await gateway.journalUntil(grant, (all) => all.some(({ kind }) => kind === 'recording-closed') && all.some(({ kind }) => kind === 'ended'));
    const counted = (kind: string): number => events.filter((event) => event.kind === kind).length;
    const { code, cuts } = events.find(({ kind }) => kind === 'ended')?.facts ?? {};
    return { told, code, cuts, connected: counted('connected'), recordings: counted('recording-closed'), ends: counted('ended') };
  }

  function once(code: string): object {
    return { told: code, code, cuts: 1, connected: 1, recordings: 1, ends: 1 };
  }

  async function cutMeanwhile({ session }: Opened, work: () => Promise<unknown>): Promise<void> {
    await gateway.setDown(true);
    await session.report('interrupted');
    await work();
    await gateway.setDown(false);
    session.checkLine();
    await session.report('resumed');
  }

  test('Resume, VNC: what the desktop drew and the user did meanwhile arrives, and the picture is the target\u2019s point for point', async () => {
    const opened = await openVnc();
    const { client, session } = opened;
    await client.refresh();
    await cutMeanwhile(opened, async () => {
      await vnc.drawScene(21);
      client.send(messages.updateRequest(true, client.width, client.height));
      client.send(messages.desktopSize(800, 608));
    });
    await client.until(() => client.width === 800 && client.height === 608);
    // Looked at anew each time: what is on the screen draws itself again where the desktop has grown.
    while (!client.picture.pixels.equals((await vnc.picture()).pixels)) await client.message();
    session.end();
    expect(await outcome(opened)).toEqual(once('session.closed-by-user'));
  });

  test('Resume, VNC: a target that is killed while the network is gone is told as that once it is back', async () => {
    const doomed = await startVncTarget({ width: 320, height: 200 });
    try {
      const opened = await openVnc(doomed);
      await cutMeanwhile(opened, async () => {
        doomed.kill();
        await gateway.journalUntil(opened.grant, (all) => all.some(({ kind }) => kind === 'ended'));
      });
      expect(await outcome(opened)).toEqual(once('target.lost'));
    } finally {
      await doomed.stop();
    }
  });

  test('Resume, RDP: goes on where it was; rule 24: over the line that came back it connects anew with another size, in the same recording', async () => {
    const opened = await openRdp();
    const { client, session } = opened;
    const before = client.bytes.length;
    await cutMeanwhile(opened, async () => client.type(0x23));
    expect(await client.ask()).toBe(true);
    await client.connect('freerdpShadow', { width: 800, height: 608 });
    await client.next(({ path }) => path === 'fast');
    expect(client.bytes.length).toBeGreaterThan(before);
    session.end();
    expect(await outcome(opened)).toEqual(once('session.closed-by-user'));
  });

  test('Resume, RDP: a new size that is asked for while the network is gone is there once it is back', async () => {
    const opened = await openRdp();
    const { client, session } = opened;
    let asked: Promise<boolean> | undefined;
    await cutMeanwhile(opened, async () => void (asked = client.ask()));
    expect(await asked).toBe(true);
    await client.connect('freerdpShadow', { width: 800, height: 608 });
    await client.next(({ path }) => path === 'fast');
    session.end();
    expect(await outcome(opened)).toEqual(once('session.closed-by-user'));
  });

  test('Resume, RDP: a target that is killed while the network is gone is told as that once it is back', async () => {
    const doomed = await startNlaTarget();
    try {
      const opened = await openRdp(doomed);
      await cutMeanwhile(opened, async () => {
        await doomed.stop();
        await gateway.journalUntil(opened.grant, (all) => all.some(({ kind }) => kind === 'ended'));
      });
      expect(await outcome(opened)).toEqual(once('target.lost'));
    } finally {
      await doomed.stop();
    }
  });

  test('Resume: a gateway that fell and is back ends desktops with their reason, and each has one end in the journal', async () => {
    const [first, second] = [await openVnc(), await openRdp()];
    for (const { grant } of [first, second]) await gateway.journalUntil(grant, (all) => all.some(({ kind }) => kind === 'connected'));
    await gateway.kill();
    await Promise.all([first, second].map(({ session }) => session.report('interrupted')));
    await gateway.startAgain();
    for (const { session, grant } of [first, second]) {
      expect(await session.report('ended')).toMatchObject({ code: 'session.gateway-lost', args: { gateway: 'office1' } });
      const events = await gateway.journalUntil(grant, (all) => all.some(({ kind }) => kind === 'ended'));
      expect(events.filter(({ kind }) => kind === 'ended').map(({ facts }) => facts['code'])).toEqual(['gateway.restarted']);
    }
  });
});
