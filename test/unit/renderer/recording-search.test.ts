import { describe, expect, test } from 'vitest';
import { frameKind } from '../../../shared/recording/recording-frame.ts';
import { MAX_HITS, RecordingSearch } from '../../../src-renderer/recordings/recording-search.ts';
import { Timeline } from '../../../src-renderer/recordings/timeline.ts';

const encoder = new TextEncoder();
const { signal } = new AbortController();

function recording(...printed: readonly (readonly [ms: number, text: string])[]) {
  const timeline = new Timeline();
  const print = (ms: number, text: string): void => timeline.append({ kind: frameKind.output, microseconds: ms * 1000, payload: encoder.encode(text) });
  for (const [ms, text] of printed) print(ms, text);
  return { timeline, print };
}

describe('S58: text search in a recording of SSH', () => {
  test('a text is found whatever its case, across pieces and through control sequences, at the time of its last letter', async () => {
    const { timeline } = recording([100, 'first line\r\nroot@db:~# sys'], [2500, 'tem\u001B[1mctl\u001B[0m stop'], [9000, ' nginx\r\nSystemctl again']);
    const { hits, more } = await new RecordingSearch(timeline).find('SYSTEMCTL', signal);
    expect(hits.map(({ atMs }) => atMs)).toEqual([2500, 9000]);
    expect(hits[0]?.context).toBe('root@db:~# systemctl stop nginx');
    expect(more).toBe(false);
  });

  test('what comes later is found when it is sought again', async () => {
    const { timeline, print } = recording([0, '日本']);
    const search = new RecordingSearch(timeline);
    expect((await search.find('日本語', signal)).hits).toEqual([]);
    print(700, '語 İstanbul');
    expect((await search.find('日本語', signal)).hits.map(({ atMs }) => atMs)).toEqual([700]);
    expect((await search.find('stanbul', signal)).hits).toHaveLength(1);
    expect((await search.find('', signal)).hits).toEqual([]);
  });

  test('places and letters have a bound, and what lies behind it is said', async () => {
    const many = recording([0, 'ab'.repeat(MAX_HITS + 5)]);
    const found = await new RecordingSearch(many.timeline).find('ab', signal);
    expect([found.hits.length, found.more]).toEqual([MAX_HITS, true]);
    const long = recording([0, 'x'.repeat(50)], [10, 'needle']);
    expect(await new RecordingSearch(long.timeline, 20).find('needle', signal)).toEqual({ hits: [], more: true });
  });

  test('words around a place cannot steer what shows them', async () => {
    const { timeline } = recording([0, `\u202Eevil needle \u001B]0;title\u0007${'y'.repeat(5000)}`]);
    const [hit] = (await new RecordingSearch(timeline).find('needle', signal)).hits;
    expect(hit?.context).toMatch(/^evil needle y+$/);
    expect(hit?.context.length).toBeLessThanOrEqual(80);
  });

  test('a search that nobody waits for any more ends', async () => {
    const { timeline } = recording(...Array.from({ length: 40 }, (_, at) => [at, 'z'.repeat(60_000)] as const));
    const left = new AbortController();
    const search = new RecordingSearch(timeline).find('needle', left.signal);
    left.abort();
    await expect(search).rejects.toThrow('abort');
  });
});
