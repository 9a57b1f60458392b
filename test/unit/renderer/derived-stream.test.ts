import { afterEach, describe, expect, test, vi } from 'vitest';
import { fromDerived, type FromDerived, type ToDerived } from '../../../src-renderer/recordings/derived/derived-messages.ts';
import { DerivedStream, FULL_EVERY_MS, type Picture } from '../../../src-renderer/recordings/derived/derived-stream.ts';
import { derive, PICTURE_EVERY_MS } from '../../../src-renderer/recordings/derived/deriving.ts';
import type { ShownEvent } from '../../../src-renderer/recordings/timeline.ts';

/** A desktop on which `changes` squares of 20 points change with each moment. */
function desktop(moment: number, width: number, height: number, changes = 3): Picture {
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  const points = new Uint32Array(pixels.buffer);
  for (let change = 0; change < changes; change += 1) {
    const seed = (moment * 7919 + change * 104_729) >>> 0;
    const [left, top] = [seed % (width - 20), (seed >>> 3) % (height - 20)];
    for (let y = top; y < top + 20; y += 1) points.fill((seed * 2_654_435_761) | 0xff000000, y * width + left, y * width + left + 20);
  }
  return { width, height, pixels };
}

const bytesOf = (picture: Picture | undefined): Buffer => Buffer.from(picture?.pixels ?? []);

describe('rule 25: the derived stream of a desktop’s recording', () => {
  test('gives the picture of any moment point for point, whatever its size, and none before the first', async () => {
    const stream = new DerivedStream();
    const made: { at: number; picture: Picture }[] = [];
    for (let moment = 0; moment < 40; moment += 1) {
      // Sizes that no square divides, and another one in between.
      const [width, height] = moment < 25 ? [333, 130] : [128, 64];
      made.push({ at: 1000 + moment * 400, picture: desktop(moment, width, height) });
      await stream.add(1000 + moment * 400, desktop(moment, width, height));
    }
    expect(await stream.pictureAt(999)).toBeUndefined();
    for (const { at, picture } of made.toReversed()) {
      for (const ms of [at, at + 399]) {
        const given = await stream.pictureAt(ms);
        expect([given?.width, given?.height]).toEqual([picture.width, picture.height]);
        expect(bytesOf(given).equals(bytesOf(picture))).toBe(true);
      }
    }
  });

  test('knows when the picture changes: at the first, where a point does, and not where it is added unchanged', async () => {
    const stream = new DerivedStream();
    for (const [atMs, moment] of [[100, 0], [350, 0], [600, 1], [900, 1], [20_000, 2]] as const) await stream.add(atMs, desktop(moment, 200, 100));
    const changes: number[] = [];
    for (let at = stream.changeAfter(-1); at !== undefined; at = stream.changeAfter(at)) changes.push(at);
    expect(changes).toEqual([100, 600, 20_000]);
  });

  test('has a bound, and says when it is reached', async () => {
    const stream = new DerivedStream(200_000);
    let moment = 0;
    for (; !stream.full && moment < 1000; moment += 1) await stream.add(moment * 1000, desktop(moment, 200, 200));
    expect(moment).toBeLessThan(1000);
    const held = stream.storedBytes;
    await stream.add(moment * 1000, desktop(moment, 200, 200));
    expect(stream.storedBytes).toBe(held);
  });

  test('S58, rule 33: in an hour of activity any moment is there within a second', async () => {
    const stream = new DerivedStream();
    const [width, height] = [200, 120];
    for (let ms = 0; ms < 3_600_000; ms += 5000) await stream.add(ms, desktop(ms, width, height));
    expect(stream.fullFrames).toBe(3_600_000 / FULL_EVERY_MS);
    let longestMs = 0;
    for (const ms of [3_599_999, 12, 1_800_000, 1_809_999, 60_000, 3_000_000]) {
      const begun = performance.now();
      const picture = await stream.pictureAt(ms);
      longestMs = Math.max(longestMs, performance.now() - begun);
      expect(bytesOf(picture).equals(bytesOf(desktop(Math.floor(ms / 5000) * 5000, width, height)))).toBe(true);
    }
    expect(longestMs).toBeLessThan(1000);
  }, 60_000);
});

/** The worker that holds the pictures, and what it answers, with the time that each took to come. */
async function worker() {
  const answers: FromDerived[] = [];
  let look: () => void = () => undefined;
  const heard: ((event: { readonly data: unknown }) => void)[] = [];
  vi.stubGlobal('addEventListener', (_kind: string, listener: (event: { readonly data: unknown }) => void) => void heard.push(listener));
  vi.stubGlobal('postMessage', (message: unknown) => {
    answers.push(fromDerived.parse(message));
    look();
  });
  vi.resetModules();
  await import('../../../src-renderer/recordings/derived/derived-worker.ts');
  const tell = (message: ToDerived): void => {
    for (const listener of heard) listener({ data: message });
  };
  const until = async (count: number): Promise<void> => {
    while (answers.length < count) await new Promise<void>((resolve) => (look = resolve));
  };
  return { tell, until, answers };
}

