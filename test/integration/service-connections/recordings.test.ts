import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { chmod, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordingId, type RecordingId } from '../../../shared/ids.ts';
import { PlaybackDecoder } from '../../../shared/recording/playback.ts';
import { errorLog } from '../../../src-service/store/schema.ts';
import { BytesAnswer, type RequestContext } from '../../../src-service/http/bound-route.ts';
import { makeGatewayRecording, outputFrame, type GatewayRecording } from '../../fixtures/gateway-recording.ts';
import { GatewaySideWorld } from '../../fixtures/gateway-side-world.ts';

let world: GatewaySideWorld;
let admin: RequestContext;
let auditor: RequestContext;
let user: RequestContext;

beforeAll(async () => {
  world = await GatewaySideWorld.start();
  [admin, auditor, user] = [await world.user('admin'), await world.user('auditor'), await world.user('user')];
});
afterAll(() => world.stop());

type Gateway = Awaited<ReturnType<GatewaySideWorld['gateway']>>;
interface Session {
  readonly gateway: Gateway;
  readonly id: RecordingId;
  readonly reference: string;
  readonly recording: GatewayRecording;
  /** Asks for another connection on the same gateway: the journal of one that is in use is read twice a second, of one at rest with its status. */
  readonly keepBusy: () => Promise<void>;
  /** Ends the session and offers the recording as the gateway's spool would. */
  readonly close: (bytes?: Buffer, changes?: Partial<GatewayRecording['summary']>) => void;
}

/** A connected session, with a container of some blocks ready at its gateway. */
async function connected(blocks = [[outputFrame(1_000, 'hello '), outputFrame(2_000, 'world\r\n')], [outputFrame(9_000, '日本語')]]): Promise<Session> {
  const segment = `gateway-${randomUUID().slice(0, 8)}`;
  const gateway = await world.gateway(segment, admin);
  const { connectionId, reference } = await world.ask(await world.resource([segment]), user);
  const id = recordingId.parse(randomUUID());
  gateway.record({ kind: 'connected', connectionId, reference, facts: { recordingId: id } });
  await world.connectionIn(connectionId, 'connected');
  const recording = makeGatewayRecording({ recordingId: id, connectionId, reference, gatewayId: gateway.id }, { recipientSpki: world.recordingKeySpki, signing: gateway.signingKey }, blocks);
  const close: Session['close'] = (bytes = recording.bytes, changes = {}) => {
    const summary = { ...recording.summary, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('base64url'), ...changes };
    gateway.recordings.set(id, { summary, bytes });
    gateway.record({ kind: 'ended', connectionId, reference, facts: { code: 'session.ended' } });
    gateway.record({ kind: 'recording-closed', connectionId, reference, facts: { recordingId: id, state: summary.state, durationMs: 9 } });
  };
  const keepBusy = async (): Promise<void> => void (await world.ask(await world.resource([segment]), user));
  return { gateway, id, reference, recording, keepBusy, close };
}
const stored = (id: RecordingId) =>
  world.until(async () => {
    const row = (await world.recordings()).find((one) => one.id === id);
    return row?.releasedAt === null ? undefined : row;
  }, 'the recording stored and released');
const read = async (name: 'recordingPlayback' | 'recordingAsciicast', id: RecordingId, query = {}) => {
  const answer = await world.call(name, { params: { recordingId: id }, query }, auditor);
  if (!(answer instanceof BytesAnswer) || !(answer.body instanceof Readable)) throw new Error('a stream was expected');
  return answer.body;
};
const verify = (id: RecordingId) => world.call('recordingVerify', { params: { recordingId: id } }, auditor);
const pathOf = (row: { storedPath: string | null }) => join(world.folder, 'recordings', row.storedPath ?? '');

