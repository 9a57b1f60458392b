import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SessionWay } from '../../../shared/ipc/stores.ts';
import type { TargetGrant } from '../../../shared/link/messages.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { FaultyGateway } from '../../fixtures/faulty-gateway.ts';
import { HeadlessSession, offerOf } from '../../fixtures/headless-client.ts';

// SSH's own keep-alives would find a peer dead after 45 seconds: the long run cuts for longer than that.
const awaySeconds = process.env['MAVIS_LONG'] === '1' ? 75 : 5;

/** The client's session runner as it is shipped, a real gateway process and a real sshd, and faults on the wire between. */
describe('Resume: a shell whose network goes', () => {
  let gateway: FaultyGateway;
  const key = new ClientKey(() => Date.now());
  beforeAll(async () => {
    gateway = await FaultyGateway.start();
  });
  afterAll(() => gateway.stop());

  const open = async (fallbackPort: number | null = null): Promise<{ session: HeadlessSession; grant: TargetGrant }> => {
    const { grant, hop } = await gateway.grant(key.thumbprint);
    const session = new HeadlessSession(offerOf(grant, { ...hop, fallbackPort }), key);
    await session.report('connected');
    session.type('stty -echo; PS1=; echo rea""dy\n');
    await session.until(({ text }) => text.includes('ready'));
    return { session, grant };
  };
  const counted = (session: HeadlessSession, kind: string): number => session.reports.filter(({ report }) => report.kind === kind).length;
  const ended = async (session: HeadlessSession, grant: TargetGrant): Promise<void> => {
    session.end();
    await session.report('ended');
    await gateway.journalUntil(grant, (events) => events.some(({ kind }) => kind === 'ended'));
  };

  test('Resume: what is typed while the network is gone arrives once and in order when it is back', async () => {
    const { session, grant } = await open();
    await gateway.setDown(true);
    await session.report('interrupted');
    for (let number = 0; number < 200; number += 1) session.type(`echo typed-$((${number}))\n`);
    await delay(300);
    expect(session.text).not.toContain('typed-');
    await gateway.setDown(false);
    await session.until(({ text }) => text.includes('typed-199'));
    expect([...session.text.matchAll(/typed-(\d+)/g)].map(([, number]) => Number(number))).toEqual(Array.from({ length: 200 }, (_, number) => number));
    expect([counted(session, 'interrupted'), counted(session, 'resumed')]).toEqual([1, 1]);
    await ended(session, grant);
  });

  test('Resume: output goes on while it is cut again and again, every line once', async () => {
    const { session, grant } = await open();
    session.type('i=0; while [ $i -lt 4000 ]; do i=$((i+1)); echo "line $i of a program that prints"; [ $((i % 40)) = 0 ] && sleep 0.02; done; echo al""l\n');
    for (let cut = 0; cut < 6; cut += 1) {
      const before = session.outputBytes;
      await session.until(({ outputBytes, text }) => outputBytes > before + 2000 || text.includes('all'));
      gateway.resetAll();
      await session.until((one) => counted(one, 'resumed') === cut + 1);
    }
    await session.until(({ text }) => text.includes('all'), 90_000);
    expect([...session.text.matchAll(/line (\d+) of a program that prints/g)].map(([, number]) => Number(number))).toEqual(Array.from({ length: 4000 }, (_, index) => index + 1));
    expect(counted(session, 'resumed')).toBe(6);
    const events = await gateway.journalUntil(grant, (all) => all.filter(({ kind }) => kind === 'resumed').length === 6);
    expect(events.filter(({ kind }) => kind === 'connected')).toHaveLength(1);
    await ended(session, grant);
    // One recording over all connections, with a mark for each cut.
    const closed = await gateway.journalUntil(grant, (all) => all.some(({ kind }) => kind === 'recording-closed'));
    expect(closed.filter(({ kind }) => kind === 'recording-closed')).toHaveLength(1);
    expect(closed.find(({ kind }) => kind === 'ended')?.facts).toMatchObject({ code: 'session.closed-by-user', cuts: 6 });
  });

  test('Resume: through another proxy port where the first is gone for good', async () => {
    const { session, grant } = await open();
    // The first of the ports, or the next one where a busy machine was late to answer.
    const way = session.reports.flatMap(({ report }) => (report.kind === 'way' ? [report.way] : [])).at(-1);
    const first = gateway.proxies.find(({ port }) => port === way?.port);
    await first?.setDown(true);
    await session.report('resumed');
    session.type('echo other-$((40 + 2))\n');
    await session.until(({ text }) => text.includes('other-42'));
    const events = await gateway.journalUntil(grant, (all) => all.some(({ kind }) => kind === 'resumed'));
    const used = events.find(({ kind }) => kind === 'ticket-used')?.facts['port'];
    expect(events.find(({ kind }) => kind === 'resumed')?.facts['port']).not.toBe(used);
    await first?.setDown(false);
    await ended(session, grant);
  });

  test('Resume: over 443 where all proxy ports are gone for good', async () => {
    const { session, grant } = await open(gateway.linkPort);
    const ways = (): SessionWay[] => session.reports.flatMap(({ report }) => (report.kind === 'way' ? [report.way] : []));
    expect(ways()).toMatchObject([{ over443: false }]);
    await gateway.setDown(true);
    await session.report('resumed');
    // The window's status bar is told by it.
    expect(ways().at(-1)).toEqual({ port: gateway.linkPort, over443: true, proxy: null });
    session.type('echo over-$((400 + 43))\n');
    await session.until(({ text }) => text.includes('over-443'));
    const events = await gateway.journalUntil(grant, (all) => all.some(({ kind }) => kind === 'resumed'));
    expect(events.find(({ kind }) => kind === 'resumed')?.facts['port']).toBe(gateway.linkPort);
    await gateway.setDown(false);
    await ended(session, grant);
  });

  test('Resume: after sleep or a change of network a dead way is found within seconds, and one that works is kept', async () => {
    const { session, grant } = await open();
    session.checkLine();
    await delay(2300);
    expect(counted(session, 'interrupted')).toBe(0);
    gateway.set('down', 'gone', { kind: 'timeout', timeoutMs: 0 });
    const beganMs = performance.now();
    session.checkLine();
    await session.report('interrupted');
    // Without the word the pings would find it after 15 seconds.
    expect(performance.now() - beganMs).toBeLessThan(10_000);
    gateway.clear();
    session.checkLine();
    await session.report('resumed');
    session.type('echo awake-$((40 + 2))\n');
    await session.until(({ text }) => text.includes('awake-42'));
    await ended(session, grant);
  });

  test(`Resume: ${awaySeconds} seconds away, the shell is where it was (the long run: longer than any keep-alive of SSH waits)`, async () => {
    const { session, grant } = await open();
    session.type('here=before\n');
    await gateway.setDown(true);
    await session.report('interrupted');
    await delay(awaySeconds * 1000);
    await gateway.setDown(false);
    session.checkLine();
    session.type('echo $here-$((40 + 2))\n');
    await session.until(({ text }) => text.includes('before-42'), 60_000);
    expect([counted(session, 'interrupted'), counted(session, 'ended')]).toEqual([1, 0]);
    await ended(session, grant);
  }, 60_000 + awaySeconds * 1000);

  test('Resume: a session that was terminated meanwhile ends with that reason, told by the gateway', async () => {
    const { session, grant } = await open();
    await gateway.setDown(true);
    await session.report('interrupted');
    await gateway.link.terminate({ kind: 'connection', connectionId: grant.connectionId }, 'session.terminated');
    await gateway.setDown(false);
    expect(await session.report('ended')).toMatchObject({ code: 'session.terminated' });
  });

  test('Resume: a program that ends while the network is gone has shown its last words, and its exit status, when it is back', async () => {
    const { session, grant } = await open();
    // On this machine, as the target is: it ends when the network is gone, however long that takes.
    const goOn = join(tmpdir(), `mavis-go-on-${randomUUID()}`);
    session.type(`echo wait""ing; while [ ! -e ${goOn} ]; do sleep 0.1; done; echo last-$((40 + 2)); exit 7\n`);
    await session.until(({ text }) => text.includes('waiting'));
    await gateway.setDown(true);
    await session.report('interrupted');
    await writeFile(goOn, '');
    await gateway.journalUntil(grant, (events) => events.some(({ kind }) => kind === 'ended'));
    await gateway.setDown(false);
    expect(await session.report('ended', 60_000)).toMatchObject({ code: 'session.ended', exitStatus: 7 });
    expect(session.text).toContain('last-42');
    await rm(goOn);
  });

  test('Resume: ending it while the network is gone ends it here at once', async () => {
    const { session, grant } = await open();
    await gateway.setDown(true);
    await session.report('interrupted');
    session.end();
    expect(await session.report('ended')).toMatchObject({ code: 'session.closed-by-user' });
    await gateway.setDown(false);
    await delay(700);
    expect(counted(session, 'resumed')).toBe(0);
    await gateway.link.terminate({ kind: 'connection', connectionId: grant.connectionId }, 'session.terminated');
  });

  test('Resume: a gateway that fell and is back ends its sessions with their reason', async () => {
    const { session, grant } = await open();
    await gateway.journalUntil(grant, (all) => all.some(({ kind }) => kind === 'connected'));
    await gateway.kill();
    await session.report('interrupted');
    await gateway.startAgain();
    expect(await session.report('ended', 60_000)).toMatchObject({ code: 'session.gateway-lost', args: { gateway: 'office1' } });
    const events = await gateway.journalUntil(grant, (all) => all.some(({ kind }) => kind === 'ended'));
    expect(events.filter(({ kind }) => kind === 'ended').map(({ facts }) => facts['code'])).toEqual(['gateway.restarted']);
  });
});