/** A picture of which nothing can be packed. */
function noise(seed: number, width: number, height: number): Picture {
  const points = new Uint32Array(width * height);
  for (let [at, value] = [0, seed + 1]; at < points.length; at += 1) points[at] = value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
  return { width, height, pixels: new Uint8ClampedArray(points.buffer) };
}

describe('the worker that holds the pictures', () => {
  afterEach(() => void vi.unstubAllGlobals());

  test('S58, rule 33: of an hour of activity any moment is there within a second, also while what follows is being packed: it waits for none of that', async () => {
    const { tell, until, answers } = await worker();
    let sent = 0;
    for (let ms = 0; ms < 3_600_000; ms += 5000, sent += 1) tell({ kind: 'add', atMs: ms, ...desktop(ms, 200, 120) });
    // A film of ten seconds behind it, and the picture with which it is packed.
    for (let ms = 3_600_000; ms <= 3_610_000; ms += 250, sent += 1) tell({ kind: 'add', atMs: ms, ...noise(ms, 640, 400) });
    await until(sent - 1);
    const begun = performance.now();
    for (const [ask, ms] of [12, 1_800_000, 3_599_999].entries()) tell({ kind: 'at', ask, ms });
    await until(sent + 2);
    const tookMs = performance.now() - begun;
    const pictures = answers.slice(sent - 1).flatMap((answer) => (answer.kind === 'picture' ? [answer] : []));
    expect(pictures).toHaveLength(3);
    for (const { ask, picture } of pictures) expect(bytesOf(picture ?? undefined).equals(bytesOf(desktop([0, 1_800_000, 3_595_000][ask] ?? -1, 200, 120)))).toBe(true);
    expect(tookMs).toBeLessThan(1000);
    await until(sent + 3);
  }, 120_000);
});

/** A screen that shows the last letter that it was told. */
function letters(events: readonly ShownEvent[]) {
  const added: string[] = [];
  const derived: number[] = [];
  const state = { ms: 0, whole: false, letter: 0, room: Number.POSITIVE_INFINITY, idles: 0 };
  const parts = {
    events: { slice: (from: number, to: number) => events.slice(from, to), countUntil: (ms: number) => events.filter(({ atMs }) => atMs <= ms).length },
    loaded: () => state,
    screen: { write: (bytes: Uint8Array, drawn: () => void) => ((state.letter = bytes.at(-1) ?? 0), drawn()), resize: () => undefined, reset: () => undefined },
    picture: () => (state.letter === 0 ? undefined : { width: 1, height: 1, pixels: new Uint8ClampedArray([state.letter, 0, 0, 255]) }),
    add: (atMs: number, { pixels }: Picture) => Promise.resolve(added.push(`${atMs} ${String.fromCharCode(pixels[0] ?? 0)}`) < state.room),
    onDerived: (untilMs: number) => void derived.push(untilMs),
    idle: () => {
      state.idles += 1;
      return new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    },
  };
  return { parts, state, added, derived };
}

const output = (atMs: number, text: string): ShownEvent => ({ atMs, kind: 'output', bytes: new TextEncoder().encode(text) });

describe('deriving', () => {
  const events = [output(10, 'a'), { atMs: 11, kind: 'resize', columns: 1, rows: 1 } as const, output(PICTURE_EVERY_MS - 1, 'b'), output(PICTURE_EVERY_MS, 'c'), output(FULL_EVERY_MS, 'd')];

  test('takes a picture after each step in which something was drawn, and tells how far it is', async () => {
    const { parts, state, added, derived } = letters(events);
    Object.assign(state, { ms: 20_000, whole: true });
    await derive(parts, new AbortController().signal);
    expect(added).toEqual([`${PICTURE_EVERY_MS - 1} b`, `${PICTURE_EVERY_MS} c`, `${FULL_EVERY_MS} d`]);
    expect(derived).toEqual([PICTURE_EVERY_MS, PICTURE_EVERY_MS * 2, FULL_EVERY_MS + PICTURE_EVERY_MS, Number.POSITIVE_INFINITY]);
  });

  test('waits for what has not come, and ends by the signal', async () => {
    const { parts, state, added } = letters(events);
    state.ms = PICTURE_EVERY_MS;
    const over = new AbortController();
    const deriving = derive(parts, over.signal);
    await expect.poll(() => state.idles).toBeGreaterThan(5);
    expect(added).toEqual([`${PICTURE_EVERY_MS - 1} b`]);
    over.abort();
    await deriving;
  });

  test('ends where there is no more room', async () => {
    const { parts, state, added, derived } = letters(events);
    Object.assign(state, { ms: 20_000, whole: true, room: 2 });
    await derive(parts, new AbortController().signal);
    expect(added).toHaveLength(2);
    expect(derived).toEqual([PICTURE_EVERY_MS]);
  });
});