describe('S15, S58: a recording', () => {
  test('is pulled when its session ends, verified, kept byte for byte, and released', async () => {
    const { gateway, id, reference, recording, close } = await connected();
    close();
    const row = await stored(id);
    expect(row).toMatchObject({ state: 'sealed', code: null, sizeBytes: recording.bytes.length, durationMs: 9, sha256: recording.summary.sha256 });
    expect(await readFile(pathOf(row))).toEqual(recording.bytes);
    expect(row.storedPath).toMatch(/^\d{4}\/\d{2}\/[0-9a-f-]{36}\.mavisrec$/);
    expect((await stat(pathOf(row))).mode & 0o777).toBe(0o400);
    expect((await stat(join(world.folder, 'recordings'))).mode & 0o777).toBe(0o700);
    expect(gateway.released.recordings).toEqual([id]);
    expect((await world.audit(reference)).map(({ kind }) => kind)).toContain('recording.stored');
    expect(await verify(id)).toMatchObject({ ok: true, frames: 2, signed: true, code: null });
  });

  test('its beginning, its end and its pull are each told, by its id alone (rule 17)', async () => {
    const notices: (string | null)[] = [];
    const stop = await world.store.listen('recordings', (payload) => notices.push(payload));
    const { id, close } = await connected();
    const told = (times: number) => world.until(async () => (notices.filter((payload) => payload === id).length >= times ? true : undefined), `${times} notices`);
    await told(1);
    close();
    await stored(id);
    await told(3);
    await stop();
    expect(new Set(notices)).toEqual(new Set([id]));
  });

  test('plays as it was recorded; each reading is an audit entry', async () => {
    const { id, reference, close } = await connected();
    close();
    await stored(id);
    const parts = new PlaybackDecoder().push(await buffer(await read('recordingPlayback', id)));
    expect(parts.map(({ part }) => part)).toEqual(['header', 'frame', 'frame', 'frame', 'end']);
    expect(parts.flatMap((part) => (part.part === 'frame' ? [Buffer.from(part.frame.payload).toString()] : [])).join('')).toBe('hello world\r\n日本語');
    expect(parts.at(-1)).toMatchObject({ end: { state: 'sealed', code: null } });
    const lines = (await text(await read('recordingAsciicast', id, { version: 2 }))).trim().split('\n').map((line): unknown => JSON.parse(line));
    expect(lines[0]).toMatchObject({ version: 2 });
    expect(lines.slice(1)).toEqual([[0.001, 'o', 'hello '], [0.002, 'o', 'world\r\n'], [0.009, 'o', '日本語']]);
    const readings = (await world.audit(reference)).filter(({ kind }) => /^recording\.(played|exported)$/.test(kind));
    expect(readings.map(({ kind }) => kind)).toEqual(['recording.played', 'recording.exported']);
  });

  test('of 3 MiB comes in chunks of at most 256 KiB and is whole', async () => {
    const blocks = Array.from({ length: 24 }, (_, index) => [1, 2].map((half) => outputFrame((2 * index + half) * 1_000, randomBytes(60 * 1024))));
    const { gateway, id, recording, close } = await connected(blocks);
    close();
    const row = await stored(id);
    expect(row.sha256).toBe(recording.summary.sha256);
    const reads = gateway.asked.filter(({ method }) => method === 'recordingRead').map(({ params }) => Number(Reflect.get(Object(params), 'length')));
    expect(Math.max(...reads)).toBe(256 * 1024);
    expect(reads.length).toBe(Math.ceil(recording.bytes.length / (256 * 1024)));
  });

  test('that broke off on the way is gone on with, not begun again', async () => {
    const blocks = Array.from({ length: 8 }, (_, index) => [1, 2].map((half) => outputFrame((2 * index + half) * 1_000, randomBytes(60 * 1024))));
    const { gateway, id, recording, close } = await connected(blocks);
    let reads = 0;
    const offsets: number[] = [];
    gateway.script.set('recordingRead', []);
    const shift = (): undefined => {
      reads += 1;
      if (reads === 3) gateway.cut();
      return undefined;
    };
    Object.defineProperty(gateway.script.get('recordingRead'), 'shift', { value: shift });
    close();
    await world.until(async () => (reads >= 3 ? true : undefined), 'the link cut');
    await world.syncNow(gateway.id, admin);
    const row = await stored(id);
    expect(row.sha256).toBe(recording.summary.sha256);
    offsets.push(...gateway.asked.filter(({ method }) => method === 'recordingRead').map(({ params }) => Number(Reflect.get(Object(params), 'offset'))));
    expect(offsets.filter((offset) => offset === 0)).toHaveLength(1);
  });

  test('is not there to play before it was pulled', async () => {
    const { id } = await connected();
    await expect(read('recordingPlayback', id)).rejects.toMatchObject({ code: 'recording.not-stored' });
    expect(await world.call('recordingRead', { params: { recordingId: id } }, auditor)).toMatchObject({ id, state: 'recording', stored: false });
  });

  test('is listed by reference and by words, newest first', async () => {
    const { id, reference } = await connected();
    const list = async (query: object) => Object(await world.call('recordingList', { query }, auditor)).items.map((one: { id: string }) => one.id);
    expect(await list({ reference })).toEqual([id]);
    expect(await list({ search: '%' })).toEqual([]);
    expect((await list({ limit: 1 }))[0]).toBe(id);
    expect((await list({ search: user.user.name.slice(0, 10) })).length).toBeGreaterThan(1);
  });
});

