import { randomInt, randomUUID } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordingId } from '../../../shared/ids.ts';
import { makeSpool, pull, readRecording } from '../../fixtures/recording-spool.ts';
import { makeRecordingKeys } from '../../fixtures/sample-recording.ts';
import { startProcessSession } from '../../fixtures/gateway-process-session.ts';
import { runCommand } from '../../fixtures/ssh-session.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

/** Five samples in every run, fifty in the long one. */
const KILLS = process.env['MAVIS_LONG'] === '1' ? 50 : 5;
const keys = makeRecordingKeys();
let target: OpenSshTarget;

beforeAll(async () => {
  target = await startOpenSshTarget();
});
afterAll(async () => {
  await target.stop();
});

/** Frames gather for 5 ms; a machine that is busy with other things may leave the recorder without a turn for longer. */
const BEFORE_MS = 750;

/** Prints in bursts and pauses, more than a screen a second, and ends by itself: `script` survives the session whose gateway was killed. */
const PRINTING = 'n=0; while [ $SECONDS -lt 6 ]; do n=$((n+1)); echo "$n $RANDOM 日本語"; [ $((n % 200)) = 0 ] && sleep 0.02; done';

async function killedAt(milliseconds: number, strict: boolean): Promise<{ written: Buffer; recovered: Buffer; received: Buffer; receivedBefore: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'mavis-killed-'));
  const typescript = join(tmpdir(), `mavis-typescript-${randomUUID()}`);
  try {
    const credential = { kind: 'private-key', userName: target.user, privateKey: target.privateKey } as const;
    const grant = makeTargetGrant({ host: target.host, port: target.port, identities: [target.hostKeyFingerprint], credential, policy: { exec: true } });
    const session = await startProcessSession({ directory, keys, grant, strict });
    const shell = await runCommand(session.client, `script -q -f -c 'bash -c '\\''${PRINTING}'\\''' ${typescript}`, { pty: true });
    const { recordingId: id } = await session.line('recordingId');
    await shell.waitFor('日本語');
    await delay(Math.max(0, milliseconds - BEFORE_MS));
    // Of a kill that comes sooner nothing is asked but that what is there is a beginning.
    const receivedBefore = milliseconds < BEFORE_MS ? 0 : shell.output.length;
    await delay(Math.min(BEFORE_MS, milliseconds));
    session.process.kill('SIGKILL');
    await session.gone;
    await delay(150);
    const received = shell.output;
    const spool = await makeSpool({ dataDirectory: directory, keys });
    const list = spool.spool.list();
    expect(list).toMatchObject([{ recordingId: id, state: 'recovered', code: 'recording.recovered' }]);
    const recording = readRecording(await pull(spool.spool, recordingId.parse(id)), keys);
    expect(recording.verification).toMatchObject({ ok: true, state: 'recovered', code: 'recording.recovered', signed: true });
    await spool.spool.close();
    // `script` prints first and writes it down after: on a busy machine that comes later.
    const written = (): Buffer => {
      const file = readFileSync(typescript);
      return file.subarray(file.indexOf('\n') + 1);
    };
    await expect.poll(() => written().length).toBeGreaterThanOrEqual(recording.output.length);
    return { written: written(), recovered: recording.output, received, receivedBefore };
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
    rmSync(typescript, { force: true });
  }
}

describe('a recorder that is killed', () => {
  test.each(Array.from({ length: KILLS }, (_, number) => number))('at a random moment leaves a recording that is the start of what `script` wrote on the target (kill %i)', async () => {
    const { written, recovered, receivedBefore } = await killedAt(randomInt(0, 2500), false);
    expect(written.subarray(0, recovered.length).equals(recovered)).toBe(true);
    // What the user had a moment before is in it: frames gather for 5 ms.
    expect(recovered.length).toBeGreaterThanOrEqual(receivedBefore);
  });

  test('in strict mode has lost nothing of what the user had received', async () => {
    const { written, recovered, received } = await killedAt(randomInt(300, 1200), true);
    expect(written.subarray(0, recovered.length).equals(recovered)).toBe(true);
    expect(recovered.length).toBeGreaterThanOrEqual(received.length);
    expect(recovered.subarray(0, received.length).equals(received)).toBe(true);
  });
});

/** Ways of giving a process a disk of 2 MiB: more than one write takes, of which nothing is kept where it has no room. The first needs no rights; the second is really full, where this machine lets one mount in a namespace of one's own. */
const SMALL_DISKS = [
  { name: 'a limit on the size of a file', code: 'session.recording-failed', script: 'trap "" XFSZ; ulimit -f 4096; "$@"; cp -a "$SPOOL/." "$KEPT/"', before: [] },
  { name: 'a disk of 2 MiB', code: 'recording.spool-full', script: 'mount -t tmpfs -o size=2m,mode=700 tmpfs "$SPOOL"; "$@"; cp -a "$SPOOL/." "$KEPT/"', before: ['unshare', '-Urm'] },
].filter(({ before }) => before.length === 0 || spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0);

describe('B13: a disk that takes no more', () => {
  test.each(SMALL_DISKS)('($name) ends the session; what was stored before is sealed as incomplete, and says why', async ({ script, before, code }) => {
    const directory = mkdtempSync(join(tmpdir(), 'mavis-full-'));
    const kept = mkdtempSync(join(tmpdir(), 'mavis-kept-'));
    for (const folder of [directory, kept]) mkdirSync(join(folder, 'spool'), { mode: 0o700 });
    const credential = { kind: 'private-key', userName: target.user, privateKey: target.privateKey } as const;
    const grant = makeTargetGrant({ host: target.host, port: target.port, identities: [target.hostKeyFingerprint], credential, policy: { exec: true } });
    const wrapper = ['env', `SPOOL=${join(directory, 'spool')}`, `KEPT=${join(kept, 'spool')}`, ...before, 'sh', '-c', script, 'sh'];
    const session = await startProcessSession({ directory, keys, grant, wrapper });
    const shell = await runCommand(session.client, 'head -c 20000000 /dev/urandom | base64', { pty: true });
    shell.onlyTail = true;
    expect(await session.line('end')).toMatchObject({ end: { code: 'session.recording-failed' } });
    await session.gone;
    expect(readdirSync(join(kept, 'spool')).map((name) => name.replace(/^.*\./, '')).sort()).toEqual(['sealed', 'tail']);
    const spool = await makeSpool({ dataDirectory: kept, keys });
    const [recording] = spool.spool.list();
    expect(recording).toMatchObject({ state: 'incomplete', code });
    const read = readRecording(await pull(spool.spool, recordingId.parse(recording?.recordingId)), keys);
    expect(read.verification).toMatchObject({ ok: true, state: 'incomplete', code, signed: true });
    expect(read.output.length).toBeGreaterThan(100_000);
    // No more reached the user than what is recorded and what was on its way to the disk.
    expect(shell.bytes).toBeLessThan(read.output.length + 6 * 1024 * 1024);
    await spool.remove();
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  });
});
