import { type KeyboardEvent, useCallback, useEffect, useState } from 'react';

/** So long after it came, what came by itself takes no key and no press: those were meant for what was there before. Who has read it takes longer. */
const REST_MS = 500;

/** Keys that lead elsewhere, or are but half of one. */
const LEFT_ALONE: ReadonlySet<string> = new Set(['Tab', 'Shift', 'Control', 'Alt', 'Meta']);

/** Whether what came still rests, and what keeps keys from it meanwhile. */
export interface Rest {
  readonly resting: boolean;
  /** Lets the rest begin anew. */
  readonly again: () => void;
  /** For what has the focus: while it rests, keys (Tab apart) do nothing and let the rest begin anew; later, a key that is held presses nothing. */
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

/** The rest of something that comes by itself under fingers or pointer; another `of` is another thing, which rests too. */
export function useRest(of: string): Rest {
  const [times, setTimes] = useState(0);
  const [rested, setRested] = useState<string | null>(null);
  const now = `${times} ${of}`;
  useEffect(() => {
    const timer = setTimeout(() => setRested(now), REST_MS);
    return () => clearTimeout(timer);
  }, [now]);
  const resting = rested !== now;
  const again = useCallback(() => setTimes((before) => before + 1), []);
  const onKeyDown = useCallback(
    (event: KeyboardEvent) => {
      const presses = event.key === 'Enter' || (event.key === ' ' && event.target instanceof HTMLButtonElement);
      if (LEFT_ALONE.has(event.key) || (!resting && !(presses && event.repeat))) return;
      event.preventDefault();
      if (resting) again();
    },
    [resting, again],
  );
  return { resting, again, onKeyDown };
}