describe('S69: evidence that is not whole is kept, marked, and says why', () => {
  test.each<[string, (recording: GatewayRecording) => Buffer, string]>([
    ['cut off before its seal', ({ bytes }) => bytes.subarray(0, bytes.length - 200), 'recording.broken'],
    ['changed by one bit', ({ bytes }) => { const changed = Buffer.from(bytes); const at = Math.floor(changed.length * 0.6); changed.writeUInt8(changed.readUInt8(at) ^ 1, at); return changed; }, 'recording.broken'],
    ['empty', () => Buffer.alloc(0), 'recording.evidence-missing'],
  ])('a recording %s', async (_what, spoil, code) => {
    const { id, reference, recording, gateway, close } = await connected();
    close(spoil(recording));
    const row = await stored(id);
    expect(row.state).toBe('incomplete');
    expect([code, 'recording.broken', 'recording.evidence-missing']).toContain(row.code);
    expect(await readFile(pathOf(row))).toEqual(spoil(recording));
    expect((await world.errorsUnder(reference)).map((entry) => [entry.code, entry.gatewayName])).toEqual([[row.code, gateway.name]]);
    expect(await verify(id)).toMatchObject({ ok: false });
  });

  test('a recording that ends before the last head known: evidence missing', async () => {
    const frames = [outputFrame(1_000, 'kept'), outputFrame(2_000, 'hidden later')];
    const whole = await connected(frames.map((frame) => [frame]));
    whole.gateway.statusChanges = { recordings: [{ recordingId: whole.id, ...whole.recording.head }] };
    await world.syncNow(whole.gateway.id, admin);
    await world.until(async () => ((await world.recordings()).find(({ id }) => id === whole.id)?.headFrames === 2 ? true : undefined), 'the head known');
    const [first] = frames;
    const row0 = (await world.recordings()).find(({ id }) => id === whole.id);
    if (first === undefined || row0 === undefined) throw new Error('a frame and a row were expected');
    const shorter = makeGatewayRecording({ recordingId: whole.id, connectionId: row0.connectionId, reference: row0.reference, gatewayId: whole.gateway.id }, { recipientSpki: world.recordingKeySpki, signing: whole.gateway.signingKey }, [[first]]);
    whole.close(shorter.bytes);
    expect(await stored(whole.id)).toMatchObject({ state: 'incomplete', code: 'recording.evidence-missing' });
  });

  test("a seal that another key signed is not the gateway's", async () => {
    const one = await connected();
    const other = await connected();
    const row = (await world.recordings()).find(({ id }) => id === one.id);
    if (row === undefined) throw new Error('a row was expected');
    const forged = makeGatewayRecording({ recordingId: one.id, connectionId: row.connectionId, reference: row.reference, gatewayId: one.gateway.id }, { recipientSpki: world.recordingKeySpki, signing: other.gateway.signingKey }, [[outputFrame(1, 'forged')]]);
    one.close(forged.bytes);
    expect(await stored(one.id)).toMatchObject({ state: 'incomplete', code: 'recording.signature-invalid' });
  });

  test('a recording of another session in its place is seen', async () => {
    const [one, other] = [await connected(), await connected()];
    one.close(other.recording.bytes);
    expect(await stored(one.id)).toMatchObject({ state: 'incomplete', code: 'recording.broken' });
  });

  test('bytes that came otherwise than the gateway said are pulled again', async () => {
    const { gateway, id, recording, close } = await connected();
    close(recording.bytes, { sha256: createHash('sha256').update('something else').digest('base64url') });
    await world.until(async () => (world.logged.some((line) => line.includes('pulled again') && line.includes(id)) ? true : undefined), 'the difference seen');
    expect((await world.recordings()).find((one) => one.id === id)?.storedAt).toBeNull();
    gateway.recordings.set(id, { summary: recording.summary, bytes: recording.bytes });
    await world.syncNow(gateway.id, admin);
    expect((await stored(id)).state).toBe('sealed');
  });

  test('bytes that were changed on the disk are found, and the playback ends as broken', async () => {
    const { id, close } = await connected();
    close();
    const row = await stored(id);
    const bytes = await readFile(pathOf(row));
    const at = bytes.length - 300;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
    await chmod(pathOf(row), 0o600);
    await writeFile(pathOf(row), bytes);
    expect(await verify(id)).toMatchObject({ ok: false });
    const parts = new PlaybackDecoder().push(await buffer(await read('recordingPlayback', id)));
    // All that comes before the break is still shown.
    expect(parts.flatMap((part) => (part.part === 'frame' ? [Buffer.from(part.frame.payload).toString()] : [])).join('')).toBe('hello world\r\n日本語');
    expect(parts.at(-1)).toMatchObject({ part: 'end', end: { state: 'broken' } });
  });
});

