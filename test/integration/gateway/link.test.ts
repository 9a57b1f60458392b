import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditHeadText } from '../../../shared/audit-head.ts';
import { recordingId, type RecordingId } from '../../../shared/ids.ts';
import { encodeLinkFrame } from '../../../shared/link/framing.ts';
import { gatewayStatusReport, MAX_RECORDINGS_A_PAGE, pingAnswer, probeResult, spooledRecording, type SpooledRecording } from '../../../shared/link/messages.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { GatewayLink } from '../../../src-service/link/gateway-link.ts';
import type { TestKeyPair } from '../../fixtures/key-pair.ts';
import { ShiftableClock } from '../../fixtures/manual-clock.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';
import { TestLinkClient } from '../../fixtures/gateway-link-client.ts';
import { makeServiceKeys } from '../../fixtures/signed-gateway-configuration.ts';

describe('the link on the port that stands for 443', () => {
  const clock = new ShiftableClock(systemClock());
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await TestGateway.start({ clock });
  });
  afterAll(() => gateway.stop());

  const ping = (key: TestKeyPair | null): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: gateway.running.linkPort, path: '/ping', rejectUnauthorized: false, agent: false, ...(key === null ? {} : { key: key.keyPem, cert: key.certificatePem }) }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        response.on('end', () => resolve(JSON.parse(text)));
      });
      asked.on('error', reject);
      asked.end();
    });

  test('S60, S62: anybody is told the time and which proxy ports are open; the version only a client whose key a grant named', async () => {
    const anybody = pingAnswer.parse(await ping(null));
    expect(Math.abs(Date.parse(anybody.time) - clock.wallMs())).toBeLessThan(5000);
    expect(anybody.proxyPorts).toEqual(gateway.running.proxyPorts.map((port) => ({ port, open: true, protocols: ['ssh', 'sftp'] })));
    expect(anybody.version).toBeUndefined();
    expect(pingAnswer.parse(await ping(gateway.clientKey)).version).toBeUndefined();
    await gateway.grant();
    expect(pingAnswer.parse(await ping(gateway.clientKey)).version).toBe('0.0.0-test');
  });

  test('S54, S57: a spool of more recordings than a frame of the link holds is listed whole, in pages', async () => {
    const one = (): SpooledRecording => spooledRecording.parse({ recordingId: randomUUID(), connectionId: randomUUID(), reference: 'MV-ABCDE-FGHJK', protocol: 'ssh', startedAt: '2026-01-01T00:00:00.000Z', state: 'sealed', code: null, sizeBytes: 123_456, sha256: randomBytes(32).toString('base64url') });
    gateway.recordings.listed = Array.from({ length: 8000 }, one);
    const { certificatePem, keyPem } = gateway.serviceKey;
    const link = new GatewayLink({ address: { gatewayName: 'office1', host: '127.0.0.1', port: gateway.running.linkPort, pins: [gateway.keys.tlsPin] }, identity: { certificatePem, keyPem }, random: () => 0.5, onControlOpen: () => undefined, onControlLost: () => undefined });
    const ids = (recordings: readonly SpooledRecording[]): string[] => recordings.map(({ recordingId: id }) => id).toSorted();
    try {
      expect(ids(await link.recordingList({ timeLimitMs: 60_000 }))).toEqual(ids(gateway.recordings.listed));
      // A whole page with nothing behind it.
      gateway.recordings.listed = gateway.recordings.listed.slice(0, MAX_RECORDINGS_A_PAGE);
      expect(ids(await link.recordingList({ timeLimitMs: 60_000 }))).toEqual(ids(gateway.recordings.listed));
    } finally {
      gateway.recordings.listed = [];
      link.stop();
    }
  });

  test('S60: the status says what the service must know, in the form of the contract', async () => {
    const status = gatewayStatusReport.parse(await gateway.link.ask('status', { epoch: 0 }));
    expect(status).toMatchObject({ gatewayId: gateway.configuration.gatewayId, canRecord: true, draining: false, shortages: [], sessions: 0 });
    const events = await gateway.journal();
    expect(status.journalHead.sequence).toBeGreaterThan(0);
    expect(events.find(({ sequence }) => sequence === status.journalHead.sequence)?.hash).toBe(status.journalHead.hash);
  });

  test('S61, S63, S72, S73: all proxy ports, whatever numbers the configuration gives them, carry a session', async () => {
    for (const port of gateway.running.proxyPorts) {
      const { ticket } = await gateway.grant();
      const client = await gateway.client(gateway.clientKey, { port });
      client.hello(ticket);
      expect(await client.outcome()).toBe('accepted');
      client.destroy();
    }
  });

  test('a status is answered within a second, p99, while recordings are pulled (rule 16)', async () => {
    const id: RecordingId = recordingId.parse(randomUUID());
    const bytes = randomBytes(8 * 1024 * 1024);
    gateway.recordings.stored.set(id, bytes);
    const bulk = await gateway.openLink('bulk');
    const pulling = new AbortController();
    let pulled = 0;
    const pull = async (): Promise<void> => {
      for (let offset = 0; !pulling.signal.aborted; offset = (offset + 262_144) % bytes.length) {
        const answer = await bulk.request('recordingRead', { recordingId: id, offset, length: 262_144 });
        pulled += 'bytes' in answer ? answer.bytes.length : 0;
      }
    };
    const pulls = [pull(), pull(), pull(), pull()];
    const times: number[] = [];
    for (let asked = 0; asked < 200; asked += 1) {
      const begun = performance.now();
      await gateway.link.ask('status', { epoch: 0 });
      times.push(performance.now() - begun);
    }
    pulling.abort();
    await Promise.all(pulls);
    expect(times.toSorted((one, other) => one - other)[198]).toBeLessThan(1000);
    expect(pulled).toBeGreaterThan(1024 * 1024);
    bulk.close();
  });

  test('a recording is read in pieces to its end, and released; an unknown one is refused (B6)', async () => {
    const id: RecordingId = recordingId.parse(randomUUID());
    const bytes = randomBytes(300_000);
    gateway.recordings.stored.set(id, bytes);
    const bulk = await gateway.openLink('bulk');
    const first = await bulk.request('recordingRead', { recordingId: id, offset: 0, length: 262_144 });
    const second = await bulk.request('recordingRead', { recordingId: id, offset: 262_144, length: 262_144 });
    expect('bytes' in first && 'bytes' in second && Buffer.concat([first.bytes, second.bytes]).equals(bytes)).toBe(true);
    expect(await bulk.request('recordingRelease', { epoch: 0, recordingId: id, sha256: 'A'.repeat(43) })).toEqual({ result: {} });
    expect(gateway.recordings.released).toContain(id);
    expect(await bulk.request('recordingRead', { recordingId: id, offset: 0, length: 10 })).toMatchObject({ code: 'request.not-found' });
    for (const wrong of ['../../etc/passwd', 'a'.repeat(36), `${id}/..`, '', null]) expect(await bulk.request('recordingRead', { recordingId: wrong, offset: 0, length: 10 })).toMatchObject({ code: 'request.invalid', args: { field: 'recordingId' } });
    expect(await bulk.request('recordingRead', { recordingId: id, offset: -1, length: 10 })).toMatchObject({ code: 'request.invalid' });
    expect(await bulk.request('recordingRead', { recordingId: id, offset: 0, length: 262_145 })).toMatchObject({ code: 'request.invalid' });
    bulk.close();
  });

  test('unknown methods and wrong parameters are refused by code, and the link lives on', async () => {
    expect(await gateway.link.request('constructor', {})).toMatchObject({ code: 'request.not-found' });
    expect(await gateway.link.request('recordingList', {})).toMatchObject({ code: 'request.not-found' });
    expect(await gateway.link.request('grant', { grant: { kind: 'target' } })).toMatchObject({ code: 'request.invalid' });
    expect(await gateway.link.request('journalRead', { epoch: 0, after: 0, limit: 501 })).toMatchObject({ code: 'request.invalid', args: { field: 'limit' } });
    await gateway.link.ask('status', { epoch: 0 });
  });

  test('what is no frame of the link, or belongs to the other channel, closes that connection only', async () => {
    const wrong = [Buffer.from([0xff, 0xff, 0xff, 0xff, 0]), Buffer.from([0, 0, 0, 0]), encodeLinkFrame(0, Buffer.from('not json')), encodeLinkFrame(1, Buffer.from('x')), Buffer.concat([encodeLinkFrame(0, Buffer.from(JSON.stringify({ id: 1, channel: 'control', method: 'status', params: { epoch: 0 } }))), encodeLinkFrame(0, Buffer.from(JSON.stringify({ id: 2, channel: 'bulk', method: 'recordingList', params: {} })))])];
    for (const bytes of wrong) {
      const link = await TestLinkClient.open(gateway.running.linkPort, gateway.serviceKey);
      const closed = new Promise<void>((resolve) => link.socket.once('close', () => resolve()));
      link.socket.write(bytes);
      await closed;
    }
    expect(await gateway.link.ask('status', { epoch: 0 })).toMatchObject({ canRecord: true });
  });

  test('terminate ends one connection with its code, drops an unused grant, and leaves others alone', async () => {
    const [one, other] = [await gateway.session(), await gateway.session()];
    expect(await gateway.link.ask('terminate', { target: { kind: 'connection', connectionId: one.grant.connectionId }, code: 'session.terminated' })).toEqual({ ended: 1, grantsDropped: 0 });
    expect(await one.client.closeCode()).toBe('session.terminated');
    expect((await gateway.finalEntry(one.grant)).facts['code']).toBe('session.terminated');
    const unused = await gateway.grant();
    expect(await gateway.link.ask('terminate', { target: { kind: 'connection', connectionId: unused.grant.connectionId }, code: 'session.terminated' })).toEqual({ ended: 0, grantsDropped: 1 });
    const late = await gateway.client();
    late.hello(unused.ticket);
    expect(await late.outcome()).toBe('ticket.refused');
    other.client.stream?.send(Buffer.from('alive'));
    await other.client.bytes(10);
    other.client.destroy();
  });

  test('rule 11: revoking a user ends sessions and grants, refuses new grants for 60 seconds, and no longer', async () => {
    const user = { id: randomUUID(), name: 'mallory', displayName: 'Mallory' };
    const userGrant = gateway.makeGrant().grant;
    const withUser = { user: { ...userGrant.user, ...user, id: gateway.makeGrant({}).grant.user.id } };
    const session = await gateway.session(withUser);
    const unused = await gateway.grant(withUser);
    const bystander = await gateway.session();
    expect(await gateway.link.ask('terminate', { target: { kind: 'user', userId: withUser.user.id }, code: 'session.user-disabled' })).toEqual({ ended: 1, grantsDropped: 1 });
    expect(await session.client.closeCode()).toBe('session.user-disabled');
    const client = await gateway.client();
    client.hello(unused.ticket);
    expect(await client.outcome()).toBe('ticket.refused');
    expect(await gateway.link.request('grant', { grant: gateway.makeGrant(withUser).grant })).toMatchObject({ code: 'session.user-disabled' });
    clock.advance(61_000);
    expect(await gateway.link.request('grant', { grant: gateway.makeGrant(withUser).grant })).toHaveProperty('result');
    expect(bystander.client.seen.some(({ value }) => value['code'] === 'session.user-disabled')).toBe(false);
    bystander.client.destroy();
  });

  test('a probe tells each stage of the way to a target, without a credential', async () => {
    const target = { host: '127.0.0.1', port: gateway.target.port, allowSpecialAddress: true, identities: [], firstUseTrust: false };
    const good = probeResult.parse(await gateway.link.ask('probe', { protocol: 'rdp', target, timeLimitMs: 10_000 }));
    expect(good.stages.map(({ stage, ok }) => [stage, ok])).toEqual([['resolve', true], ['tcp', true]]);
    const codes = async (changes: Record<string, unknown>): Promise<unknown> => probeResult.parse(await gateway.link.ask('probe', { protocol: 'rdp', target: { ...target, ...changes }, timeLimitMs: 10_000 })).stages.at(-1);
    expect(await codes({ port: 1 })).toMatchObject({ stage: 'tcp', ok: false, code: 'target.refused' });
    expect(await codes({ host: 'nowhere.invalid' })).toMatchObject({ stage: 'resolve', ok: false, code: 'target.name-unknown' });
    expect(await codes({ allowSpecialAddress: false })).toMatchObject({ stage: 'resolve', ok: false, code: 'target.address-forbidden' });
  });

  test('rule 18: audit heads that the service signed are kept beside the data and can be exported', async () => {
    const unsigned = { sequence: 12, hash: 'abc', signedAt: new Date().toISOString() };
    const head = { ...unsigned, signature: gateway.service.sign(auditHeadText(unsigned)) };
    await gateway.link.ask('auditHead', head);
    // Rule 18: what the service has not signed, or was changed since, proves nothing and is not kept.
    for (const forged of [{ ...head, hash: 'abd' }, { ...head, sequence: 13 }, { ...head, signature: Buffer.alloc(64).toString('base64url') }, { ...head, signature: makeServiceKeys().sign(auditHeadText(unsigned)) }]) {
      expect(await gateway.link.request('auditHead', forged)).toMatchObject({ code: 'request.signature-invalid' });
    }
    expect(JSON.parse((await readFile(join(gateway.folder, 'audit-heads.jsonl'), 'utf8')).trim())).toEqual(head);
  });

  test('rule 17: after an epoch was seen a lower one is refused for status, journal and releases', async () => {
    const other = await TestGateway.start();
    try {
      await other.link.ask('status', { epoch: 7 });
      expect(await other.link.request('status', { epoch: 6 })).toMatchObject({ code: 'request.conflict', args: { what: 'epoch' } });
      expect(await other.link.request('journalRead', { epoch: 6, after: 0, limit: 1 })).toMatchObject({ code: 'request.conflict' });
      expect(await other.link.request('journalRelease', { epoch: 6, upTo: 0 })).toMatchObject({ code: 'request.conflict' });
      const bulk = await other.openLink('bulk');
      expect(await bulk.request('recordingRelease', { epoch: 6, recordingId: randomUUID(), sha256: 'A'.repeat(43) })).toMatchObject({ code: 'request.conflict' });
      expect(await other.link.request('journalRead', { epoch: 7, after: 0, limit: 1 })).toHaveProperty('result');
    } finally {
      await other.stop();
    }
  });
});

