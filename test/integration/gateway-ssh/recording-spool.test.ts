import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { toBase64url } from '../../../shared/recording/base64url.ts';
import { FRAME_HEADER_BYTES, frameKind, MAX_FRAME_PAYLOAD_BYTES } from '../../../shared/recording/recording-frame.ts';
import { type Clock, systemClock } from '../../../src-gateway/clock/clock.ts';
import type { ChannelRecorder } from '../../../src-gateway/recordings/channel-recorder.ts';
import { makeSpool, pull, readRecording, type TestSpool } from '../../fixtures/recording-spool.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';

const grant = makeTargetGrant({ host: '127.0.0.1', port: 22, credential: { kind: 'password', userName: 'x', password: 'canary-password-of-the-grant' } });
let own: TestSpool;

beforeEach(async () => {
  own = await makeSpool();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await own.remove();
});

async function begin(spool = own, stand = true): Promise<ChannelRecorder> {
  const recorder = await spool.spool.record({ grant, channel: 0, facts: { kind: 'shell' } });
  if (stand) await recorder.stand();
  return recorder;
}

/** What open files of this process have in common: a sync that nobody waits for is seen nowhere else. */
async function fileHandles(): Promise<FileHandle> {
  const handle = await open(import.meta.filename);
  await handle.close();
  return Object.getPrototypeOf(handle);
}

function files(spool = own): string[] {
  return readdirSync(join(spool.directory, 'spool'));
}

function endings(spool = own): string[] {
  return files(spool).map((name) => name.replace(/^.*\./, '')).sort();
}

describe('the spool', () => {
  test('S15: keeps a recording from its start to its release, under its own name and for nobody else to read', async () => {
    const recorder = await begin();
    expect(statSync(join(own.directory, 'spool')).mode & 0o777).toBe(0o700);
    for (const name of files()) expect(statSync(join(own.directory, 'spool', name)).mode & 0o777).toBe(0o600);
    recorder.output(Buffer.from('shown'));
    await recorder.durable();
    expect(own.spool.list()).toMatchObject([{ recordingId: recorder.recordingId, state: 'recording', sha256: null, reference: grant.reference }]);
    expect(own.spool.heads()).toEqual([{ recordingId: recorder.recordingId, frames: 1, headHash: toBase64url(recorder.stored.link) }]);
    const partial = readRecording(await pull(own.spool, recorder.recordingId), own.keys);
    expect(partial.output.toString()).toBe('shown');
    const closed = await recorder.close();
    expect(closed).toMatchObject({ state: 'sealed', code: null });
    expect(own.spool.heads()).toEqual([]);
    expect(endings()).toEqual(['sealed']);
    const bytes = await pull(own.spool, recorder.recordingId);
    expect(readRecording(bytes, own.keys).verification.ok).toBe(true);
    const sha256 = createHash('sha256').update(bytes).digest('base64url');
    await expect(own.spool.release(recorder.recordingId, createHash('sha256').update('other').digest('base64url'))).rejects.toMatchObject({ code: 'request.conflict' });
    await own.spool.release(recorder.recordingId, sha256);
    expect(files()).toEqual([]);
    await expect(own.spool.read(recorder.recordingId, 0, 10)).rejects.toMatchObject({ code: 'request.not-found' });
    expect(own.closed).toMatchObject([{ recordingId: recorder.recordingId, state: 'sealed' }]);
  });

  test('S16, S19: what was never connected is no recording, now and after a restart', async () => {
    const tried = await begin(own, false);
    tried.output(Buffer.from('shown'));
    expect(own.spool.list()).toEqual([]);
    await tried.discard();
    expect(files()).toEqual([]);
    await begin(own, false);
    expect(endings()).toEqual(['provisional', 'reserve']);
    const again = await makeSpool({ dataDirectory: own.directory, keys: own.keys });
    expect(again.spool.list()).toEqual([]);
    expect(files()).toEqual([]);
    await again.spool.close();
  });

  test('holds nothing of what was shown, typed or granted in the clear', async () => {
    const recorder = await begin();
    recorder.output(Buffer.from('canary-of-the-output'));
    recorder.typed(Buffer.from('canary-of-the-input'));
    recorder.request({ kind: 'exec', command: 'canary-of-the-command' });
    await recorder.close();
    for (const name of files()) expect(readFileSync(join(own.directory, 'spool', name)).includes('canary')).toBe(false);
    expect(own.logLines.join('')).not.toContain('canary');
  });

  test('B6: opens no file that is there and follows no link: a recording with a name that is taken is not begun', async () => {
    const victim = join(own.directory, 'victim');
    writeFileSync(victim, 'untouched');
    const fixed = Buffer.alloc(32, 7);
    const spool = await makeSpool({ random: (size) => fixed.subarray(0, size), keys: own.keys });
    const id = '07070707-0707-4707-8707-070707070707';
    symlinkSync(victim, join(spool.directory, 'spool', `${id}.provisional`));
    await expect(begin(spool)).rejects.toMatchObject({ code: 'session.recording-failed' });
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(files(spool)).toEqual([`${id}.provisional`]);
    await spool.remove();
  });

  test('B6: names that are no recordings of ours are left alone and never listed', async () => {
    for (const name of ['../evil.sealed', 'x.sealed', '07070707-0707-4707-8707-070707070707.sealed.exe']) writeFileSync(join(own.directory, 'spool', name.replace('../', '')), 'x');
    writeFileSync(join(own.directory, 'spool', '07070707-0707-4707-8707-070707070707.sealed'), 'no recording');
    const again = await makeSpool({ dataDirectory: own.directory, keys: own.keys });
    expect(again.spool.list()).toEqual([]);
    expect(files()).toHaveLength(4);
    await again.spool.close();
  });

  test('closed recordings are there after a restart, with the same hash', async () => {
    const recorder = await begin();
    recorder.output(Buffer.from('shown'));
    await recorder.close();
    await own.spool.close();
    const [before] = own.spool.list();
    const again = await makeSpool({ dataDirectory: own.directory, keys: own.keys });
    expect(again.spool.list()).toEqual([before]);
    expect(before?.sha256).toMatch(/^[A-Za-z0-9_-]{43}$/);
    await again.spool.close();
  });

  test('an orderly stop closes live recordings as incomplete, because the gateway was restarted', async () => {
    const recorder = await begin();
    recorder.output(Buffer.from('shown'));
    await own.spool.close();
    expect(own.spool.list()).toMatchObject([{ state: 'incomplete', code: 'gateway.restarted' }]);
    expect(readRecording(await pull(own.spool, recorder.recordingId), own.keys)).toMatchObject({ verification: { ok: true }, output: Buffer.from('shown') });
  });
});

