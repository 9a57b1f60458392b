import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connectionId, connectionReference } from '../../../shared/ids.ts';
import { journalHashText } from '../../../shared/link/journal-hash.ts';
import type { JournalEvent } from '../../../shared/link/messages.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { Journal, type JournalParts } from '../../../src-gateway/journal/journal.ts';
import { openJournalDisk } from '../../../src-gateway/journal/journal-disk.ts';
import { journalHash } from '../../../src-gateway/journal/journal-segment.ts';
import { failingDisk, type FailingDisk } from '../../fixtures/failing-journal-disk.ts';

const quiet: JournalParts['log'] = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const open = (disk: JournalParts['disk']): Promise<Journal> => Journal.open({ disk, clock: systemClock(), log: quiet, gatewayName: 'office1' });
const who = (): { connectionId: ReturnType<typeof connectionId.parse>; reference: ReturnType<typeof connectionReference.parse> } => ({ connectionId: connectionId.parse(randomUUID()), reference: connectionReference.parse('MV-AAAAA-BBBBB') });

function assertChain(events: readonly JournalEvent[], previous = ''): void {
  let before = previous;
  for (const { hash, ...said } of events) {
    expect(hash).toBe(journalHash(before, said));
    before = hash;
  }
}

describe('the journal', () => {
  test('numbers events from 1 without gaps, chains them, and goes on where it stopped', async () => {
    const disk = failingDisk();
    const first = await open(disk);
    first.append({ kind: 'gateway-started' });
    await first.appendDurably({ kind: 'ticket-used', ...who() });
    await first.close();
    const second = await open(disk);
    await second.appendDurably({ kind: 'gateway-stopped', facts: { b: 1, a: 'two' } });
    const events = await second.read(0, 500);
    expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    assertChain(events);
    expect(second.head).toEqual({ sequence: 3, hash: events[2]?.hash });
  });

  test('the hash covers every field, and the order of facts does not matter', () => {
    const event: Omit<JournalEvent, 'hash'> = { sequence: 1, at: '2026-01-01T00:00:00.000Z', kind: 'ended', connectionId: null, reference: null, facts: { a: 1, b: 'x' } };
    const texts = [event, { ...event, sequence: 2 }, { ...event, at: '2026-01-01T00:00:00.001Z' }, { ...event, kind: 'failed' as const }, { ...event, facts: { a: 2, b: 'x' } }, { ...event, facts: { a: 1 } }, { ...event, reference: connectionReference.parse('MV-AAAAA-BBBBB') }].map((one) => journalHashText('', one));
    expect(new Set([...texts, journalHashText('other', event)]).size).toBe(texts.length + 1);
    expect(journalHashText('', { ...event, facts: { b: 'x', a: 1 } })).toBe(texts[0]);
  });

  test('is cut at every byte of its last event, and each time the rest is whole, the cut is told and the numbers go on', async () => {
    const disk = failingDisk();
    const journal = await open(disk);
    for (let at = 0; at < 3; at += 1) await journal.appendDurably({ kind: 'granted', facts: { at } });
    await journal.close();
    const [name = '', whole = Buffer.alloc(0)] = [...disk.files][0] ?? [];
    const lastStart = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
    for (let length = lastStart; length < whole.length; length += 1) {
      const cut = failingDisk(new Map([[name, whole.subarray(0, length)]]));
      const again = await open(cut);
      expect(again.recovery).toMatchObject({ cutBytes: length - lastStart, broken: null, cleanStop: false });
      expect((await again.appendDurably({ kind: 'gateway-started' })).sequence).toBe(3);
      assertChain(await again.read(0, 500));
      await again.close();
    }
  });

  test('S69: a changed, removed or unreadable event in the middle is found, told with its numbers, and nothing after is lost', async () => {
    const disk = failingDisk();
    const journal = await open(disk);
    for (let at = 0; at < 5; at += 1) await journal.appendDurably({ kind: 'granted', facts: { at } });
    await journal.close();
    const [name = '', whole = Buffer.alloc(0)] = [...disk.files][0] ?? [];
    const lines = whole.toString('utf8').split('\n');
    const damage: readonly [string, readonly string[], { from: number; to: number }][] = [
      ['changed', lines.map((line) => line.replace('{"at":2}', '{"at":9}')), { from: 3, to: 3 }],
      ['removed', lines.filter((_line, at) => at !== 3), { from: 3, to: 4 }],
      ['unreadable', lines.map((line, at) => (at === 3 ? '####' : line)), { from: 3, to: 4 }],
    ];
    for (const [, changed, broken] of damage) {
      const again = await open(failingDisk(new Map([[name, Buffer.from(changed.join('\n'))]])));
      expect(again.recovery.broken).toEqual(broken);
      expect((await again.appendDurably({ kind: 'gateway-started' })).sequence).toBe(6);
      await again.close();
    }
  });

  test('connections left open by a crash are told, with what they had reached, across segments and releases', async () => {
    const disk = failingDisk();
    const journal = await open(disk);
    const [ended, connected, used] = [who(), who(), who()];
    for (const one of [ended, connected, used]) await journal.appendDurably({ kind: 'ticket-used', ...one, facts: { ticketSha256: `hash of ${one.connectionId}` } });
    journal.append({ kind: 'connected', ...connected });
    journal.append({ kind: 'ended', ...ended });
    // Enough for several segments.
    for (let at = 0; at < 600; at += 1) await journal.appendDurably({ kind: 'granted', facts: { filling: 'x'.repeat(1900) } });
    await journal.release(journal.head.sequence);
    expect([...disk.files.keys()].length).toBe(1);
    await journal.flush();
    const again = await open(failingDisk(new Map(disk.files)));
    expect(again.recovery.open).toEqual([{ ...connected, connected: true }, { ...used, connected: false }]);
    expect(again.recovery.broken).toBeNull();
  });

  test('S69: a text of a peer that no database takes is kept as one that it does: without NUL, and cut between two letters', async () => {
    const journal = await open(failingDisk());
    const { facts } = await journal.appendDurably({ kind: 'ended', facts: { signal: 'A\0B', half: '\uD800', long: `${'x'.repeat(1999)}😀` } });
    expect(facts).toEqual({ signal: 'AB', half: '\uFFFD', long: 'x'.repeat(1999) });
    assertChain(await journal.read(0, 10));
  });

  test('pages are bounded, and a release removes only what the service has', async () => {
    const disk = failingDisk();
    const journal = await open(disk);
    for (let at = 0; at < 900; at += 1) journal.append({ kind: 'granted', facts: { filling: 'x'.repeat(1900) } });
    await journal.flush();
    await journal.appendDurably({ kind: 'granted' });
    const events: JournalEvent[] = [];
    for (;;) {
      const page = await journal.read(events.at(-1)?.sequence ?? 0, 500);
      expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(1.5 * 1024 * 1024);
      if (page.length === 0) break;
      events.push(...page);
    }
    expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 901 }, (_none, at) => at + 1));
    assertChain(events);
    await journal.release(1);
    expect((await journal.read(0, 1))[0]?.sequence).toBe(1);
  });

  test('facts are cut to the bounds of the link', async () => {
    const journal = await open(failingDisk());
    const event = await journal.appendDurably({ kind: 'failed', facts: { long: 'x'.repeat(5000), ...Object.fromEntries(Array.from({ length: 100 }, (_none, at) => [`f${at}`, at])) } });
    expect(String(event.facts['long'])).toHaveLength(2000);
    expect(Object.keys(event.facts)).toHaveLength(40);
  });

  test('B13: whichever call to the disk fails, once, no event is lost, doubled or out of order, and who waited is told', async () => {
    for (let failing = 1; ; failing += 1) {
      const disk: FailingDisk = failingDisk();
      const journal = await open(disk);
      const before = disk.calls;
      disk.failCall(failing, failing % 2 === 0 ? 'ENOSPC' : 'EIO');
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, (_none, at) => journal.appendDurably({ kind: 'granted', facts: { at } })));
      await journal.flush().catch(() => undefined);
      // The failing call may be this event's own: it is written all the same, a moment later.
      await journal.appendDurably({ kind: 'gateway-stopped' }).catch(() => journal.flush());
      const events = await journal.read(0, 500);
      expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
      assertChain(events);
      const again = await open(failingDisk(new Map(disk.files)));
      expect(again.recovery).toMatchObject({ broken: null, cutBytes: 0, cleanStop: true });
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(String(outcome.reason)).toContain('gateway.cannot-record');
      if (disk.calls - before < failing) break;
      await journal.close();
    }
  });

  test('B13: a full disk gives up its reserve first, and the journal says that it is not well until there is room again', async () => {
    const disk = failingDisk();
    const journal = await open(disk);
    expect(journal.healthy).toBe(true);
    disk.fail('ENOSPC');
    await expect(journal.appendDurably({ kind: 'granted' })).rejects.toMatchObject({ code: 'gateway.cannot-record', args: { gateway: 'office1' } });
    expect(journal.healthy).toBe(false);
    disk.repair();
    await journal.appendDurably({ kind: 'granted' });
    await journal.flush();
    expect(journal.healthy).toBe(true);
    assertChain(await journal.read(0, 500));
  });

  test('what was said to be safe survives a power cut, also across a new segment', async () => {
    const disk = failingDisk();
    const journal = await open(disk);
    for (let at = 0; at < 400; at += 1) {
      const { sequence, hash } = await journal.appendDurably({ kind: 'ticket-used', facts: { filling: 'x'.repeat(1900) } });
      if (at % 20 !== 0) continue;
      const after = await open(failingDisk(disk.afterPowerCut()));
      expect(after.head).toEqual({ sequence, hash });
      expect(after.recovery.broken).toBeNull();
      await after.close();
    }
  });

  test('files are closed to everybody else, and a journal that is a symbolic link is not followed (B6)', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mavis-journal-'));
    try {
      const journal = await open(await openJournalDisk(join(folder, 'journal')));
      await journal.appendDurably({ kind: 'gateway-started' });
      await journal.close();
      expect((await stat(join(folder, 'journal'))).mode & 0o777).toBe(0o700);
      for (const name of await readdir(join(folder, 'journal'))) expect((await stat(join(folder, 'journal', name))).mode & 0o777).toBe(0o600);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});

