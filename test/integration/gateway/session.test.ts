import { createHash, randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeFrame, frameType } from '../../../shared/proxy-stream/frames.ts';
import { failingDisk } from '../../fixtures/failing-journal-disk.ts';
import { HostileProxyClient } from '../../fixtures/hostile-proxy-client.ts';
import { ShiftableClock, slowedClock } from '../../fixtures/manual-clock.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';

describe('a session through the gateway', () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start();
  });
  afterAll(() => gateway.stop());

  test('S2, S3, S53, S54, S55: the client reaches its target through the gateway, step by step, and bytes flow both ways', async () => {
    const { grant, ticket } = await gateway.grant();
    const client = await gateway.client();
    client.hello(ticket, { terminal: { columns: 80, rows: 24 } });
    const accepted = await client.frame(frameType.accepted);
    expect(accepted).toMatchObject({ reference: grant.reference, recording: true, notAfter: grant.notAfter, resumeSeconds: 300 });
    expect(client.seen.filter(({ type }) => type === frameType.progress).map(({ value }) => value['step'])).toEqual(['ticket-accepted', 'resolving-target', 'reaching-target', 'target-reached', 'signing-on', 'signed-on']);
    expect(gateway.echo.signOns.at(-1)).toMatchObject({ terminal: { columns: 80, rows: 24 } });

    const bytes = randomBytes(1_500_000);
    const stream = client.openStream();
    for (let at = 0; at < bytes.length; at += 50_000) stream.send(bytes.subarray(at, at + 50_000));
    const back = await client.bytes(bytes.length);
    expect(createHash('sha256').update(back).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    stream.finish();
    expect(await client.closeCode()).toBe('session.ended');
    await client.closed;
    const ended = await gateway.finalEntry(grant);
    expect(ended).toMatchObject({ kind: 'ended', reference: grant.reference, facts: { code: 'session.ended', bytesIn: bytes.length, bytesOut: bytes.length, exitStatus: 0, targetAddress: '127.0.0.1', specialAddress: 'loopback', userName: 'aiko' } });
    expect(ended.facts['durationMs']).toBeGreaterThan(0);
  });

  test('S16, S19: the recording is announced only when the protocol is connected, and journaled as connected', async () => {
    const { grant, ticket } = await gateway.grant();
    const client = await gateway.client();
    client.hello(ticket);
    await client.frame(frameType.accepted);
    expect(client.seen.some(({ value }) => value['kind'] === 'recording')).toBe(false);
    client.openStream().send(Buffer.from('x'));
    await client.bytes(1);
    const message = await client.frame(frameType.message);
    const events = await gateway.journalUntil((all) => all.some(({ kind, connectionId }) => kind === 'connected' && connectionId === grant.connectionId));
    expect(events.find(({ kind, connectionId }) => kind === 'connected' && connectionId === grant.connectionId)?.facts['recordingId']).toBe(message['recordingId']);
    client.send(frameType.close, { code: 'session.closed-by-user' });
    expect((await gateway.finalEntry(grant)).facts['code']).toBe('session.closed-by-user');
  });

  test('S18: who is slow to read and still sends is told all the same why the session ended', async () => {
    const { client, grant } = await gateway.session();
    client.socket.pause();
    await gateway.link.ask('terminate', { target: { kind: 'connection', connectionId: grant.connectionId }, code: 'session.terminated' });
    // A gateway that is gone by now answers with a reset, which takes with it what was not read.
    for (let sent = 0; sent < 20; sent += 1) {
      client.sendRaw(encodeFrame(frameType.ping, new Uint8Array(8)));
      await setTimeout(10);
    }
    client.socket.resume();
    expect(await client.closeCode()).toBe('session.terminated');
    await client.closed;
  });

  test('S16, S18: a target that refuses is a failure with its code, an entry in the journal and no recording', async () => {
    const { grant, ticket } = await gateway.grant({ target: { port: 1 } });
    const client = await gateway.client();
    client.hello(ticket);
    expect(await client.frame(frameType.failed)).toMatchObject({ code: 'target.refused', credentialSent: false });
    const events = await gateway.journalUntil((all) => all.some(({ kind, connectionId }) => kind === 'failed' && connectionId === grant.connectionId));
    const own = events.filter(({ connectionId }) => connectionId === grant.connectionId);
    expect(own.map(({ kind }) => kind)).toEqual(['granted', 'ticket-used', 'failed']);
  });

  test('a refused sign-on says that a credential was sent, so that no other gateway is tried (rule 4)', async () => {
    const { ticket, grant } = await gateway.grant({ credential: { kind: 'password', userName: 'refused', password: 'canary-password' } });
    const client = await gateway.client();
    client.hello(ticket);
    expect(await client.frame(frameType.failed)).toMatchObject({ code: 'target.sign-on-refused', credentialSent: true });
    expect((await gateway.finalEntry(grant)).facts).toMatchObject({ code: 'target.sign-on-refused', credentialSent: true });
  });

  test('rule 4: a client hears of a failure when it is safe on the disk, so that a retry finds the word of the gateway; a disk that hangs holds it up for a moment only, and one that refuses not at all', async () => {
    const disk = failingDisk();
    // The moment that a disk is waited for is over when this clock is moved, and not before, however busy the machine is.
    const clock = new ShiftableClock(slowedClock(60));
    const held = await TestGateway.start({ clock, options: { journalDisk: disk } });
    try {
      const failing = async (): Promise<{ client: HostileProxyClient; connectionId: string; waits: Promise<void>; goOn: () => void }> => {
        const { ticket, grant } = await held.grant({ credential: { kind: 'password', userName: 'hangs', password: 'canary-password' } });
        const client = await held.client();
        client.hello(ticket);
        await client.until(() => client.seen.find(({ value }) => value['step'] === 'signing-on'));
        const holding = disk.hold();
        client.send(frameType.cancel, {});
        return { client, connectionId: grant.connectionId, ...holding };
      };
      const slow = await failing();
      await slow.waits;
      // What was sent on one connection before a question came on another is there before its answer.
      for (let rounds = 0; rounds < 3; rounds += 1) await held.link.ask('status', { epoch: 0 });
      expect(slow.client.seen.some(({ type }) => type === frameType.failed)).toBe(false);
      slow.goOn();
      await slow.client.frame(frameType.failed);
      expect((await held.journal()).filter(({ connectionId }) => connectionId === slow.connectionId).at(-1)?.kind).toBe('failed');

      const hung = await failing();
      await hung.waits;
      clock.advance(1000);
      expect(await hung.client.frame(frameType.failed)).toMatchObject({ code: 'connect.cancelled' });
      hung.goOn();
      await held.journalUntil((all) => all.some(({ kind, connectionId }) => kind === 'failed' && connectionId === hung.connectionId));

      const refused = await failing();
      disk.fail('EIO');
      refused.goOn();
      expect(await refused.client.frame(frameType.failed)).toMatchObject({ code: 'connect.cancelled' });
      expect(held.logLines.filter((line) => line.includes('entry not on the disk yet'))).toHaveLength(1);
      expect(held.logLines.join('')).not.toContain('journal takes no more entries');
      disk.repair();
      clock.advance(1000);
      await held.journalUntil((all) => all.some(({ kind, connectionId }) => kind === 'failed' && connectionId === refused.connectionId));
    } finally {
      await held.stop();
    }
  });

  test('a prompt of the target reaches the user, cut to its bounds, and the answer reaches the target', async () => {
    const { ticket } = await gateway.grant({ credential: { kind: 'ask-user', userName: 'asks' } });
    const client = await gateway.client();
    client.hello(ticket);
    const prompt = await client.frame(frameType.prompt);
    expect(String(prompt['name'])).toHaveLength(200);
    client.send(frameType.promptAnswer, { id: prompt['id'], answers: ['123456'] });
    expect(await client.outcome()).toBe('accepted');
    expect(gateway.echo.answers.at(-1)).toEqual(['123456']);
    client.destroy();
  });

  test('an answer to no question ends the connection', async () => {
    const { ticket, grant } = await gateway.grant({ credential: { kind: 'ask-user', userName: 'asks' } });
    const client = await gateway.client();
    client.hello(ticket);
    await client.frame(frameType.prompt);
    client.send(frameType.promptAnswer, { id: 7, answers: ['123456'] });
    expect(await client.outcome()).toBe('session.protocol-violation');
    expect((await gateway.finalEntry(grant)).kind).toBe('failed');
  });

  test('cancel ends a sign-on that hangs', async () => {
    const { ticket, grant } = await gateway.grant({ credential: { kind: 'password', userName: 'hangs', password: 'x' } });
    const client = await gateway.client();
    client.hello(ticket);
    await client.until(() => client.seen.find(({ value }) => value['step'] === 'signing-on'));
    client.send(frameType.cancel, {});
    expect(await client.outcome()).toBe('connect.cancelled');
    expect((await gateway.finalEntry(grant)).facts['code']).toBe('connect.cancelled');
  });

  test('a client that goes in the middle of a session without a word is waited for, the target stays, and its own word ends it', async () => {
    const [gone, said] = [await gateway.session(), await gateway.session()];
    const before = gateway.running.sessions();
    gone.client.destroy();
    said.client.send(frameType.close, { code: 'session.closed-by-user' });
    said.client.destroy();
    expect((await gateway.finalEntry(said.grant)).facts['code']).toBe('session.closed-by-user');
    // It is over a moment after that stands in the journal.
    await expect.poll(() => gateway.running.sessions()).toBe(before - 1);
    await gateway.link.ask('terminate', { target: { kind: 'connection', connectionId: gone.grant.connectionId }, code: 'session.terminated' });
    expect((await gateway.finalEntry(gone.grant)).facts).toMatchObject({ code: 'session.terminated', cuts: 1 });
  });

  test('where the gateway waits for nobody, a client that goes ends its session, and the target is left', async () => {
    const strict = await TestGateway.start({ settings: { resumeSeconds: 0 } });
    try {
      const { client, grant } = await strict.session();
      client.destroy();
      expect((await strict.finalEntry(grant)).facts['code']).toBe('session.gateway-lost');
      await expect.poll(() => strict.running.sessions()).toBe(0);
    } finally {
      await strict.stop();
    }
  });

  test('a protocol that falls is an end with its entry, and its text is in no log', async () => {
    const { ticket, grant } = await gateway.grant({ credential: { kind: 'password', userName: 'falls', password: 'x' } });
    const client = await gateway.client();
    client.hello(ticket);
    await client.frame(frameType.accepted);
    expect(await client.closeCode()).toBe('internal');
    expect((await gateway.finalEntry(grant)).kind).toBe('failed');
    expect(gateway.logLines.join('')).not.toContain('secret words');
    expect(gateway.logLines.join('')).toContain('session fell');
  });

  test('a ping is answered with its own bytes, in a session too', async () => {
    const { client } = await gateway.session();
    client.sendRaw(Buffer.from([frameType.ping, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]));
    const pong = await client.until(() => client.frames.find(({ type }) => type === frameType.pong));
    expect([...pong.payload]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    client.destroy();
  });

  test('no secret of a grant is in log or journal', async () => {
    const said = gateway.logLines.join('') + JSON.stringify(await gateway.journal());
    expect(said).not.toContain('canary-password');
    expect(said).toContain('aiko');
  });

  test('TLS sessions are not resumed (rule 3)', async () => {
    const first = await gateway.client();
    let session: Buffer | undefined;
    first.socket.on('session', (one: Buffer) => (session = one));
    first.hello(randomBytes(32).toString('base64url'));
    await first.closed;
    const second = await HostileProxyClient.open(gateway.running.proxyPorts[0] ?? 0, gateway.clientKey, session === undefined ? {} : { session });
    expect(second.socket.isSessionReused()).toBe(false);
    expect(second.socket.getProtocol()).toBe('TLSv1.3');
    second.destroy();
  });

  test('back-pressure: a client that acknowledges nothing stops the target at the window', async () => {
    const { client } = await gateway.session();
    client.deaf = true;
    const piece = Buffer.alloc(60_000, 7);
    for (let sent = 0; sent < 30; sent += 1) client.stream?.send(piece);
    // 1 MiB is the first window: whole frames up to it come, what is behind stays at the target.
    const seenBytes = (): number => client.frames.filter(({ type }) => type === frameType.data).reduce((sum, { payload, offset }) => sum + payload.length - (offset === undefined ? 8 : 0), 0);
    await client.until(() => (seenBytes() >= 1024 * 1024 ? true : undefined));
    client.sendRaw(Buffer.from([frameType.ping, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]));
    await client.until(() => client.frames.find(({ type }) => type === frameType.pong));
    expect(seenBytes()).toBeLessThan(1024 * 1024 + 70_000);
    client.destroy();
  });
});