describe('recovery', () => {
  test('of a recording that was cut off at any offset gives a proven start of it, sealed as recovered', async () => {
    const recorder = await begin();
    const shown: Buffer[] = [];
    for (let line = 0; line < 6; line += 1) {
      shown.push(Buffer.from(`line ${line}\r\n`));
      recorder.output(shown.at(-1) ?? Buffer.alloc(0));
      await recorder.durable();
    }
    const live = readFileSync(join(own.directory, 'spool', `${recorder.recordingId}.live`));
    const start = live.readUInt32BE(10) + 14;
    const all = Buffer.concat(shown);
    const lengths = new Set<number>();
    const scratch = mkdtempSync(join(tmpdir(), 'mavis-cut-'));
    mkdirSync(join(scratch, 'spool'), { mode: 0o700 });
    const reused = await makeSpool({ dataDirectory: scratch, keys: own.keys });
    await reused.spool.close();
    for (let length = start; length <= live.length; length += 1) {
      // A cut, and a cut behind which the disk gave back zeros.
      const tail = length % 2 === 0 ? Buffer.alloc(0) : Buffer.alloc(live.length - length);
      writeFileSync(join(scratch, 'spool', `${recorder.recordingId}.live`), Buffer.concat([live.subarray(0, length), tail]));
      const [found] = await reused.spool.open();
      expect(found, `cut at ${length}`).toMatchObject({ state: 'recovered', code: 'recording.recovered' });
      const read = readRecording(await pull(reused.spool, recorder.recordingId), own.keys);
      expect(read.verification).toMatchObject({ ok: true, state: 'recovered', signed: true });
      expect(all.subarray(0, read.output.length).equals(read.output)).toBe(true);
      lengths.add(read.output.length);
      await reused.spool.close();
      rmSync(join(scratch, 'spool', `${recorder.recordingId}.sealed`));
    }
    expect([...lengths].sort((one, other) => one - other)).toEqual([0, 1, 2, 3, 4, 5, 6].map((lines) => lines * 8));
    rmSync(scratch, { recursive: true });
    await recorder.close();
  });

  test('tells of each recovered recording, once', async () => {
    const recorder = await begin();
    recorder.output(Buffer.from('shown'));
    await recorder.durable();
    const again = await makeSpool({ dataDirectory: own.directory, keys: own.keys });
    expect(again.closed).toMatchObject([{ recordingId: recorder.recordingId, state: 'recovered', code: 'recording.recovered' }]);
    await again.spool.close();
    const third = await makeSpool({ dataDirectory: own.directory, keys: own.keys });
    expect(third.closed).toEqual([]);
    await third.spool.close();
  });
});

