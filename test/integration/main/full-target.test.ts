import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import { FaultyGateway } from '../../fixtures/faulty-gateway.ts';
import { HeadlessFiles } from '../../fixtures/headless-files.ts';
import { mountsDisks, mountSmallDisk, unmountDisk } from '../../fixtures/small-disk.ts';
import { type OpenSshTarget, startOpenSshTarget } from '../../targets/open-ssh-target.ts';

/** Bytes that the limited account's files may have: one shell's `ulimit` counts blocks of 512, another's of 1,024. */
const LIMIT_BYTES = 4_096_000;

/** A real OpenSSH server that takes no more, over a gateway's program. */
describe('a target that takes no more', () => {
  let gateway: FaultyGateway;
  let limited: OpenSshTarget;
  let here: string;

  beforeAll(async () => {
    // What its writes meet at a quota, it meets here at a limit for each file: the server says the same "Failure" for both, and has room.
    const extraLines = [`ForceCommand trap '' XFSZ; ulimit -f ${LIMIT_BYTES / 1024}; exec /usr/lib/openssh/sftp-server`];
    [gateway, limited] = await Promise.all([FaultyGateway.start(), startOpenSshTarget({ extraLines })]);
    here = mkdtempSync(join(tmpdir(), 'mavis-full-'));
  });
  afterAll(async () => {
    await Promise.all([gateway.stop(), limited.stop()]);
    rmSync(here, { recursive: true, force: true, maxRetries: 10 });
  });

  async function begin({ host, port, hostKeyFingerprint: identity, user: userName, privateKey }: OpenSshTarget): Promise<HeadlessFiles> {
    const key = new ClientKey(() => Date.now());
    const { hop } = await gateway.grantFor({ protocol: 'sftp', host, port, identity, credential: { kind: 'private-key', userName, privateKey } }, key.thumbprint);
    return HeadlessFiles.open({ hops: [hop], key, localFolder: here, journals: join(here, `journals-${Math.random()}`) });
  }

  test('S20: a file beyond a limit of the account stops with its own reason, the target\'s disk having room; what is smaller goes, and no part has the final name', async () => {
    const folder = join(limited.home, `limited-${process.pid}`);
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
    for (const [name, bytes] of [['large.bin', LIMIT_BYTES + 500_000], ['small.bin', 900_000]] as const) writeFileSync(join(here, name), randomBytes(bytes));
    const files = await begin(limited);
    await files.page.call({ do: 'upload', place: [], names: ['large.bin', 'small.bin'], folder, conflict: 'ask', verify: false });
    const [large, small] = await files.page.finished(2);
    expect([large?.status, large?.failures.map(({ code, args }) => [code, args])]).toEqual(['failed', [['files.not-taken', { said: 'Failure' }]]]);
    expect(small?.status).toBe('done');
    expect(readFileSync(join(folder, 'small.bin')).equals(readFileSync(join(here, 'small.bin')))).toBe(true);
    // Under its own name only when whole.
    const [part = '', ...further] = readdirSync(folder).filter((name) => name !== 'small.bin');
    expect([part.endsWith('.mavis-part'), further, statSync(join(folder, part)).size <= LIMIT_BYTES]).toEqual([true, [], true]);
    await files.end();
  });

  test.runIf(mountsDisks)('S20: a file that fills its disk is told as that, and ends right when it is tried again with room', async () => {
    const folder = join(gateway.target.home, `full-${process.pid}`);
    mkdirSync(folder);
    mountSmallDisk(folder, 4 * 1024 * 1024);
    onTestFinished(() => {
      unmountDisk(folder);
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    });
    chmodSync(folder, 0o777);
    writeFileSync(join(folder, 'others'), Buffer.alloc(2 * 1024 * 1024));
    const bytes = randomBytes(3_000_000);
    writeFileSync(join(here, 'fills.bin'), bytes);
    const files = await begin(gateway.target);
    const { page } = files;
    await page.call({ do: 'upload', place: [], names: ['fills.bin'], folder, conflict: 'ask', verify: true });
    expect((await page.finished())[0]).toMatchObject({ status: 'failed', failures: [{ code: 'files.no-space' }] });
    expect(existsSync(join(folder, 'fills.bin'))).toBe(false);
    rmSync(join(folder, 'others'));
    await page.call({ do: 'steer', jobId: page.jobs[0]?.id ?? 0, how: 'retry' });
    await page.until(({ jobs }) => jobs[0]?.status === 'done');
    expect(page.jobs[0]).toMatchObject({ verified: true });
    expect(readFileSync(join(folder, 'fills.bin')).equals(bytes)).toBe(true);
    await files.end();
  });

  test.runIf(mountsDisks)('S20: a download that fills its disk here is told as that, and ends right when it is tried again with room', async () => {
    const folder = join(here, 'small-disk');
    mkdirSync(folder);
    mountSmallDisk(folder, 4 * 1024 * 1024);
    onTestFinished(() => unmountDisk(folder));
    writeFileSync(join(folder, 'others'), Buffer.alloc(2 * 1024 * 1024));
    const there = join(gateway.target.home, `down-${process.pid}.bin`);
    const bytes = randomBytes(3_000_000);
    writeFileSync(there, bytes);
    onTestFinished(() => rmSync(there));
    const files = await begin(gateway.target);
    const { page } = files;
    await page.call({ do: 'download', folder: gateway.target.home, names: [`down-${process.pid}.bin`], place: ['small-disk'], conflict: 'ask', verify: true });
    expect((await page.finished())[0]).toMatchObject({ status: 'failed', failures: [{ code: 'files.local-space' }] });
    rmSync(join(folder, 'others'));
    await page.call({ do: 'steer', jobId: page.jobs[0]?.id ?? 0, how: 'retry' });
    await page.until(({ jobs }) => jobs[0]?.status === 'done');
    expect(page.jobs[0]).toMatchObject({ verified: true });
    expect(readFileSync(join(folder, `down-${process.pid}.bin`)).equals(bytes)).toBe(true);
    await files.end();
  });
});