describe('a gateway that cannot take sessions', () => {
  test('B13: where nothing can be recorded grants and tickets are refused by code, the status says so, and it passes', async () => {
    const gateway = await TestGateway.start();
    try {
      const { ticket } = await gateway.grant();
      gateway.recordings.ability = { ok: false, code: 'gateway.spool-low', freeBytes: 1000 };
      expect(await gateway.link.request('grant', { grant: gateway.makeGrant().grant })).toMatchObject({ code: 'gateway.spool-low' });
      const client = await gateway.client();
      client.hello(ticket);
      expect(await client.outcome()).toBe('gateway.spool-low');
      expect(gateway.target.connections).toBe(0);
      expect(await gateway.link.ask('status', { epoch: 0 })).toMatchObject({ canRecord: false, spoolFreeBytes: 1000, shortages: ['gateway.spool-low'] });
      gateway.recordings.ability = { ok: true, freeBytes: 10 ** 9 };
      (await gateway.session()).client.destroy();
    } finally {
      await gateway.stop();
    }
  });

  test('more sessions than the limit are refused as full, those that run go on', async () => {
    const gateway = await TestGateway.start({ settings: { maxSessions: 1 } });
    try {
      const { client } = await gateway.session();
      expect(await gateway.link.request('grant', { grant: gateway.makeGrant().grant })).toMatchObject({ code: 'gateway.full' });
      client.stream?.send(Buffer.from('on'));
      await client.bytes(7);
    } finally {
      await gateway.stop();
    }
  });

  test('a proxy port that another program holds closes that port only, and the status names it', async () => {
    const { createServer } = await import('node:net');
    const holder = createServer();
    const first = await TestGateway.start();
    const [, , third = 0] = first.running.proxyPorts;
    await first.running.stop();
    await new Promise<void>((resolve) => holder.listen(third, '127.0.0.1', resolve));
    try {
      await first.startAgain();
      expect(first.running.proxyPorts).toHaveLength(2);
      const status = gatewayStatusReport.parse(await first.link.ask('status', { epoch: 0 }));
      expect(status.shortages).toEqual(['gateway.port-closed']);
      expect(status.ports.find(({ port }) => port === third)?.open).toBe(false);
    } finally {
      holder.close();
      await first.stop();
    }
  });
});