describe('a gateway that is killed', () => {
  test('ten times, at random moments of writing: every event that was said to be safe is there, numbered without gaps, chained', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mavis-journal-'));
    try {
      let safe = 0;
      for (let round = 0; round < 10; round += 1) {
        const child = spawn(process.execPath, ['test/fixtures/journal-writer.ts', folder], { stdio: ['ignore', 'pipe', 'inherit'] });
        let text = '';
        child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
        await new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
        const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
        const closed = new Promise<void>((resolve) => child.stdout.once('close', () => resolve()));
        setTimeout(() => child.kill('SIGKILL'), Math.random() * 60);
        await Promise.all([exited, closed]);
        // The last line may be cut by the kill; a shorter number is said to be safe too early by nobody.
        for (const line of text.split('\n').slice(0, -1)) safe = Math.max(safe, Number(line));
        const journal = await open(await openJournalDisk(folder));
        expect(journal.recovery.broken).toBeNull();
        expect(journal.head.sequence).toBeGreaterThanOrEqual(safe);
        await journal.close();
      }
      const journal = await open(await openJournalDisk(folder));
      const events: JournalEvent[] = [];
      for (let page = await journal.read(0, 500); page.length > 0; page = await journal.read(events.at(-1)?.sequence ?? 0, 500)) events.push(...page);
      expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: journal.head.sequence }, (_none, at) => at + 1));
      assertChain(events);
      await journal.close();
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
