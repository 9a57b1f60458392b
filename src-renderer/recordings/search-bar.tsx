import { type KeyboardEvent, useEffect, useState } from 'react';
import { Icon } from '../controls/icon.tsx';
import { PageSearch } from '../controls/list-page.tsx';
import { clock } from '../language/formats.ts';
import { useText } from '../language/use-text.ts';
import type { RecordingPlayer } from './recording-player.ts';
import type { Found } from './recording-search.ts';

/** Typing is let come to rest before a long recording is searched. */
const REST_MS = 200;
const NOTHING: Found = { hits: [], more: false };

/** Searches what a terminal printed, and jumps to where it did. */
export function SearchBar({ player }: { readonly player: RecordingPlayer }) {
  const text = useText();
  const [sought, setSought] = useState('');
  const found = useFound(player, sought);
  const [at, setAt] = useState<number | null>(null);
  const { hits } = found;
  const step = (by: 1 | -1): void => {
    if (hits.length === 0) return;
    const next = at === null ? (by === 1 ? firstFrom(found, player.store.getState().positionMs) : hits.length - 1) : (at + by + hits.length) % hits.length;
    setAt(next);
    player.pause();
    player.seek(hits[next]?.atMs ?? 0);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // Its own letters and arrows are the field's, not the player's.
    event.stopPropagation();
    if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
    event.preventDefault();
    step(event.shiftKey ? -1 : 1);
  };
  const shown = at === null ? undefined : hits[at];
  return (
    <div className="player-search">
      <div onKeyDown={onKeyDown}>
        <PageSearch
          label={text('player.search')}
          value={sought}
          onChange={(value) => {
            setSought(value);
            setAt(null);
          }}
        />
      </div>
      <button type="button" className="button button-quiet button-icon" aria-label={text('player.search-previous')} title={text('player.search-previous')} aria-disabled={hits.length === 0} onClick={() => step(-1)}>
        <Icon name="back" />
      </button>
      <button type="button" className="button button-quiet button-icon" aria-label={text('player.search-next')} title={text('player.search-next')} aria-disabled={hits.length === 0} onClick={() => step(1)}>
        <Icon name="forward" />
      </button>
      <span role="status" className="player-found ellipsis">
        {sought.trim() !== '' && text(found.more ? 'player.search-found-more' : 'player.search-found', { at: at === null ? 0 : at + 1, count: hits.length })}
        {shown && (
          <>
            {' '}
            <span className="tabular">{clock(shown.atMs)}</span> <code>{shown.context}</code>
          </>
        )}
      </span>
    </div>
  );
}

/** What is found of a text now; sought again as more of the recording comes. */
function useFound(player: RecordingPlayer, sought: string): Found {
  const [found, setFound] = useState(NOTHING);
  useEffect(() => {
    const left = new AbortController();
    let rest: ReturnType<typeof setTimeout> | undefined;
    const seek = async (): Promise<void> => {
      try {
        const next = await player.search(sought, left.signal);
        if (!left.signal.aborted) setFound(next);
      } catch (error) {
        if (!left.signal.aborted) globalThis.reportError(error);
      }
    };
    const seekSoon = (): void => {
      clearTimeout(rest);
      rest = setTimeout(() => void seek(), REST_MS);
    };
    seekSoon();
    const unsubscribe = player.store.subscribe((state, before) => {
      if (state.loadedMs !== before.loadedMs) seekSoon();
    });
    return () => {
      unsubscribe();
      clearTimeout(rest);
      left.abort();
    };
  }, [player, sought]);
  return found;
}

/** The first place at or behind a time; from the beginning where there is none. */
function firstFrom({ hits }: Found, ms: number): number {
  return Math.max(0, hits.findIndex(({ atMs }) => atMs >= ms));
}
