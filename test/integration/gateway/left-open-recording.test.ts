import { expect, test } from 'vitest';
import { frameType } from '../../../shared/proxy-stream/frames.ts';
import { openProductProtocols } from '../../../src-gateway/protocols.ts';
import { RecordingSpool } from '../../../src-gateway/recordings/recording-spool.ts';
import { RawRelay } from '../../bench/measuring/raw-relay.ts';
import { failingDisk } from '../../fixtures/failing-journal-disk.ts';
import { TestGateway } from '../../fixtures/running-gateway.ts';

test('rule 12, S15, S69: a session that began and ended while its lines were not on the disk yet is one after a crash, with its end and its recording', async () => {
  const before = failingDisk();
  let disk = before;
  let spool: RecordingSpool | undefined;
  const gateway = await TestGateway.start({
    options: {
      get journalDisk() {
        return disk;
      },
      openProtocols: async (context) => {
        const product = await openProductProtocols(context);
        if (!(product.recordings instanceof RecordingSpool)) throw new Error('no spool');
        spool = product.recordings;
        return { ...product, handlers: { ssh: new RawRelay(spool) } };
      },
    },
  });
  try {
    const { grant, ticket } = await gateway.grant();
    const client = await gateway.client();
    client.hello(ticket);
    await client.frame(frameType.accepted);
    // The ticket is burnt; nothing that comes now reaches the disk.
    before.fail('EIO');
    const stream = client.openStream();
    stream.send(Buffer.from('echo'));
    await client.bytes(4);
    stream.finish();
    expect(await client.closeCode()).toBe('session.ended');
    await client.closed;
    await expect.poll(() => spool?.list().map(({ connectionId, state, sha256 }) => [connectionId, state, sha256 === null]), { timeout: 60_000 }).toEqual([[grant.connectionId, 'sealed', false]]);
    const files = before.afterPowerCut();
    await gateway.running.stop();

    disk = failingDisk(files);
    await gateway.startAgain();
    const recordingId = spool?.list()[0]?.recordingId;
    const own = (await gateway.journalUntil((all) => all.some(({ kind, connectionId }) => kind === 'ended' && connectionId === grant.connectionId))).filter(({ connectionId }) => connectionId === grant.connectionId);
    expect(own.map(({ kind }) => kind)).toEqual(['granted', 'ticket-used', 'connected', 'recording-closed', 'ended']);
    expect(own.filter(({ kind }) => kind === 'connected' || kind === 'recording-closed').map(({ facts }) => facts['recordingId'])).toEqual([recordingId, recordingId]);
    // Once: the next start finds the lines, and adds none.
    await gateway.running.stop();
    await gateway.startAgain();
    expect((await gateway.journal()).filter(({ connectionId }) => connectionId === grant.connectionId)).toHaveLength(own.length);
  } finally {
    await gateway.stop();
  }
});
