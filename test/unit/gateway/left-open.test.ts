import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { connectionId, connectionReference, recordingId, sha256 } from '../../../shared/ids.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { Journal, type JournalParts } from '../../../src-gateway/journal/journal.ts';
import { LeftOpenConnections } from '../../../src-gateway/journal/left-open.ts';
import { failingDisk } from '../../fixtures/failing-journal-disk.ts';

const quiet: JournalParts['log'] = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const open = (disk: JournalParts['disk']): Promise<Journal> => Journal.open({ disk, clock: systemClock(), log: quiet, gatewayName: 'office1' });
const reference = connectionReference.parse('MV-AAAAA-BBBBB');
const newId = (): ReturnType<typeof connectionId.parse> => connectionId.parse(randomUUID());

test('rule 12, S15, S19: a kill between the recording and the line that says connected leaves a session that was one; without a recording it failed', async () => {
  const disk = failingDisk();
  const first = await open(disk);
  const [recorded, tried, connected, forwarded] = [newId(), newId(), newId(), newId()];
  for (const id of [recorded, tried, connected]) first.append({ kind: 'ticket-used', connectionId: id, reference });
  const ticketSha256 = sha256.parse('A'.repeat(43));
  first.append({ kind: 'ticket-used', connectionId: forwarded, reference, facts: { forward: true, ticketSha256 } });
  await first.appendDurably({ kind: 'connected', connectionId: connected, reference });

  const second = await open(disk);
  const before = second.head.sequence;
  const leftOpen = new LeftOpenConnections(second);
  const found = (id: typeof recorded): ReturnType<typeof recordingId.parse> => {
    const one = recordingId.parse(randomUUID());
    leftOpen.recordingFound({ recordingId: one, connectionId: id, protocol: 'ssh' });
    return one;
  };
  const evidence = found(recorded);
  // A second channel of the same session, one that the journal knows as connected, one whose gateway only forwards, and a later session.
  for (const id of [recorded, connected, forwarded, newId()]) found(id);
  leftOpen.end();
  await second.flush();

  expect((await second.read(before, 500)).map(({ kind, connectionId: of, facts }) => ({ kind, of, facts }))).toEqual([
    { kind: 'connected', of: recorded, facts: { recordingId: evidence, protocol: 'ssh', recovered: true } },
    { kind: 'ended', of: recorded, facts: { code: 'gateway.restarted' } },
    { kind: 'failed', of: tried, facts: { code: 'gateway.restarted' } },
    { kind: 'ended', of: connected, facts: { code: 'gateway.restarted' } },
    { kind: 'forward-ended', of: forwarded, facts: { ticketSha256, code: 'gateway.restarted', forwarded: false } },
  ]);
  await second.close();
});
