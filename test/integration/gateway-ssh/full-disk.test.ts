import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TargetGrant } from '../../../shared/link/messages.ts';
import { makeSpool, type TestSpool } from '../../fixtures/recording-spool.ts';
import { openClient, startSftpSession } from '../../fixtures/sftp-session.ts';
import { fillDisk, mountsDisks, mountSmallDisk, unmountDisk } from '../../fixtures/small-disk.ts';
import { openShell, signOn, startSession } from '../../fixtures/ssh-session.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';
import { openFlag } from '../../../shared/sftp/sftp-constants.ts';
import { startOpenSshTarget, type OpenSshTarget } from '../../targets/open-ssh-target.ts';

/** Room for two recordings with their closing rooms. */
const DISK_BYTES = 4 * 1024 * 1024;

describe.runIf(mountsDisks)('B13: a strict recording whose disk is full ends its session alone, the disk and the target being real', () => {
  let target: OpenSshTarget;
  let disk: string;
  let spool: TestSpool;
  const unheard: unknown[] = [];
  const hear = (reason: unknown): void => void unheard.push(reason);

  beforeEach(async () => {
    disk = mkdtempSync(join(tmpdir(), 'mavis-full-'));
    mountSmallDisk(disk, DISK_BYTES);
    target = await startOpenSshTarget();
    spool = await makeSpool({ strict: true, dataDirectory: disk });
    unheard.length = 0;
    process.on('unhandledRejection', hear);
  });
  afterEach(async () => {
    process.off('unhandledRejection', hear);
    await spool.spool.close();
    unmountDisk(disk);
    rmSync(disk, { recursive: true, force: true, maxRetries: 10 });
    await target.stop();
  });

  function grant(protocol: TargetGrant['protocol']): TargetGrant {
    const credential = { kind: 'private-key', userName: target.user, privateKey: target.privateKey } as const;
    return makeTargetGrant({ host: target.host, port: target.port, protocol, identities: [target.hostKeyFingerprint], credential });
  }

  test('a shell that prints without end', async () => {
    const one = await startSession((await signOn(spool, grant('ssh'))).target);
    const shell = await openShell(one.client);
    await shell.waitFor('$ ');
    fillDisk(disk);
    shell.onlyTail = true;
    shell.type('yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r');
    expect(await one.ended).toMatchObject({ code: 'session.recording-failed' });
    await turn();
    await expect.poll(() => spool.closed).toMatchObject([{ state: 'incomplete', code: 'recording.spool-full' }]);
    expect(unheard).toEqual([]);
  });

  test('files that are open when their session ends', async () => {
    const one = await startSftpSession(spool, grant('sftp'));
    const client = await openClient(one);
    await client.openFile(join(target.home, 'left-open'), openFlag.create + openFlag.write);
    fillDisk(disk);
    const over = one.ended.then(() => true);
    const name = join(target.home, 'no', 'such', 'folder');
    // Until the page that the recording has begun is full.
    while (!(await Promise.race([over, client.removeFolder(name).then(() => false, () => false)])));
    expect(await one.ended).toMatchObject({ code: 'session.recording-failed' });
    await turn();
    await expect.poll(() => spool.closed).toMatchObject([{ state: 'incomplete', code: 'recording.spool-full' }]);
    expect(unheard).toEqual([]);
  });
});
