import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditRoutes } from '../../../shared/api/audit.ts';
import { gatewaysRoutes } from '../../../shared/api/gateways.ts';
import { recordingsRoutes } from '../../../shared/api/recordings.ts';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { recordingId } from '../../../shared/ids.ts';
import { HeadlessClient } from '../../fixtures/headless-client.ts';
import { mountsDisks, mountSmallDisk, unmountDisk } from '../../fixtures/small-disk.ts';
import { startWholeSystem, type WholeSystem } from '../../fixtures/whole-system.ts';

/** The gateway's whole disk; below the second number it takes no new session. */
const DISK_BYTES = 24 * 1024 * 1024;
const LEAST_FREE_BYTES = 8 * 1024 * 1024;
/** A status comes every 15 s, and the machine is busy. */
const SYNC_LIMIT_MS = 90_000;
const PASSWORD = 'several unrelated words';

describe.runIf(mountsDisks)('B13: the gateway’s disk runs full while it works, all programs and the disk being real', () => {
  let system: WholeSystem;
  let client: HeadlessClient;
  let gatewayFolder: string;

  beforeAll(async () => {
    system = await startWholeSystem({
      prepare: (folder) => {
        const place = join(folder, 'gateway');
        mkdirSync(place, { mode: 0o700 });
        mountSmallDisk(place, DISK_BYTES);
        writeFileSync(join(place, 'settings.json'), JSON.stringify({ spoolFreeBytesAtLeast: LEAST_FREE_BYTES }));
      },
      release: (folder) => unmountDisk(join(folder, 'gateway')),
    });
    gatewayFolder = join(system.folder, 'gateway');
    await system.addUser('tester', 'admin', PASSWORD);
    client = new HeadlessClient(system.embedded.service);
    await client.signIn('tester', PASSWORD);
  });
  afterAll(async () => {
    client.close();
    await system.stop();
  });

  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(gatewayFolder);
    return bavail * bsize;
  };
  /** Another program's data: so much of the disk is left. */
  const fillUntilFree = (left: number): void => {
    try {
      writeFileSync(join(gatewayFolder, `others-${String(readdirSync(gatewayFolder).length)}`), Buffer.alloc(Math.max(0, freeBytes() - left)));
    } catch (error) {
      // Full sooner: the gateway has written something since it was looked.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  };
  /** The gateway's state, for which it is asked now, not with its next status. */
  const gatewayState = async () => {
    const [known] = (await system.admin.call(gatewaysRoutes.gatewayList, {})).items;
    if (known) await system.admin.call(gatewaysRoutes.gatewayUpdate, { params: { gatewayId: known.id }, body: {} });
    const [gateway] = (await system.admin.call(gatewaysRoutes.gatewayList, {})).items;
    return { state: gateway?.status.state, code: gateway?.status.code };
  };
  const audit = async (query: { reference?: string; kind?: string }) => (await system.admin.call(auditRoutes.auditList, { query: { ...query, limit: 200 } })).items;
  const errors = async (reference?: string) => (await system.admin.call(auditRoutes.errorLogList, { query: { ...(reference === undefined ? {} : { reference }), limit: 200 } })).items.map(({ code }) => code);
  const recordings = async (reference: string) => (await system.admin.call(recordingsRoutes.recordingList, { query: { reference } })).items;
  const refusal = async (): Promise<MavisError> => {
    const error: unknown = await client.ask(system.live.id, 'ssh').then(() => undefined, (thrown: unknown) => thrown);
    if (error instanceof MavisError) return error;
    throw new Error('no refusal', { cause: error });
  };

  test('S12, S16, S19: low on room it takes no new session and says so, lets the running one go on, ends it rather than letting it run unrecorded, and works again with room', async () => {
    const offer = await client.ask(system.live.id, 'ssh');
    const session = client.open(offer);
    await session.report('recording', 60_000);
    session.type('echo before-$((40+2))\n');
    await session.until(({ text: printed }) => printed.includes('before-42'));

    // Low: the next session is refused by the gateway itself, within the five seconds for which it knows its disk.
    fillUntilFree(LEAST_FREE_BYTES / 2);
    await expect.poll(async () => {
      const error = await refusal();
      return [error.code, await errors(error.reference)];
    }, { timeout: SYNC_LIMIT_MS, interval: 1000 }).toEqual(['gateway.none-available', expect.arrayContaining(['gateway.spool-low', 'gateway.none-available'])]);
    const refused = await refusal();
    expect((await audit({ reference: refused.reference ?? '' })).map(({ kind }) => kind)).toContain('connection.failed');
    expect(await recordings(refused.reference ?? '')).toEqual([]);
    await expect.poll(gatewayState, { timeout: SYNC_LIMIT_MS, interval: 1000 }).toEqual({ state: 'degraded', code: 'gateway.spool-low' });
    // Operators find it in the error log, and the change in the audit log (S12).
    expect(await errors()).toContain('gateway.spool-low');
    expect((await audit({ kind: 'gateway.state-changed' })).map(({ facts }) => facts['code'])).toContain('gateway.spool-low');

    // The running session goes on meanwhile, and is recorded.
    session.type('echo meanwhile-$((40+2))\n');
    await session.until(({ text: printed }) => printed.includes('meanwhile-42'));

    // Full: it ends, with that reason.
    fillUntilFree(0);
    session.keepOnlyTail();
    session.type('head -c 4000000 /dev/urandom | base64\n');
    expect(await session.report('ended', 60_000)).toMatchObject({ code: 'session.recording-failed' });
    const finals = async () => (await audit({ reference: offer.reference })).filter(({ kind }) => /^connection\.(?:ended|failed|not-used)$/.test(kind)).map(({ kind, facts }) => [kind, facts['code']]);
    await expect.poll(finals, { timeout: SYNC_LIMIT_MS }).toEqual([['connection.ended', 'session.recording-failed']]);
    expect((await refusal()).code).toBe('gateway.none-available');

    // Nothing of what was recorded is lost: it is stored, marked incomplete with the reason, and verifies.
    await expect.poll(async () => (await recordings(offer.reference)).map(({ state, code }) => [state, code]), { timeout: SYNC_LIMIT_MS }).toEqual([['incomplete', 'recording.spool-full']]);
    await expect.poll(() => errors(offer.reference), { timeout: SYNC_LIMIT_MS }).toContain('recording.spool-full');
    const [recording] = await recordings(offer.reference);
    const id = recordingId.parse(recording?.id);
    expect(await system.admin.call(recordingsRoutes.recordingVerify, { params: { recordingId: id } })).toMatchObject({ signed: true });
    const cast = await text(await client.service.open(recordingsRoutes.recordingAsciicast, { params: { recordingId: id }, query: { version: 3 }, body: {} }));
    for (const printed of ['before-42', 'meanwhile-42']) expect(cast).toContain(printed);

    // Room again: by itself.
    for (const name of readdirSync(gatewayFolder).filter((entry) => entry.startsWith('others-'))) rmSync(join(gatewayFolder, name));
    await expect.poll(gatewayState, { timeout: SYNC_LIMIT_MS, interval: 1000 }).toEqual({ state: 'available', code: null });
    const next = await client.ask(system.live.id, 'ssh');
    const again = client.open(next);
    await again.report('recording', 60_000);
    again.type('echo again-$((40+2)); exit\n');
    await again.report('ended', 60_000);
    await expect.poll(async () => (await recordings(next.reference)).map(({ state }) => state), { timeout: SYNC_LIMIT_MS }).toEqual(['sealed']);
    expect(await errors(next.reference)).toEqual([]);
  }, 300_000);
});
