import { expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { WatchFeed } from '../../../src-gateway/watches/watch-feed.ts';

test('a watch that begins as its session ends is told so at once, and of nobody\'s screen more', () => {
  const names: (readonly string[])[] = [];
  const feed = new WatchFeed((who) => void names.push(who));
  const ends: string[] = [];
  feed.add({ join: () => () => undefined });
  feed.end(new MavisError('session.ended'));
  // The second end is the end of what is left; the first reason stands.
  feed.end(new MavisError('session.gateway-lost'));
  const followed = feed.follow('ben', () => expect.unreachable('nothing is shown any more'), ({ code }) => void ends.push(code));
  expect(ends).toEqual(['session.ended']);
  followed.again();
  followed.leave();
  expect([feed.watchable, feed.watchers, names, ends]).toEqual([false, [], [], ['session.ended']]);
});