describe('B13: what could make a recording silent or false', () => {
  test('a clock that is set back and forth during the session changes no time in the recording', async () => {
    let wallMs = Date.parse('2026-03-01T09:00:00Z');
    const real = systemClock();
    const clock: Clock = { ...real, wallMs: () => wallMs };
    const spool = await makeSpool({ clock, keys: own.keys });
    const recorder = await begin(spool);
    for (const jump of [0, -86_400_000, 3 * 86_400_000, -1]) {
      wallMs += jump;
      recorder.output(Buffer.from('x'));
      await recorder.durable();
    }
    await recorder.close();
    const { frames, verification } = readRecording(await pull(spool.spool, recorder.recordingId), own.keys);
    const times = frames.map(({ microseconds }) => microseconds);
    expect(times).toEqual([...times].sort((one, other) => one - other));
    // Minutes at most, however long the disk takes: the jumps are of a day and more.
    expect(times.at(-1)).toBeLessThan(600_000_000);
    expect(verification.ok).toBe(true);
    await spool.remove();
  });

  test('S15: however full a block is when more comes, what is stored is what was shown, and opens', async () => {
    const recorder = await begin();
    const shown: Buffer[] = [];
    // What is gathered when the largest frame comes: from what leaves room for it to what is stored before.
    for (let gathered = 3 * MAX_FRAME_PAYLOAD_BYTES - 3 * FRAME_HEADER_BYTES; gathered <= 3 * MAX_FRAME_PAYLOAD_BYTES + FRAME_HEADER_BYTES; gathered += 1) {
      const last = gathered - 2 * (FRAME_HEADER_BYTES + MAX_FRAME_PAYLOAD_BYTES) - FRAME_HEADER_BYTES;
      for (const size of [MAX_FRAME_PAYLOAD_BYTES, MAX_FRAME_PAYLOAD_BYTES, last, MAX_FRAME_PAYLOAD_BYTES]) {
        const piece = Buffer.alloc(size, gathered);
        shown.push(piece);
        recorder.output(piece);
        // Each at a time of its own, and all before the timer stores them.
        const now = performance.now();
        while (performance.now() - now < 0.01);
      }
      await recorder.durable();
    }
    await recorder.close();
    const { verification, output } = readRecording(await pull(own.spool, recorder.recordingId), own.keys);
    expect(verification).toMatchObject({ ok: true, state: 'sealed' });
    expect(output.equals(Buffer.concat(shown))).toBe(true);
  });

  test('a folder that goes away during the session ends it, and no new session is taken', async () => {
    const recorder = await begin();
    rmSync(join(own.directory, 'spool'), { recursive: true });
    recorder.output(Buffer.from('x'));
    await expect(recorder.close()).rejects.toBeInstanceOf(Error);
    await expect(begin()).rejects.toMatchObject({ code: 'session.recording-failed' });
  });

  test('a gateway with little room takes no new session and says why', async () => {
    const spool = await makeSpool({ leastFreeBytes: Number.MAX_SAFE_INTEGER, keys: own.keys });
    expect(spool.spool.canRecord()).toMatchObject({ ok: false, code: 'gateway.spool-low' });
    await expect(begin(spool)).rejects.toMatchObject({ code: 'gateway.spool-low' });
    await spool.remove();
  });

  test('a frame is on the disk within a second without anyone asking', async () => {
    const timers: { callback: () => void; milliseconds: number }[] = [];
    const real = systemClock();
    const clock: Clock = { ...real, setTimer: (callback, milliseconds) => (timers.push({ callback, milliseconds }), real.setTimer(callback, milliseconds)) };
    const spool = await makeSpool({ clock, keys: own.keys });
    const recorder = await begin(spool);
    recorder.output(Buffer.from('x'));
    await expect.poll(() => recorder.stored.blocks).toBe(1);
    expect(timers.map(({ milliseconds }) => milliseconds)).toContain(900);
    await recorder.close();
    await spool.remove();
  });

  test('S15: output that never pauses is synced each second, too, beside the writing', async () => {
    const due: (() => void)[] = [];
    const real = systemClock();
    const clock: Clock = { ...real, setTimer: (callback, milliseconds) => (milliseconds === 900 ? (due.push(callback), { cancel: () => undefined }) : real.setTimer(callback, milliseconds)) };
    const spool = await makeSpool({ clock, keys: own.keys });
    const recorder = await begin(spool);
    const synced = vi.spyOn(await fileHandles(), 'datasync');
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const begun = recorder.stored.bytes;
    while (synced.mock.calls.length === 0 && recorder.stored.bytes - begun < 64 * 1024 * 1024) {
      for (let count = 0; count < 8; count += 1) recorder.screen(chunk);
      // Blocks are on their way to the disk whenever the second is over.
      for (const second of due.splice(0)) second();
      await new Promise((resolve) => setImmediate(resolve));
      if (recorder.congested) await recorder.uncongested();
    }
    expect(synced).toHaveBeenCalled();
    await recorder.close();
    await spool.remove();
  });
});

test('what a spool is opened on need not be there yet', async () => {
  const directory = join(mkdtempSync(join(tmpdir(), 'mavis-new-')), 'data');
  const spool = await makeSpool({ dataDirectory: directory, keys: own.keys });
  expect(existsSync(join(directory, 'spool'))).toBe(true);
  expect(spool.spool.canRecord()).toMatchObject({ ok: true });
  const recorder = await begin(spool);
  recorder.exitStatus(0);
  await recorder.close();
  expect(readRecording(await pull(spool.spool, recorder.recordingId), own.keys).frames).toMatchObject([{ kind: frameKind.exitStatus }]);
  await spool.remove();
});
