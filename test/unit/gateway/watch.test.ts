import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { journalEvent, type JournalEvent, watchGrant } from '../../../shared/link/messages.ts';
import { frameType } from '../../../shared/proxy-stream/frames.ts';
import type { JournalEntry } from '../../../src-gateway/journal/journal.ts';
import { Watch, type WatcherConnection } from '../../../src-gateway/watches/watch.ts';
import { WatchFeed } from '../../../src-gateway/watches/watch-feed.ts';
import { WatchedTerminal } from '../../../src-gateway/watches/watched-terminal.ts';
import { ManualClock } from '../../fixtures/manual-clock.ts';

const SHA256 = 'A'.repeat(43);
type Receiver = Parameters<WatcherConnection['receive']>[0];

/** A watcher's line: what was sent over it, and a way to break it. */
class Line implements WatcherConnection {
  readonly address = '192.0.2.7';
  readonly port = 7993;
  readonly congested = false;
  readonly sent: Uint8Array[] = [];
  readonly ends: unknown[] = [];
  receiver: Receiver | undefined;
  receive(receiver: Receiver): void {
    this.receiver = receiver;
  }
  write(...parts: Uint8Array[]): void {
    this.sent.push(...parts.map((part) => Uint8Array.from(part)));
  }
  sendJson(): void {}
  beginStream(): void {}
  end(...said: unknown[]): Promise<void> {
    this.ends.push(said);
    return Promise.resolve();
  }
  get text(): string {
    return Buffer.concat(this.sent).toString('latin1');
  }
}

/** A session with a screen, its user told who watches, and a gateway's parts around it. */
function watched() {
  const clock = new ManualClock();
  const told: (readonly string[])[] = [];
  const feed = new WatchFeed((names) => told.push([...names]));
  const screen = new WatchedTerminal({ columns: 80, rows: 24, widthPx: 0, heightPx: 0 });
  feed.add(screen);
  const entries: JournalEvent[] = [];
  const append = (entry: JournalEntry): JournalEvent => {
    const event = journalEvent.parse({ sequence: entries.length + 1, at: '2026-03-01T08:00:00.000Z', hash: SHA256, ...entry });
    entries.push(event);
    return event;
  };
  const journal = { append, appendDurably: (entry: JournalEntry) => Promise.resolve(append(entry)) };
  const silent = (): void => undefined;
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const notAfter = '2099-01-01T00:00:00.000Z';
  const watch = (name: string) => {
    const line = new Line();
    const grant = watchGrant.parse({ kind: 'watch', connectionId: randomUUID(), reference: 'MV-7K2QX-M0T4D', ticketSha256: SHA256, clientKeyThumbprint: SHA256, ticketSeconds: 30, notAfter, watchId: randomUUID(), protocol: 'ssh', watcher: { id: randomUUID(), name } });
    const made = new Watch({ clock, log, journal, supervision: { silentMs: 0 }, gatewayName: 'office1', version: '1' }, grant, line);
    return { line, run: made.run({ feed, notAfter }) };
  };
  const show = (text: string): void => screen.output(Buffer.from(text));
  return { feed, told, entries, watch, show, codes: () => entries.filter(({ kind }) => kind === 'watch-ended').map(({ facts }) => facts['code']) };
}

test('S58: a watcher whose line breaks watches no more, which the journal holds and the session\u2019s user hears; others see on, and he may look anew at what stands there then', async () => {
  const { told, entries, watch, show, codes } = watched();
  show('before');
  const [first, other] = [watch('k.lin'), watch('m.sato')];
  await expect.poll(() => told.at(-1)).toEqual(['k.lin', 'm.sato']);
  expect(first.line.text).toContain('before');
  first.line.receiver?.lost();
  await first.run;
  expect(told.at(-1)).toEqual(['m.sato']);
  expect(codes()).toEqual(['session.watch-ended']);
  show('behind the break');
  expect(first.line.text).not.toContain('behind the break');
  expect(other.line.text).toContain('behind the break');
  const again = watch('k.lin');
  await expect.poll(() => told.at(-1)).toEqual(['m.sato', 'k.lin']);
  expect(again.line.text).toContain('behind the break');
  expect(entries.map(({ kind }) => kind)).toEqual(['watch-began', 'watch-began', 'watch-ended', 'watch-began']);
});

test.each([
  ['session.closed-by-user', 'session.ended'],
  ['session.user-disabled', 'session.ended'],
  ['session.terminated', 'session.terminated'],
  ['target.lost', 'target.lost'],
] as const)('S58: a session that ends with %s ends its watches with %s: words that speak to its user are not for others', async (code, heard) => {
  const { feed, told, watch, codes } = watched();
  const { line, run } = watch('k.lin');
  await expect.poll(() => told.length).toBe(1);
  feed.end(new MavisError(code));
  // The watcher takes the end of his stream.
  line.receiver?.lost();
  await run;
  expect(line.ends).toEqual([[frameType.close, expect.objectContaining({ code: heard })]]);
  expect(codes()).toEqual([heard]);
});

test('S58: a session that is over, or has no screen, cannot be watched: that is answered, and nothing is written down as seen', async () => {
  const { feed, entries, watch } = watched();
  feed.end(new MavisError('session.ended'));
  const { line, run } = watch('k.lin');
  await run;
  expect(line.ends).toEqual([[frameType.failed, expect.objectContaining({ code: 'session.not-running' })]]);
  expect(entries).toEqual([]);
});
