import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordingId } from '../../../shared/ids.ts';
import { errorLog } from '../../../src-service/store/schema.ts';
import { makeGatewayRecording, outputFrame } from '../../fixtures/gateway-recording.ts';
import { GatewaySideWorld } from '../../fixtures/gateway-side-world.ts';
import { mountsDisks, mountSmallDisk, unmountDisk } from '../../fixtures/small-disk.ts';

/** The recordings' whole disk: enough for what a pull wants to see free at its beginning (16 MiB), and little more. */
const DISK_BYTES = 20 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

describe.runIf(mountsDisks)('the disk of recordings runs full in the middle of a pull, the disk being real', () => {
  let world: GatewaySideWorld;
  let disk: string;

  beforeAll(async () => {
    world = await GatewaySideWorld.start();
    const place = join(world.folder, 'recordings');
    mkdirSync(place, { recursive: true, mode: 0o700 });
    mountSmallDisk(place, DISK_BYTES);
    disk = place;
    world.recordingLimits.freeBytesAtLeast = 0;
  });
  afterAll(async () => {
    if (disk !== undefined) unmountDisk(disk);
    await world?.stop();
  });

  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(disk);
    return bavail * bsize;
  };
  /** Another program's data: so much of the disk is left. */
  const others = (): string => join(disk, 'others');
  const fillUntilFree = (left: number): void => writeFileSync(others(), Buffer.alloc(Math.max(0, freeBytes() - left)));
  const lowTold = async (): Promise<number> => (await world.store.database.select().from(errorLog)).filter(({ code }) => code === 'recording.storage-low').length;

  test('S15: what has come stays, the error log says it once, the gateway keeps its recording; with room the pull goes on where it was, and the whole is verified before it is released', async () => {
    const admin = await world.user('admin');
    const segment = `gateway-${randomUUID().slice(0, 8)}`;
    const gateway = await world.gateway(segment, admin);
    const { connectionId, reference } = await world.ask(await world.resource([segment]), await world.user('user'));
    const id = recordingId.parse(randomUUID());
    gateway.record({ kind: 'connected', connectionId, reference, facts: { recordingId: id } });
    await world.connectionIn(connectionId, 'connected');
    const blocks = Array.from({ length: 32 }, (_, index) => [1, 2].map((half) => outputFrame((2 * index + half) * 1_000, randomBytes(60 * 1024))));
    const recording = makeGatewayRecording({ recordingId: id, connectionId, reference, gatewayId: gateway.id }, { recipientSpki: world.recordingKeySpki, signing: gateway.signingKey }, blocks);
    const summary = { ...recording.summary, sizeBytes: recording.bytes.length, sha256: createHash('sha256').update(recording.bytes).digest('base64url') };
    gateway.recordings.set(id, { summary, bytes: recording.bytes });

    // When the fourth piece is asked for, room for one and a half pieces is left.
    let reads = 0;
    gateway.onAsked = (method) => {
      if (method === 'recordingRead' && (reads += 1) === 4) fillUntilFree(CHUNK_BYTES * 1.5);
    };
    gateway.record({ kind: 'ended', connectionId, reference, facts: { code: 'session.ended' } });
    gateway.record({ kind: 'recording-closed', connectionId, reference, facts: { recordingId: id, state: summary.state, durationMs: 9 } });
    await world.until(async () => ((await lowTold()) > 0 ? true : undefined), 'the error log');
    const part = async (): Promise<string> => {
      const found = (await readdir(disk, { recursive: true })).filter((name) => name.endsWith('.mavisrec.part'));
      expect(found).toHaveLength(1);
      return join(disk, found[0] ?? '');
    };
    const kept = (await stat(await part())).size;
    expect(kept).toBeGreaterThanOrEqual(4 * CHUNK_BYTES);
    expect(kept).toBeLessThan(recording.bytes.length);
    // As far as it goes it is the gateway's own.
    expect(readFileSync(await part()).equals(recording.bytes.subarray(0, kept))).toBe(true);
    expect(gateway.released.recordings).toEqual([]);

    // Still full: another look takes nothing away, and says nothing again.
    // (Where the second is begun, the first has ended.)
    for (let look = 0; look < 2; look += 1) {
      const listed = gateway.nextAsked('recordingList');
      await world.syncNow(gateway.id, admin);
      await listed;
    }
    expect([await lowTold(), gateway.released.recordings, (await stat(await part())).size]).toEqual([1, [], kept]);
    expect((await world.recordings()).find((row) => row.id === id)).toMatchObject({ storedAt: null, releasedAt: null });

    rmSync(others());
    const before = gateway.asked.length;
    await world.syncNow(gateway.id, admin);
    const row = await world.until(async () => {
      const found = (await world.recordings()).find((one) => one.id === id);
      return found === undefined || found.releasedAt === null ? undefined : found;
    }, 'the recording stored and released');
    expect(row).toMatchObject({ state: 'sealed', code: null, sizeBytes: recording.bytes.length, sha256: summary.sha256 });
    expect(readFileSync(join(disk, row.storedPath ?? '')).equals(recording.bytes)).toBe(true);
    const offsets = gateway.asked.slice(before).flatMap(({ method, params }) => (method === 'recordingRead' ? [Number(Reflect.get(Object(params), 'offset'))] : []));
    expect(offsets[0]).toBe(kept);
    expect(gateway.released.recordings).toEqual([id]);
    expect(await world.call('recordingVerify', { params: { recordingId: id } }, await world.user('auditor'))).toMatchObject({ ok: true, signed: true, code: null });
  });
});