describe('a gateway in other hands cannot fill the service\'s disk', () => {
  /** Tells of the recording once more, as a gateway may: it is pulled anew, as far as it is allowed. */
  const tellAgain = ({ gateway, id, reference }: Session): void => {
    const told = gateway.journal.find(({ kind }) => kind === 'recording-closed');
    gateway.record({ kind: 'recording-closed', connectionId: told?.connectionId ?? null, reference: told?.reference ?? null, facts: { recordingId: id, state: 'sealed', durationMs: 9 } });
    expect(told?.reference).toBe(reference);
  };
  const rowOf = async (id: RecordingId) => (await world.recordings()).find((one) => one.id === id);
  const asked = ({ gateway, id }: Session): number => gateway.asked.filter(({ method, params }) => method === 'recordingRead' && JSON.stringify(params).includes(id)).length;

  test('a recording that is said to be larger than the limit is left there, told once, and pulled when the limit is raised', async () => {
    const { bytesAtMost } = world.recordingLimits;
    const session = await connected();
    world.recordingLimits.bytesAtMost = session.recording.bytes.length - 1;
    await session.keepBusy();
    session.close();
    await world.until(async () => ((await rowOf(session.id))?.code === 'recording.too-large' ? true : undefined), 'the refusal');
    expect(await rowOf(session.id)).toMatchObject({ state: 'incomplete', sizeBytes: session.recording.bytes.length, storedAt: null, releasedAt: null });
    expect(asked(session)).toBe(0);
    const listed = session.gateway.nextAsked('recordingList');
    tellAgain(session);
    await listed;
    expect(await world.errorsUnder(session.reference)).toContainEqual({ code: 'recording.too-large', leg: 'gateway', gatewayName: session.gateway.name });
    expect((await world.audit(session.reference)).filter(({ kind }) => kind === 'recording.refused').at(0)?.facts).toMatchObject({ code: 'recording.too-large', bytes: session.recording.bytes.length, bytesAtMost: world.recordingLimits.bytesAtMost });
    world.recordingLimits.bytesAtMost = session.recording.bytes.length;
    tellAgain(session);
    expect(await stored(session.id)).toMatchObject({ state: 'sealed', code: null });
    world.recordingLimits.bytesAtMost = bytesAtMost;
  });

  test('a claim beyond every measure is not believed, whatever follows', async () => {
    const session = await connected();
    session.close(session.recording.bytes, { sizeBytes: Number.MAX_SAFE_INTEGER });
    await world.until(async () => ((await rowOf(session.id))?.code === 'recording.too-large' ? true : undefined), 'the refusal');
    expect(asked(session)).toBe(0);
  });

  test('what is kept free of the disk stays free: recordings wait at their gateway, the error log says so once, and they come when there is room', async () => {
    const session = await connected();
    const other = await connected();
    const told = async (): Promise<number> => (await world.store.database.select().from(errorLog)).filter(({ code }) => code === 'recording.storage-low').length;
    const before = await told();
    await Promise.all([session.keepBusy(), other.keepBusy()]);
    world.recordingLimits.freeBytesAtLeast = Number.MAX_SAFE_INTEGER;
    session.close();
    await world.until(async () => ((await told()) > before ? true : undefined), 'the error log');
    const listed = other.gateway.nextAsked('recordingList');
    other.close();
    await listed;
    expect([asked(session), asked(other)]).toEqual([0, 0]);
    expect(session.gateway.released.recordings).toEqual([]);
    expect(await told()).toBe(before + 1);
    world.recordingLimits.freeBytesAtLeast = 0;
    for (const one of [session, other]) {
      tellAgain(one);
      expect(await stored(one.id)).toMatchObject({ state: 'sealed' });
    }
  });
});

describe('B6: names of recordings', () => {
  test('a gateway cannot offer a recording of a connection that is not its own, nor make a path', async () => {
    const [own, strange] = [await connected(), await connected()];
    const files = async () => (await readdir(join(world.folder, 'recordings'), { recursive: true })).filter((name) => name.endsWith('.mavisrec')).toSorted();
    const before = await files();
    // The id of another gateway's recording, and one of a connection that never was.
    own.gateway.recordings.set(strange.id, { summary: strange.recording.summary, bytes: strange.recording.bytes });
    const nobody = recordingId.parse(randomUUID());
    own.gateway.recordings.set(nobody, { summary: { ...strange.recording.summary, recordingId: nobody }, bytes: strange.recording.bytes });
    const listed = own.gateway.nextAsked('recordingList');
    await world.syncNow(own.gateway.id, admin);
    await listed;
    own.close();
    await stored(own.id);
    expect((await files()).filter((name) => !before.includes(name)).map((name) => name.slice(-45, -9))).toEqual([own.id]);
    const path = { kind: 'result' as const, result: { recordings: [{ ...own.recording.summary, recordingId: '../../../../etc/passwd' }] } };
    own.gateway.script.set('recordingList', [path]);
    await world.syncNow(own.gateway.id, admin);
    await world.until(async () => (own.gateway.script.get('recordingList')?.length === 0 ? true : undefined), 'the list read');
    expect((await readdir(join(world.folder))).toSorted()).toEqual(['recordings']);
  });
});
